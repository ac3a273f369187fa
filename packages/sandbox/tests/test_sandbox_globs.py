"""Patterns are anchored; a folder covers what is below it."""

import pytest
from agentsandbox.server.globs import matches


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("tests", "tests/a/b.py"),
        ("tests/**", "tests/a/b.py"),
        ("tests/", "tests/x"),
        ("**/conftest.py", "conftest.py"),
        ("**/conftest.py", "a/b/conftest.py"),
        ("*.pth", "x.pth"),
        ("a?.py", "ab.py"),
        ("**/*.egg-info/**", "src/x.egg-info/entry_points.txt"),
        ("**", "anything/at/all"),
    ],
)
def test_matches(pattern: str, path: str) -> None:
    assert matches(path, [pattern])


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("tests", "a/tests/b.py"),
        ("conftest.py", "a/conftest.py"),
        ("*.pth", "a/x.pth"),
        ("tests", "tests2/x"),
        ("a.py", "axpy"),
        ("a*", "b/a"),
    ],
)
def test_does_not_match(pattern: str, path: str) -> None:
    assert not matches(path, [pattern])
