"""Searching never floods, and definitions are found on the syntax tree."""

import pytest
from agentsandbox.sandbox import Sandbox

SHAPES = '''"""Shapes."""

import os

LIMIT = 3


class Shape(object):
    """A shape.

    More.
    """

    sides: int = 0

    def area(self, scale: float = 1.0, *, exact=False) -> float:
        """Area of it.

        In units.
        """
        def inner(): pass
        return 0.0

    @property
    async def name(self): return ""


if os.name == "posix":
    def area(x, /, y=(1, 2), **more): ...
'''


def find(box: Sandbox, **arguments: str) -> list[str]:
    observation = box.call("symbols", arguments)
    assert observation.error is None
    return observation.content.splitlines()


def test_search(box: Sandbox) -> None:
    assert box.call("search", {"pattern": r"def \w+\(a"}).content == "calc.py:1:def add(a, b):\ncalc.py:5:def sub(a, b):\n"
    assert box.call("search", {"pattern": "add", "path": "tests"}).content.startswith("tests/test_calc.py:1:")
    assert box.call("search", {"pattern": "echo", "glob": "*.sh"}).content == "run.sh:2:echo ran\n"
    assert box.call("search", {"pattern": "echo", "glob": "*.py"}).content == "no matches"


def test_a_search_with_many_matches_is_summed_up(box: Sandbox) -> None:
    for n in range(40):
        box.call("file_write", {"path": f"m/{n:02d}.txt", "content": "needle\n" * (n + 1)})
    shown = box.call("search", {"pattern": "needle"})
    lines = shown.content.splitlines()
    assert lines[0] == "820 matches in 40 files; narrow the search with path, glob or a more exact pattern"
    assert lines[1:3] == ["  40 in m/39.txt", "  39 in m/38.txt"]
    assert lines[31:33] == ["  55 in 10 more files", "the first 50, in order of path:"]
    assert lines[33] == "m/00.txt:1:needle"
    assert len(lines) == 33 + 50
    assert not shown.truncated


def test_fifty_matches_are_all_shown(box: Sandbox) -> None:
    box.call("file_write", {"path": "m.txt", "content": "needle\n" * 50})
    assert len(box.call("search", {"pattern": "needle"}).content.splitlines()) == 50


def test_a_long_line_is_shortened(box: Sandbox) -> None:
    box.call("file_write", {"path": "m.txt", "content": "needle" + "x" * 5000})
    assert len(box.call("search", {"pattern": "needle"}).content) < 300


def test_a_search_that_explodes_is_stopped(box: Sandbox) -> None:
    box.call("file_write", {"path": "long.txt", "content": "a" * 40})
    assert "timed out" in (box.call("search", {"pattern": "(a+)+$b"}, timeout_s=0.3).error or "")


def test_the_definitions_of_a_file(box: Sandbox) -> None:
    box.call("file_write", {"path": "shapes.py", "content": SHAPES})
    assert find(box, path="shapes.py") == [
        "shapes.py:5: variable LIMIT",
        "shapes.py:8: class Shape(object) - A shape.",
        "shapes.py:14: variable Shape.sides: int",
        "shapes.py:16: method Shape.area(self, scale: float=1.0, *, exact=False) -> float - Area of it.",
        "shapes.py:25: async method Shape.name(self)",
        "shapes.py:29: function area(x, /, y=(1, 2), **more)",
    ]


@pytest.mark.parametrize(("name", "lines"), [("area", [16, 29]), ("Shape.area", [16]), ("Shape", [8]), ("LIMIT", [5]), ("inner", [])])
def test_the_definitions_of_a_name(box: Sandbox, name: str, lines: list[int]) -> None:
    box.call("file_write", {"path": "pkg/shapes.py", "content": SHAPES})
    found = [line for line in find(box, name=name) if line.startswith("pkg/shapes.py:")]
    assert [int(line.split(":")[1]) for line in found] == lines


def test_a_name_that_is_not_there_brings_similar_ones(box: Sandbox) -> None:
    assert find(box, name="addd") == ["no definition of addd in 2 Python files; similar: add (calc.py:1)"]
    assert find(box, name="zzz") == ["no definition of zzz in 2 Python files"]


def test_a_file_with_a_syntax_error_is_named_and_the_rest_goes_on(box: Sandbox) -> None:
    box.call("file_write", {"path": "bad.py", "content": "x = 1\ndef add(:\n"})
    found = find(box)
    assert found[0] == "calc.py:1: function add(a, b)"
    assert found[-1].startswith("bad.py:2: cannot be parsed: invalid syntax")
    assert [line.partition(":")[0] for line in find(box, name="add")] == ["calc.py", "bad.py"]


def test_definitions_never_flood(box: Sandbox) -> None:
    box.call("file_write", {"path": "many.py", "content": "".join(f"def f{n}(): pass\n" for n in range(500))})
    found = find(box, path="many.py")
    assert found[-2] == "many.py:200: function f199()"
    assert found[-1] == "500 definitions, the first 200 are shown: name a file, a smaller folder or a name"
