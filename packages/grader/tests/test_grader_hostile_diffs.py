"""Diffs made to cost: they are refused or judged, and no more than a moment is spent on them."""

import time
from collections.abc import Callable

import pytest
from agentgrader import diff_limits
from agentgrader.diff_limits import refusal
from agentgrader.frameworks.documents import objects
from agentgrader.grade import grade
from agentsandbox.sandbox import Backend
from trajschema.outcome import Outcome
from trajschema.rollout import Limits
from trajschema.task import Environment, Task, TaskSource

FIXED = "def add(a, b):\n    return a + b\n"
FAULTY = FIXED.replace("+", "*")
TESTS = "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n"
GOLD = "--- a/calc.py\n+++ b/calc.py\n@@ -1,2 +1,2 @@\n def add(a, b):\n-    return a * b\n+    return a + b\n"
TASK = Task(
    task_id="calc-1",
    source=TaskSource(kind="injected"),
    repo="calc",
    base_commit="",
    problem_statement="add is wrong",
    environment=Environment(timeout_s=20, test_paths=("tests/test_calc.py",)),
    FAIL_TO_PASS=("tests/test_calc.py::test_add",),
    PASS_TO_PASS=(),
    gold_patch=GOLD,
    protected_paths=("tests/**",),
)
Grade = Callable[[str], Outcome]


@pytest.fixture(scope="module")
def graded(quick_backend: Backend, tar: Callable[..., bytes]) -> Grade:
    tree = tar({"calc.py": FAULTY, "tests/test_calc.py": TESTS})
    return lambda diff: grade(TASK, tree, diff, quick_backend, Limits(call_timeout_s=20), rollout_id="r", grader_version="1")


def added(path: str, *lines: str, mode: int = 100644) -> str:
    body = "".join(f"+{line}\n" for line in lines)
    return f"diff --git a/{path} b/{path}\nnew file mode {mode}\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{len(lines)} @@\n{body}"


@pytest.mark.parametrize(
    ("diff", "why"),
    [
        ("x" * (diff_limits.BYTES + 1), "characters"),
        ("\n" * (diff_limits.LINES + 1), "lines"),
        ("diff --git a/x b/x\n" * (diff_limits.FILES + 1), "files"),
        ("+++ b/x\n" * (diff_limits.FILES + 1), "files"),
        ("@@ -1 +1 @@\n" * (diff_limits.HUNKS + 1), "hunks"),
        ("é" * (diff_limits.BYTES // 2 + 1), "bytes"),
        (GOLD + "\ud800", "characters that no file holds"),
        (GOLD + added("more.py", "/dev/zero", mode=120000), "more.py to /dev/zero"),
        (GOLD + added("a/more.py", "../../etc/passwd", mode=120777), "leads out of the repository"),
        (GOLD + "diff --git a/l b/l\nindex 1..2 120000\n--- a/l\n+++ b/l\n@@ -1 +1 @@\n-calc.py\n\\ No newline\n+/x\n", "l to /x"),
        (GOLD + "diff --git a/calc.py b/calc.py\nold mode 100644\nnew mode 0120000\n", "makes a link of a file"),
    ],
)
def test_a_refused_diff_is_unresolved_with_the_reason_before_it_is_read(graded: Grade, diff: str, why: str) -> None:
    started = time.process_time()
    outcome = graded(diff)
    assert outcome.verdict == "unresolved"
    assert outcome.reason.startswith("the diff ")
    assert why in outcome.reason
    assert {t.status for t in outcome.tests} == {"missing"}
    assert time.process_time() - started < 1


def test_a_diff_within_the_limits_is_not_refused() -> None:
    assert refusal(GOLD) == refusal("") == ""
    assert refusal(GOLD + added("a/b/link", "../../calc.py", mode=120000)) == ""
    assert refusal(GOLD + added("a/text", "new file mode 120000", "/dev/zero")) == ""
    assert refusal("diff --git a/l b/l\ndeleted file mode 120000\nindex 1..0\n--- a/l\n+++ /dev/null\n@@ -1 +0,0 @@\n-/x\n") == ""
    assert refusal("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n" * (diff_limits.FILES - 1)) == ""


def test_a_thousand_added_files_are_judged_in_time_that_grows_with_their_number(graded: Grade) -> None:
    diff = GOLD + "".join(added(f"tests/test_x{i}.py", "def test_a():", "    pass") for i in range(1000))
    started = time.process_time()
    outcome = graded(diff)
    spent = time.process_time() - started
    assert (outcome.verdict, outcome.tamper) == ("resolved", ()), "they add tests, and are put back"
    assert spent < 3, "seconds of the host; reading the diff anew for each file took 8"


def test_of_many_protected_paths_the_first_are_named(graded: Grade) -> None:
    outcome = graded(GOLD + "".join(added(f"tests/x{i:04}.txt", "x") for i in range(300)))
    assert outcome.verdict == "resolved"
    assert len(outcome.tamper) == 101
    assert outcome.tamper[-1] == "protected path changed, put back: 200 more paths"


def test_a_link_in_the_place_of_source_is_no_source(graded: Grade) -> None:
    link = added("extra.py", "calc.txt", mode=120000) + "\\ No newline at end of file\n"
    outcome = graded(GOLD + link)
    assert outcome.verdict == "resolved"
    assert outcome.tamper == ("runner access: extra.py: not looked through: no plain file, or too large",)


def test_many_objects_in_a_report_are_read_in_one_pass() -> None:
    started = time.process_time()
    assert len(objects(b'{"a": 1}\n' * 200_000)) == 200_000
    assert time.process_time() - started < 5
