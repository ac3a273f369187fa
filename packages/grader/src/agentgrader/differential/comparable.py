"""How much of a fix differential testing can compare: the gold patch beside itself, with no diff yet."""

from contextlib import closing

from agentsandbox.sandbox import Backend
from trajschema.rollout import Limits
from trajschema.task import Comparability, Task

from agentgrader.differential.comparison import TWO_WAYS, Found, said_of
from agentgrader.differential.faulty import FaultySide
from agentgrader.differential.gold import GoldSide
from agentgrader.differential.inputs import chosen_calls
from agentgrader.differential.targets import called, targets
from agentgrader.differential.tests_removed import edited_sources
from agentgrader.frameworks import framework_of

RECORDS = ("pytest", "unittest")
"""Test runners under which calls are recorded."""


def unrecorded(task: Task) -> str:
    """Why no call can be recorded of ``task``, whatever its code is; empty if calls can."""
    runner = framework_of(task.environment.test_command).name
    return "" if runner in RECORDS else f"calls are not recorded from {runner}"


def comparability(task: Task, tree: bytes, backend: Backend, limits: Limits, *, trusted: bool = False) -> Comparability:
    """Record what tests call the functions of the fix with, and ask the gold patch three times. ``tree`` is the task's archive.

    Only calls that tests make count, and of the tests those that have to do with the fix. ``trusted`` says that the task's code is
    known (see :meth:`agentsandbox.sandbox.Backend.open`).

    Raises:
        SandboxError: the infrastructure failed.
    """
    why = unrecorded(task)
    paths = edited_sources(task, task.gold_patch)
    if why or not paths:
        return Comparability(functions=0, compared=0, calls=0, not_compared=(why or "no Python function is edited",))
    with closing(GoldSide(task, tree, backend, limits, 0, near=True)) as gold:
        base, mine = gold.outlines(paths, trusted)
        chosen = targets(base, mine, mine)
        recording = gold.recording()
        asked = called(chosen, recording.seen, 0)
        inputs = chosen_calls(recording, asked, {}, 0)
        answers, unanswered = gold.answers([c for c in inputs.calls if c.origin == "recorded"], paths)
        alike = gold.again(answers, paths, {})
        found = Found(lost={i: TWO_WAYS for i in range(len(answers)) if not alike.get(i)})
        faulty = FaultySide(task, tree, backend, limits, gold)
        reaching = faulty.reaching(answers, paths, {}, trusted) if chosen.top_level else set()
        said = said_of(chosen, asked, recording, inputs, answers, unanswered, found, reaching)
    fix = [f for f in said.by_function if f.changed_by in ("gold", "both")]
    left = [f"{f.name}: {f.not_compared}" for f in fix if not f.compared]
    return Comparability(
        functions=len(fix),
        compared=len(fix) - len(left),
        calls=sum(f.compared for f in fix),
        not_compared=tuple(left) if fix else said.not_compared,
    )
