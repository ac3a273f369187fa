"""What a diff changes outside of functions is named: classes, names of parameters, built-in names, modules, files that are no Python."""

import ast
from typing import Any

import pytest
from agentgrader.differential.outside import WHOLE_FILE, altered, other_files
from agentgrader.probes.outline import outline

GOLD = """import functools


class Size(ValueError):
    limit = 3

    def room(self, more, *, rest=0):
        return self.limit - more


@functools.total_ordering
class Part:
    pass


def total(sizes, start=0):
    return sum(sizes, start)


def _own(a):
    return a
"""


def changes(files: dict[str, str]) -> set[tuple[str, str]]:
    """What is said of ``files`` beside the gold patch in ``kit.py``, which only mends the body of ``total``."""
    gold = _outlines({"kit.py": GOLD, **{p: "" for p in files if p != "kit.py"}})
    gold = {p: o if p == "kit.py" else None for p, o in gold.items()}
    base = {p: o and _outlines({p: GOLD.replace("start)\n", "1)\n")})[p] for p, o in gold.items()}
    return set(altered(base, gold, _outlines({"kit.py": GOLD, **files})))


def _outlines(files: dict[str, str]) -> dict[str, Any]:
    return {path: outline(ast.parse(text)) for path, text in files.items()}


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("class Size(ValueError):", "class Size(Exception):", "Size"),
        ("class Size(ValueError):", "class Size(ValueError, metaclass=Kind):", "Size"),
        ("@functools.total_ordering\n", "", "Part"),
        ("def total(sizes, start=0):", "def total(sizes, first=0):", "total"),
        ("def total(sizes, start=0):", "def total(sizes, start=0, /):", "total"),
        ("more, *, rest=0", "more, *, other=0", "Size.room"),
        ("def total(sizes, start=0):", "def total(sizes, start=0, **more):", "total"),
        ("import functools\n", "import functools\n\n_ = setattr(int, 'a', 1)\n", "_"),
        ("import functools\n", "import functools\n\n_ = [print(x) for x in 'ab']\n", "_"),
        ("import functools\n", "import functools\n\n_ = (lambda: print(1))()\n", "_"),
        ("def _own(a):", "@functools.singledispatch\ndef _more(a):\n    return a\n\n\ndef _own(a):", "_more"),
        ("def _own(a):", "def _more(a=print(1)):\n    return a\n\n\ndef _own(a):", "_more"),
        ("    limit = 3", "    limit = 3\n    size = total([1])", "Size.size"),
        ("import functools\n", "import functools\n\n__all__ = ['Part']\n", "__all__"),
        ("import functools\n", "import functools\n\nsorted = list\n", "sorted"),
        ("def _own(a):", "def len(a):\n    return 0\n\n\ndef _own(a):", "len"),
        ("limit = 3", "limit = 4", "Size.limit"),
    ],
)
def test_a_change_that_no_call_shows_is_named(old: str, new: str, name: str) -> None:
    assert GOLD.count(old) == 1
    assert changes({"kit.py": GOLD.replace(old, new)}) == {("kit.py", name)}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return sum(sizes, start)", "return start + sum(sizes)"),
        ("def _own(a):", "def _own(b):"),
        ("import functools\n", "import functools\n\nMORE = frozenset(['a', 'b'.upper()])\nKEY = lambda x: print(x)\n"),
        ("import functools\n", "import functools\n\n__all__ = ['Part', 'Size', 'total', 'functools']\n"),
        ("def _own(a):", "@functools.wraps(total)\ndef _more(a=(1, frozenset())):\n    return a\n\n\ndef _own(a):"),
        ("    pass\n", "    def __len__(self):\n        return 0\n"),
        ("import functools\n", "import functools\n\nMORE = 1\n"),
    ],
)
def test_what_calls_show_or_nobody_meets_is_not(old: str, new: str) -> None:
    assert GOLD.count(old) == 1
    assert changes({"kit.py": GOLD.replace(old, new)}) == set()


PACKAGE = """from kit.parts import Part, total
import os as _os

__all__ = ["Part"]
__all__ += ["total"]
"""


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        (PACKAGE.replace(", total", ""), {"total"}),
        (PACKAGE.replace('__all__ += ["total"]\n', ""), {"__all__", "<top level>"}),
        (PACKAGE.replace('"Part"', "*()"), {"__all__"}),
        (PACKAGE.replace(", total", "") + "def total():\n    return 0\n", set()),
        (PACKAGE.replace("import Part, total", "import Part\nfrom kit.sums import total"), set()),
        (PACKAGE.replace("__all__", "names") + '__all__ = ["Part"]\n', {"__all__", "<top level>"}),
        (PACKAGE + '__all__ = [*__all__, "more"]\n', set()),
    ],
)
def test_a_name_that_a_package_hands_out_no_more_is_named(text: str, lost: set[str]) -> None:
    sides = [_outlines({"kit/__init__.py": side}) for side in (PACKAGE, PACKAGE, text)]
    assert {name for _, name in altered(*sides)} == lost


def test_an_import_that_is_needed_no_more_may_go_from_a_module() -> None:
    sides = [_outlines({"kit/parts.py": side}) for side in ("import os\n", "import os\n", "")]
    assert [*altered(*sides)] == []


def test_what_moves_to_another_file_is_the_same_there_or_named() -> None:
    assert changes({"kit.py": "from parts import *\n", "parts.py": GOLD}) == set()
    moved = GOLD.replace("(ValueError)", "(Exception)")
    assert changes({"kit.py": "from parts import *\n", "parts.py": moved}) == {("kit.py", "Size")}


@pytest.mark.parametrize("path", ["csv.py", "src/csv.py", "csv/__init__.py"])
def test_a_new_module_named_as_one_of_python_is_named(path: str) -> None:
    assert changes({path: "QUOTE_ALL = 1\n"}) == {(path, WHOLE_FILE)}


@pytest.mark.parametrize("path", ["kit/helpers.py", "kit/parts/more.py"])
def test_a_new_module_in_a_package_is_no_matter(path: str) -> None:
    assert changes({path: "MORE = 1\n"}) == set()


@pytest.mark.parametrize("path", ["src/numpy.py", "lib/requests.py"])
def test_a_new_module_beside_no_other_is_named(path: str) -> None:
    assert changes({path: "MORE = 1\n"}) == {(path, WHOLE_FILE)}


def test_a_name_of_a_package_that_hides_one_of_its_modules_is_named() -> None:
    sides = [_outlines({"kit/__init__.py": text}) for text in ("", "", "parts = 1\nmore = 2\n")]
    assert [*altered(*sides, own=frozenset({"parts"}))] == [("kit/__init__.py", "parts")]


def test_an_import_that_is_given_something_else_is_named() -> None:
    sides = [_outlines({"kit/__init__.py": text}) for text in (PACKAGE, PACKAGE, PACKAGE + "total = partial(total)\n")]
    assert [*altered(*sides)] == [("kit/__init__.py", "total")]


def test_files_that_code_may_read_are_named_and_those_for_people_are_not() -> None:
    paths = ["kit/units.json", "kit.py", "README.md", "CHANGES", "docs/conf.json", "tests/data.json", "kit/py.typed", "kit/table"]
    named = ["kit/units.json", "kit/py.typed", "kit/table"]
    assert other_files(paths, ("tests/**",)) == [(path, WHOLE_FILE) for path in named]
