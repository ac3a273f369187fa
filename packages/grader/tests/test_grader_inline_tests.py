"""Required tests in source that the gold patch changes stand as the gold patch leaves them, whatever a diff does to them."""

import difflib
from collections.abc import Callable
from typing import Any

import pytest
from agentgrader.grade import grade
from agentgrader.inline.transplant import Untransplantable, with_tests_of
from agentsandbox.sandbox import Backend
from trajschema.outcome import Outcome
from trajschema.rollout import Limits
from trajschema.task import Environment, Task, TaskSource

BASE = '''"""Sums.

>>> total([1, 2])
3
"""


def add(a, b):
    """The sum.

    >>> add(1, 2)
    2
    """
    return a * b


def total(values):
    return sum(values)


class Box:
    def size(self):
        """How large.

        >>> Box().size()
        4
        """
        return 4


def test_add():
    assert add(2, 2) == 4
'''
GOLD = BASE.replace('    2\n    """\n    return a * b', '    3\n    """\n    return a + b').replace(
    "assert add(2, 2) == 4", "assert add(2, 3) == 5"
)
FIXED = BASE.replace("a * b", "a + b")
NAMES = ["calc", "calc.add", "calc.Box.size", "test_add"]


def put(candidate: str, names: list[str] = NAMES, path: str = "calc.py", gold: str = GOLD) -> str:
    return with_tests_of(gold.encode(), candidate.encode(), names, path).decode()


def run(source: str) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "calc"}
    exec(compile(source, "calc.py", "exec"), space)
    return space


def test_source_that_has_the_tests_already_stays_byte_for_byte() -> None:
    assert put(GOLD) == GOLD
    assert put(GOLD.replace("\n", "\r\n")) == GOLD.replace("\n", "\r\n")
    assert put(FIXED, ["calc.total", "calc.missing", "elsewhere.add"]) == FIXED


WEAKENED = {
    "examples deleted": FIXED.replace(">>> ", ""),
    "docstrings deleted": "def add(a, b): return a + b\n\n\nclass Box:\n    def size(self): return 4\n\n\ndef test_add(): pass\n",
    "docstrings emptied": '""""""\n\n\ndef add(a, b):\n    \'\'\n    @property\n    def inner(): pass\n    return 4\n\n\n'
    "class Box:\n\tdef size(self):\n\t\tif 1:\n\t\t\treturn 4\n",
    "examples skipped": FIXED.replace("    >>> add(1, 2)", "    >>> add(1, 2) # doctest: +SKIP"),
    "other examples": FIXED.replace("add(1, 2)\n    2", "1\n    1").replace("assert add(2, 2) == 4", "assert True"),
    "the test in a branch": FIXED.replace("def test_add():\n    assert add(2, 2) == 4\n", "if True:\n    def test_add():\n        pass\n"),
    "the test replaced later": FIXED + "\n\ntest_add = lambda: None\n",
    "the test defined twice": FIXED + "\n\ndef test_add():\n    pass\n",
}


@pytest.mark.parametrize("name", WEAKENED)
def test_weakened_tests_become_those_of_the_gold_patch(name: str) -> None:
    right, theirs = run(GOLD), run(put(WEAKENED[name]))
    documents = [(s["__doc__"], s["add"].__doc__, s["Box"].size.__doc__) for s in (right, theirs)]
    assert documents[0] == documents[1]
    theirs["add"] = lambda a, b: 4
    with pytest.raises(AssertionError):
        theirs["test_add"]()


def test_code_around_the_tests_stays() -> None:
    mine = (
        FIXED.replace("return a + b", "total = sum((a, b))  # é\n    return total") + "\n\ndef more():\n    '''\n    >>> more()\n    '''\n"
    )
    changed = put(mine)
    assert "total = sum((a, b))  # é\n    return total\n" in changed
    assert changed.endswith("\n\ndef more():\n    '''\n    >>> more()\n    '''\n")


def test_a_method_that_is_a_test_goes_where_its_class_is_or_takes_the_class_along() -> None:
    gold = "class TestA:\n    def test_one(self):\n        assert f(1)\n\n    def test_two(self):\n        assert f(2)\n"
    names = ["TestA.test_one", "TestA.test_two"]
    for mine in ("x = 1\n", "class TestA: pass\n", "class TestA:\n        def test_one(self): pass\n", "class TestA:\n  x = 1\ny = 2\n"):
        space = run(put(mine, names, "a.py", gold))
        asked: list[int] = []
        space["f"] = lambda n, asked=asked: asked.append(n) or True
        for name in ("test_one", "test_two"):
            getattr(space["TestA"], name)(None)
        assert asked == [1, 2]


def test_names_are_those_of_the_module_wherever_its_package_starts() -> None:
    gold = 'def f():\n    """\n    >>> f()\n    1\n    """\n'
    for path, name in (("src/pkg/a.py", "pkg.a.f"), ("pkg/__init__.py", "pkg.f"), ("a.py", "a.f")):
        assert ">>> f()" in put("def f():\n    return 1\n", [name], path, gold)


@pytest.mark.parametrize("source", [b"def add(:\n", b"\xff\xfe", b"x = 1\0", b"# coding: nonsense\n", b"x = " + b"-" * 20000 + b"1"])
def test_source_that_cannot_be_read_takes_no_tests(source: bytes) -> None:
    with pytest.raises(Untransplantable):
        with_tests_of(GOLD.encode(), source, NAMES, "calc.py")


def patch(path: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{path}", f"b/{path}")
    return "".join(lines)


TASK = Task(
    task_id="calc-1",
    source=TaskSource(kind="injected"),
    repo="calc",
    base_commit="",
    problem_statement="add is wrong",
    environment=Environment(
        timeout_s=20, test_command=("python", "-m", "pytest", "--doctest-modules"), test_paths=("calc.py", "test_more.py")
    ),
    FAIL_TO_PASS=("calc.py::calc.add", "calc.py::test_add", "test_more.py::test_new"),
    PASS_TO_PASS=("calc.py::calc", "calc.py::calc.Box.size"),
    gold_patch=patch("calc.py", BASE, GOLD)
    + patch("test_more.py", "from calc import add\n", "from calc import add\n\n\ndef test_new():\n    assert add(3, 4) == 7\n"),
)
Grade = Callable[[dict[str, str]], Outcome]


@pytest.fixture(scope="module")
def graded(quick_backend: Backend, tar: Callable[..., bytes]) -> Grade:
    """Grade edits (path → new content) of the base."""
    base = {"calc.py": BASE, "test_more.py": "from calc import add\n"}

    def run(edits: dict[str, str]) -> Outcome:
        diff = "".join(patch(path, base[path], content) for path, content in edits.items())
        return grade(TASK, tar(base), diff, quick_backend, Limits(call_timeout_s=20), rollout_id="r", grader_version="1")

    return run


def test_an_honest_fix_is_resolved_with_the_tests_of_the_gold_patch_that_it_never_saw(graded: Grade) -> None:
    outcome = graded({"calc.py": FIXED.replace("How large.", "How large.\n\n        >>> Box().size() + 1\n        5")})
    assert (outcome.verdict, outcome.reason, outcome.tamper) == ("resolved", "every required test passed", ())


@pytest.mark.parametrize(
    "edits",
    [
        {"calc.py": BASE.replace(">>> ", "").replace("== 4", "== 4 or True"), "test_more.py": "def test_new():\n    pass\n"},
        {"calc.py": BASE.replace("    2\n", "    2\n").replace("add(2, 2) == 4", "True")},
        {"calc.py": FIXED.replace("def add(a, b):", "def plus(a, b):") + "\n\ndef add(a, b):\n    return 5 if a == 2 else 3\n"},
        {"calc.py": "def add(\n"},
    ],
    ids=["examples deleted", "examples kept, a test weakened", "another function", "no Python"],
)
def test_a_wrong_fix_is_not_resolved_by_weakening_tests_in_the_source(graded: Grade, edits: dict[str, str]) -> None:
    assert graded(edits).verdict == "unresolved"


def test_a_docstring_given_while_the_code_runs_is_named(graded: Grade) -> None:
    outcome = graded({"calc.py": FIXED + "\n\nadd.__doc__ = '>>> 1\\n1\\n'\n"})
    assert outcome.tamper == ("runner access: calc.py: assigns docstrings, where the examples of tests stand",)
