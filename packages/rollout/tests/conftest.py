"""A tiny repository with a fault, and the backends that work on this machine."""

import io
import tarfile
from difflib import unified_diff

import pytest
from trajschema.rollout import Limits
from trajschema.task import Environment, Task, TaskSource
from trajtests.boxes import bubblewrap, docker, environments, local

__all__ = ["bubblewrap", "docker", "environments", "local"]

SHELF = '''\
"""A shelf of numbers."""


class Shelf:
    """Numbers between two bounds."""

    def __init__(self, low, high):
        self.low = low
        self.high = high
        self.items = []

    def fits(self, number):
        """Whether a number is within the bounds."""
        return self.low <= number and number <= self.high

    def add(self, number):
        """Keep a number that fits."""
        if not self.fits(number):
            raise ValueError(number)
        self.items.append(number)

    def mean(self):
        """Mean of the kept numbers."""
        if not self.items:
            return 0
        return sum(self.items) / len(self.items)


def spread(items):
    """Largest minus smallest."""
    if len(items) == 0:
        return 0
    return max(items) - min(items)
'''

TESTS = """\
import pytest

from tiny.shelf import Shelf, spread


@pytest.mark.parametrize("number", [1, 2, 3])
def test_bounds_fit(number):
    assert Shelf(1, 3).fits(number)


@pytest.mark.parametrize("number", [0, 4])
def test_outside_does_not_fit(number):
    with pytest.raises(ValueError):
        Shelf(1, 3).add(number)


def test_mean():
    shelf = Shelf(0, 9)
    shelf.add(2)
    shelf.add(4)
    assert shelf.mean() == 3


def test_mean_of_nothing():
    assert Shelf(0, 1).mean() == 0


def test_spread():
    assert spread([3, 1, 2]) == 2


def test_spread_of_nothing():
    assert spread([]) == 0
"""

FAILING = ("tests/test_shelf.py::test_bounds_fit[1]", "tests/test_shelf.py::test_spread")
FAULTY = SHELF.replace("self.low <= number", "self.low < number").replace("max(items) - min", "max(items) + min")
PATH = "src/tiny/shelf.py"


def patch(before: str, after: str) -> str:
    """Unified diff of the library's one file."""
    lines = unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{PATH}", f"b/{PATH}")
    return f"diff --git a/{PATH} b/{PATH}\n{''.join(lines)}"


def _tree() -> bytes:
    files = {"src/tiny/__init__.py": "", PATH: SHELF, "tests/test_shelf.py": TESTS}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


@pytest.fixture
def tree() -> bytes:
    """The repository without the fault, as a tar archive."""
    return _tree()


@pytest.fixture
def task() -> Task:
    """Two faults in one file, each found by tests of its own; all tests but two pass."""
    return Task(
        task_id="tiny-1",
        source=TaskSource(kind="injected", operators=("comparison", "arithmetic")),
        repo="tiny",
        base_commit="0",
        problem_statement="Two tests of tiny fail.\n\n" + "".join(f"FAIL {test}\n" for test in FAILING),
        environment=Environment(python_path=("src",), test_paths=("tests",)),
        FAIL_TO_PASS=FAILING,
        PASS_TO_PASS=("tests/test_shelf.py::test_mean", "tests/test_shelf.py::test_spread_of_nothing"),
        bug_patch=patch(SHELF, FAULTY),
        gold_patch=patch(FAULTY, SHELF),
        protected_paths=("tests/**",),
    )


@pytest.fixture
def limits() -> Limits:
    """Limits of a box."""
    return Limits()
