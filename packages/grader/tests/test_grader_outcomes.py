"""Outcomes of a task's rollouts: a diff is graded once, a pass is compared with the gold patch, and what cannot be graded says why."""

from collections.abc import Callable
from typing import Any

from agentgrader.outcomes import grade_rollouts
from agentsandbox.sandbox import Backend
from trajschema.ids import sha256_bytes
from trajschema.rollout import Agent, Claim, Limits, Provenance, RawLog, Rollout, Usage
from trajschema.task import Environment, Task, TaskSource

FAULTY = "def add(a, b):\n    return a * b\n"
TESTS = "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n"
HEAD = "--- a/calc.py\n+++ b/calc.py\n@@ -1,2 +1,2 @@\n def add(a, b):\n-    return a * b\n"
GOLD = HEAD + "+    return a + b\n"
NARROW = HEAD + "+    return 3\n"
TASK = Task(
    task_id="calc-1",
    source=TaskSource(kind="injected"),
    repo="calc",
    base_commit="",
    base_archive="calc",
    problem_statement="add is wrong",
    environment=Environment(timeout_s=20),
    FAIL_TO_PASS=("test_calc.py::test_add",),
    PASS_TO_PASS=(),
    gold_patch=GOLD,
    protected_paths=("test_calc.py",),
)


def rollout(number: int, diff: str, *, control: bool = False, trusted: bool = True, **more: Any) -> Rollout:
    values = {
        "rollout_id": f"{number:016x}",
        "task_id": TASK.task_id,
        "agent": Agent(name="x", control=control),
        "attempt": number,
        "seed": 1,
        "exit": "submitted",
        "raw_log": RawLog(format="trajhub-events", sha256=sha256_bytes(b"")),
        "usage": Usage(),
        "final_diff": diff,
        "provenance": Provenance(backend="local", limits=Limits(), trusted=trusted),
    }
    return Rollout.model_validate({**values, **more})


def test_each_diff_is_graded_once_and_each_pass_gets_a_second_opinion(quick_backend: Backend, tar: Callable[..., bytes]) -> None:
    read: list[int] = []

    def tree() -> bytes:
        read.append(1)
        return tar({"calc.py": FAULTY, "test_calc.py": TESTS})

    runs = [
        rollout(0, GOLD),
        rollout(1, NARROW),
        rollout(2, NARROW, control=True),
        rollout(3, ""),
        rollout(4, "", exit="infrastructure", exit_reason="no box"),
        rollout(5, "", provenance=None, claim=Claim(resolved=True, by="its log")),
        rollout(6, "", provenance=None),
    ]
    graded = grade_rollouts(TASK, tree, runs, quick_backend, Limits(), grader_version="g1")
    assert [o.rollout_id for o in graded.outcomes] == [r.rollout_id for r in runs]
    verdicts = [o.verdict for o in graded.outcomes]
    assert verdicts == ["resolved", "resolved", "resolved", "unresolved", "not_evaluated", "claimed", "not_evaluated"]
    compared = [bool(o.differential and o.differential.differing) for o in graded.outcomes]
    assert compared == [False, True, True, False, False, False, False], "controls are compared like everybody"
    assert [o.confirmation is None for o in graded.outcomes] == [o.verdict != "resolved" for o in graded.outcomes]
    assert [o.confirmation for o in graded.outcomes[:3]] == ["confirmed", "unconfirmed", "unconfirmed"], "one call is recorded: no range"
    assert (graded.outcomes[0].functions_compared, graded.outcomes[0].functions_total) == (1, 1)
    assert all("gold patch" in o.confirmation_reason for o in graded.outcomes[1:3])
    assert graded.lost == ()

    again = grade_rollouts(TASK, tree, runs, quick_backend, Limits(), grader_version="g1", earlier=graded.outcomes)
    assert again.outcomes == graded.outcomes, "seconds too: nothing was run again"
    assert len(read) == 2


def test_a_task_without_a_gold_patch_leaves_its_passes_unconfirmed(quick_backend: Backend, tar: Callable[..., bytes]) -> None:
    tree = tar({"calc.py": FAULTY, "test_calc.py": TESTS})
    (outcome,) = grade_rollouts(
        TASK.model_copy(update={"gold_patch": ""}), lambda: tree, [rollout(0, GOLD)], quick_backend, Limits(), grader_version="g1"
    ).outcomes
    assert (outcome.verdict, outcome.confirmation) == ("resolved", "unconfirmed")
    assert outcome.confirmation_reason == "the task has no gold patch to compare with"


def test_a_task_known_from_logs_alone_leaves_claims(quick_backend: Backend) -> None:
    unknown = TASK.model_copy(update={"base_archive": ""})
    runs = [rollout(0, GOLD, claim=Claim(resolved=False, by="its log")), rollout(1, GOLD)]
    graded = grade_rollouts(unknown, lambda: b"", runs, quick_backend, Limits(), grader_version="g1")
    assert [(o.verdict, o.claimed_resolved) for o in graded.outcomes] == [("claimed", False), ("not_evaluated", None)]
