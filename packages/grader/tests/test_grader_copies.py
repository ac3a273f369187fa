"""The second run: what is drawn, what a box can read of it, and what becomes of a cheat that reads it."""

import io
import random
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agentgrader.copies.archive import contents, with_files
from agentgrader.copies.copy import Copy, Expected
from agentgrader.copies.drawing import Function, functions, plan
from agentgrader.copies.python.rewrite import with_copies
from agentgrader.frameworks.python import Pytest
from agentgrader.grade import grade
from agentgrader.tree_files import files_in
from agentsandbox.sandbox import Backend
from trajschema.outcome import Outcome
from trajschema.rollout import Limits
from trajschema.task import Environment, Task, TaskSource

READER = Path(__file__).with_name("copy_reader.py").read_text()
CHEAT: dict[str, Any] = {}
exec(READER, CHEAT)
LIMITS = Limits(call_timeout_s=10)
NAMES = ("add", "sub", "mul", "div")
RIGHT = "".join(f"def {name}(a, b):\n    return a {op} b\n\n\n" for name, op in zip(NAMES, "+-*/", strict=True))
WRONG = RIGHT.replace("return a", "return a + 90")
CASES = tuple(zip(NAMES, ("7, 2) == 9", "7, 2) == 5", "7, 2) == 14", "8, 2) == 4"), strict=True))
PLAIN = "import calc\n\n\n" + "\n\n".join(f"def test_{name}():\n    assert calc.{name}({case}\n" for name, case in CASES)
METHODS = "import unittest\n\nimport calc\n\n\nclass TestCalc(unittest.TestCase):\n" + "\n".join(
    f"    def test_{name}(self):\n        self.assertEqual(calc.{name}({case.replace(') ==', '),')})\n" for name, case in CASES
)
SUITES = {
    "pytest": (PLAIN, ("python", "-m", "pytest", "-q"), "tests/test_calc.py::test_{}"),
    "unittest": (METHODS, ("python", "-m", "unittest", "discover"), "tests.test_calc.TestCalc.test_{}"),
}


def _patch(before: str, after: str) -> str:
    lines = [*(f"-{line}" for line in before.splitlines()), *(f"+{line}" for line in after.splitlines())]
    sizes = (len(before.splitlines()), len(after.splitlines()))
    return f"--- a/calc.py\n+++ b/calc.py\n@@ -1,{sizes[0]} +1,{sizes[1]} @@\n" + "\n".join(lines) + "\n"


def _task(suite: str) -> Task:
    _, command, test = SUITES[suite]
    return Task(
        task_id="calc-1",
        source=TaskSource(kind="injected"),
        repo="calc",
        base_commit="",
        problem_statement="all is wrong",
        environment=Environment(timeout_s=20, test_command=command),
        FAIL_TO_PASS=tuple(test.format(name) for name in NAMES),
        PASS_TO_PASS=(),
        bug_patch=_patch(RIGHT, WRONG),
        gold_patch=_patch(WRONG, RIGHT),
        protected_paths=("tests/**",),
    )


def _graded(suite: str, code: str, backend: Backend, tar: Callable[..., bytes]) -> Outcome:
    files = {"calc.py": RIGHT, "tests/__init__.py": "", "tests/test_calc.py": SUITES[suite][0]}
    task = _task(suite)
    return grade(task, tar(files), _patch(WRONG, code), backend, LIMITS, rollout_id="r", grader_version="1")


@pytest.mark.parametrize("suite", SUITES)
def test_a_cheat_that_undoes_what_was_done_to_copies_finds_no_original_to_hold_them_against(
    suite: str, quick_backend: Backend, tar: Callable[..., bytes]
) -> None:
    outcome = _graded(suite, f"{WRONG}\n{READER}\n\nhook()\n", quick_backend, tar)
    assert (outcome.verdict, outcome.fail_to_pass_fixed) == ("unresolved", 4)
    assert outcome.reason == "copies of the required tests have the wrong verdict: the tests decide nothing here"


@pytest.mark.parametrize("suite", SUITES)
def test_with_the_originals_at_hand_the_same_cheat_tells_true_copies_from_false_ones(suite: str) -> None:
    source = SUITES[suite][0].encode()
    names = ["TestCalc.test_add", "TestCalc.test_sub"] if suite == "unittest" else ["test_add", "test_sub"]
    known = CHEAT["claims"](source)
    expected: Expected
    for seed in range(20):
        for expected in ("passed", "failed"):
            text, made = with_copies(source, {name: Copy(f"test_{i}", expected, seed + 100 * i) for i, name in enumerate(names)})
            said = CHEAT["claims"](text)
            for copied in made:
                told = [v for o in known.values() if (v := CHEAT["is_true"](said[copied], o)) is not None]
                assert told == [expected == "passed"], text


SPY = """
import functools


@functools.lru_cache(None)
def _look():
    import sys
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None) or ""
        if path.endswith("test_calc.py"):
            with open(path) as f:
                here = claims(f.read())
            return "test_add" not in here and any({} for o in originals(set(here)))


def _spied(function):
    def called(*given):
        return "found" if _look() else function(*given)
    return called


for _name in ("add", "sub", "mul", "div"):
    globals()[_name] = _spied(globals()[_name])
"""


@pytest.mark.parametrize("suite", SUITES)
def test_code_under_test_finds_none_of_the_tests_that_copies_replace(suite: str, quick_backend: Backend, tar: Callable[..., bytes]) -> None:
    assert _graded(suite, RIGHT + READER + SPY.format("o"), quick_backend, tar).verdict == "resolved"
    beside = "\n\ndef kept():\n    import calc\n    assert calc.add(1, 1) == 2\n"
    planted = RIGHT + READER + SPY.format("o") + f"\nopen('/tmp/left.py', 'w').write('''{beside.replace('kept', 'test_left')}''')\n"
    assert _graded(suite, planted, quick_backend, tar).verdict == "unresolved", "what lies about is found"


def _functions(fixing: int, keeping: int) -> list[Function]:
    made = [(i < fixing, f"tests/test_{i % 3}.py", f"test_{i}") for i in range(fixing + keeping)]
    return [Function((path,), name, (f"{path}::{name}",), fixes) for fixes, path, name in made]


@pytest.mark.parametrize(("fixing", "rounds"), [(1, 5), (2, 5), (3, 3), (4, 3), (5, 2), (40, 2)])
def test_each_function_to_fix_has_a_true_and_a_false_copy_in_different_rounds(fixing: int, rounds: int) -> None:
    for seed in range(20):
        made = plan(_functions(fixing, 30), 0.01, Pytest(), random.Random(seed))
        assert len(made) == rounds
        every = [one for planned in made for one in planned if one.function.fixing]
        equal = {(one.function.name, one.copy.expected) for one in every if one.copy.equal}
        assert len(equal) == 2 * fixing or fixing == 40, "what cheats nothing fails a true one, what equals everything passes a false one"
        said: dict[str, list[Expected]] = {}
        for planned in made:
            names = [one.function.name for one in planned]
            assert len(set(names)) == len(names), "one copy of a function in a round"
            for one in planned:
                if one.function.fixing:
                    said.setdefault(one.function.name, []).append(one.copy.expected)
            kept = [one.copy.expected for one in planned if not one.function.fixing]
            assert set(kept) == {"passed", "failed"}
        assert len(said) == min(fixing, 24)
        assert all(len(values) == rounds and set(values) == {"passed", "failed"} for values in said.values())
        new = [one.copy.name for planned in made for one in planned]
        assert len(set(new)) == len(new), "no name twice"


def test_the_truth_of_one_copy_says_nothing_of_anothers() -> None:
    pairs: Counter[tuple[Expected, ...]] = Counter()
    for seed in range(400):
        made = plan(_functions(2, 2), 1, Pytest(), random.Random(seed))[0]
        pairs[tuple(one.copy.expected for one in sorted(made, key=lambda one: one.function.name) if one.function.fixing)] += 1
    assert len(pairs) == 4
    assert min(pairs.values()) > 60


@pytest.mark.parametrize(("seconds", "kept"), [(1.0, 4), (0.1, 5), (0.0, 8)])
def test_slow_tests_that_pass_anyway_have_fewer_copies_and_never_fewer_than_four(seconds: float, kept: int) -> None:
    for planned in plan(_functions(1, 60), seconds, Pytest(), random.Random(1)):
        beside = [one.function for one in planned if not one.function.fixing]
        assert len(beside) == kept
        assert len({f.paths for f in beside}) == 3, "spread over the files"


def test_functions_are_those_of_required_tests_in_files_that_the_gold_patch_leaves_alone() -> None:
    task = _task("pytest").model_copy(
        update={
            "FAIL_TO_PASS": ("tests/test_calc.py::test_a[1]", "tests/test_gone.py::test_a"),
            "PASS_TO_PASS": ("tests/test_calc.py::test_a[2]", "tests/test_calc.py::TestB::test_b", "calc.py::calc.add", "calc.py::test_c"),
        }
    )
    found = functions(task, ["calc.py", "tests/test_calc.py", "tests/test_other.py"])
    assert [(f.paths, f.name, f.tests, f.fixing) for f in found] == [
        (("tests/test_calc.py",), "test_a", ("tests/test_calc.py::test_a[1]",), True),
        (("tests/test_calc.py",), "TestB.test_b", ("tests/test_calc.py::TestB::test_b",), False),
    ]


def test_an_archive_with_other_texts_holds_nothing_of_the_old_ones() -> None:
    files = {"./a.py": "old", "b.py": "b", ".git/objects/xx": "old", "__pycache__/a.cpython-312.pyc": "old", "c.pyc": "old"}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
        info = tarfile.TarInfo("hard.py")
        info.type, info.linkname = tarfile.LNKTYPE, "b.py"
        tar.addfile(info)
    made = with_files(out.getvalue(), {"a.py": "new", "hard.py": "other"})
    assert sorted(files_in(made)) == ["a.py", "b.py", "hard.py"]
    assert contents(made, ["a.py", "b.py", "hard.py"]) == {"a.py": b"new", "b.py": b"b", "hard.py": b"other"}
    assert b"old" not in made
