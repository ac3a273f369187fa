"""Each package installs from its wheel and passes its own tests in an empty environment."""

import subprocess
import sys

import pytest


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_each_package_passes_alone() -> None:
    done = subprocess.run([sys.executable, "-m", "trajtests.wheels"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
