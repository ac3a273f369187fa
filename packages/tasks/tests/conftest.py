"""Backends, stores and a small library for the tests of this package."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from agentsandbox.sandbox import Backend
from agenttasks.libraries.library import Library
from agenttasks.store import TaskStore
from trajschema.ids import sha256_bytes
from trajtests.boxes import backend_called, local

__all__ = ["local"]

SHAPES = '''"""Shapes."""


def area(width, height):
    """Area of a rectangle."""
    if width < 0 or height < 0:
        return 0
    return width * height


def clamp(value, low, high):
    if value < low:
        return low
    if value > high:
        return high
    return value


def count_even(values):
    total = 0
    for value in values:
        if value % 2 == 0:
            total += 1
    return total


def join(words, last):
    if len(words) > 1:
        return ", ".join(words[:-1]) + " " + last + " " + words[-1]
    return words[0] if words else ""
'''

TESTS = """import random
import pytest
from shapes import area, clamp, count_even, join

@pytest.mark.parametrize("w, h, a", [(2, 3, 6), (1, 1, 1), (5, 2, 10), (0, 4, 0), (-1, 4, 0), (4, -1, 0)])
def test_area(w, h, a):
    assert area(w, h) == a

@pytest.mark.parametrize("v, r", [(5, 5), (-5, 0), (15, 10), (0, 0), (10, 10)])
def test_clamp(v, r):
    assert clamp(v, 0, 10) == r

@pytest.mark.parametrize("values, n", [([], 0), ([1], 0), ([2], 1), ([1, 2], 1), ([1, 2, 4], 2), ([1, 3], 0)])
def test_count(values, n):
    assert count_even(values) == n

@pytest.mark.parametrize("words, text", [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
def test_join(words, text):
    assert join(words, "and") == text
"""

FLAKY = """
def test_now_and_then(tmp_path_factory):
    import os
    mark = os.path.join(os.environ.get("TMPDIR", "/tmp"), "shapes-was-here")
    seen = os.path.exists(mark)
    open(mark, "w").close()
    assert not seen
"""


def sdist(files: dict[str, str], top: str = "shapes-1.0") -> bytes:
    """A source archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path, text in files.items():
            info = tarfile.TarInfo(f"{top}/{path}")
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def shapes_library(store: TaskStore, tests: str = TESTS, name: str = "shapes") -> Library:
    """A small library whose archive already lies in the store."""
    archive = sdist({"shapes.py": SHAPES, "tests/test_shapes.py": tests, "LICENSE": "MIT", "setup.py": "raise SystemExit"})
    path = store.download(f"{name}-1.0.tar.gz")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(archive)
    return Library(
        name=name,
        version="1.0",
        sha256=sha256_bytes(archive),
        licence="MIT",
        repository="https://example.org/shapes",
        tag="v1.0",
        sources=("shapes.py",),
        tests=("tests",),
        also=("LICENSE",),
    )


@pytest.fixture
def store(tmp_path: Path) -> TaskStore:
    return TaskStore(tmp_path / "store")


@pytest.fixture(scope="session")
def shapes_source() -> str:
    """Text of the small library."""
    return SHAPES


@pytest.fixture
def with_tests(store: TaskStore) -> Callable[[str], Library]:
    """The small library with another test module."""
    return lambda tests: shapes_library(store, tests)


@pytest.fixture
def shapes(store: TaskStore) -> Library:
    return shapes_library(store)


@pytest.fixture
def flaky_shapes(store: TaskStore) -> Library:
    return shapes_library(store, TESTS + FLAKY)


@pytest.fixture(params=["local", "docker"])
def real_backend(request: pytest.FixtureRequest) -> Backend:
    return backend_called(request.param)
