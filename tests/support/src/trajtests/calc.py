"""A repository of two functions on disk, and a command as a program: what tests of the sandbox's and the grader's commands share."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from trajtests.forked import run_module

Command = Callable[..., subprocess.CompletedProcess[str]]
FIXED = "def add(a, b):\n    return a + b\n"
TESTS = "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n\n\ndef test_zero():\n    assert add(0, 0) == 0\n"
BUG = "--- a/calc.py\n+++ b/calc.py\n@@ -1,2 +1,2 @@\n def add(a, b):\n-    return a + b\n+    return a - b\n"


def program(module: str, environ: dict[str, str], folder: Path) -> Command:
    """Runs ``python -m MODULE ARGUMENTS`` to its end in ``folder``."""

    def run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return run_module(module, arguments, folder=folder, environment=environ, given=given, timeout_s=120)

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The repository."""
    place = tmp_path / "repository"
    (place / "tests").mkdir(parents=True)
    (place / "calc.py").write_text(FIXED)
    (place / "tests" / "test_calc.py").write_text(TESTS)
    return place
