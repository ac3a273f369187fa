"""Each package installs from its wheel and passes its own tests in an empty environment."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_each_package_passes_alone() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "scripts" / "wheels.py")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
