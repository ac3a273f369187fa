"""Differential testing: a second opinion on a diff, where the gold patch is known.

Tests cannot tell a function that computes from one that knows the tests' inputs, nor a right value from an object that equals
everything, nor the gold patch from a wrong one that happens to pass. So the functions that either patch edits are called in two
fresh boxes, with the gold patch in one and the diff in the other: with arguments recorded while the task's tests ran under the gold
patch, and with variations of these. Answers leave the boxes as data and are compared here. What the gold patch answers never enters
the diff's box, so nothing in there can forge agreement: not to answer, or to answer with anything else, is a difference.

Where answers differ, both sides answer everything again, the gold patch twice: it must stay with its answer, and the difference must
stay too. Errors count by class for recorded calls (a subclass will do); for a variation it is enough that both raise or neither does,
because which error bad input raises is rarely specified.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from agentsandbox.errors import BoxLost, SandboxError
from agentsandbox.sandbox import Backend, Sandbox
from trajschema.diffs import line_kinds, paths_in
from trajschema.outcome import Difference, Differential
from trajschema.rollout import Limits
from trajschema.task import Task

from agentgrader.calls import Pace, make_calls, outlines
from agentgrader.differential.answers import Answer, difference_of, evidence, told
from agentgrader.differential.gold import GoldSide, places
from agentgrader.differential.inputs import Call, chosen_calls
from agentgrader.differential.targets import targets
from agentgrader.differential.values import Ignored, short
from agentgrader.frameworks import framework_of
from agentgrader.protected_paths import protected_patterns
from agentgrader.run import opened

_CANDIDATE = Pace(runs=1, call_s=5.0, total_s=30.0, late=1)
"""A call may take the candidate 25 times as long as it may take the gold patch."""

_NOT_COMPARED = ("diff --git ", "index ", "new file mode ", "old mode ", "new mode ")
"""Lines of a header that say nothing of the content."""


def compare(task: Task, tree: bytes, diff: str, backend: Backend, limits: Limits, *, trusted: bool = False, seed: int = 0) -> Differential:
    """The opinion on one diff; see :class:`DifferentialTester`."""
    with DifferentialTester(task, tree, backend, limits, seed=seed) as oracle:
        return oracle.opinion(diff, trusted)


def same_change(one: str, other: str) -> bool:
    """Whether two unified diffs change the same lines, whatever else their headers say."""
    return _content(one) == _content(other)


def _content(diff: str) -> list[str]:
    return [
        line.split("@@")[1] if kind == "hunk" else line
        for kind, line in line_kinds(diff.split("\n"))
        if kind != "file" or not line.startswith(_NOT_COMPARED)
    ]


class DifferentialTester:
    """Opinions on diffs of one task. The gold patch is asked once for what they have in common; each diff gets a box of its own.

    For one thread. Close it, or use it as a context manager.
    """

    def __init__(self, task: Task, tree: bytes, backend: Backend, limits: Limits, *, seed: int = 0) -> None:
        self._task = task
        self._tree = tree
        self._backend = backend
        self._limits = limits
        self._seed = seed
        self._gold = GoldSide(task, tree, backend, limits)
        self._beside = ThreadPoolExecutor(1)

    def opinion(self, diff: str, trusted: bool = False) -> Differential:
        """Call what ``diff`` and the gold patch edit under both, and compare. ``diff`` is one that
        :func:`agentgrader.grade.grade` resolved. The same arguments give the same answer, as far as the code itself is deterministic.
        ``trusted`` says that the diff is an embedded agent's (see :meth:`agentsandbox.sandbox.Backend.open`).

        Raises:
            SandboxError: the infrastructure failed, which says nothing about the diff.
            PatchRejected: ``diff`` or one of the task's own patches does not apply.
        """
        try:
            return self._opinion(diff, trusted)
        except SandboxError:
            self._beside.submit(self._gold.close).result()  # the next diff finds a new box
            raise

    def _opinion(self, diff: str, trusted: bool) -> Differential:
        task, gold = self._task, self._gold
        runner = framework_of(task.environment.test_command).name
        if runner != "pytest":
            return Differential(
                functions=(), recorded=0, compared=0, differing=0, differences=(), not_compared=(f"calls are not recorded from {runner}",)
            )
        paths = [p for p in dict.fromkeys([*paths_in(task.gold_patch), *paths_in(diff)]) if p.endswith(".py")]
        ready = self._beside.submit(gold.outlines, paths, trusted)
        with opened(self._backend, self._limits, task.environment, trusted) as box:
            box.load(self._tree, [task.bug_patch])
            base = outlines(box, paths)
            box.apply(diff)
            box.restore(protected_patterns(task))
            if task.test_patch:
                box.apply(task.test_patch)
            chosen = targets(base, ready.result(), outlines(box, paths))
            records = gold.records(chosen.functions, paths)
            inputs = chosen_calls(records, chosen, self._seed)
            reasons = [*chosen.reasons, *inputs.reasons]
            if len(records) < len(chosen.functions):
                reasons.append(f"{len(chosen.functions) - len(records)} functions: the tests did not end in time under the gold patch")
            answers = gold.answers(inputs.calls, paths)
            if len(answers) < len(inputs.calls):
                reasons.append(f"{len(inputs.calls) - len(answers)} calls without an answer of the gold patch")
            comparison = _Comparison(answers, _Candidate(box, task, paths), gold, inputs.ignored, paths)
            differing = comparison.made()
        reasons += _counted(comparison.lost)
        compared = sum(told(a) for _, a in answers) - len(comparison.lost)
        return Differential(
            functions=tuple(f"{p}::{k}" for p, k in chosen.functions),
            recorded=inputs.known,
            compared=max(compared, len(differing)),
            differing=len(differing),
            differences=tuple(evidence(d for _, d in sorted(differing.items()))),
            not_compared=tuple(reasons),
        )

    def close(self) -> None:
        """Remove the gold patch's box. Idempotent."""
        self._beside.shutdown()
        self._gold.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Candidate:
    """The box with the diff."""

    def __init__(self, box: Sandbox, task: Task, paths: Sequence[str]) -> None:
        self._box = box
        self._task = task
        self._paths = paths

    def answers(self, calls: Sequence[Call]) -> dict[int, Answer]:
        """Answers by position. The first call that is not answered, because the code ended or hung, is marked ``lost``."""
        if not calls:
            return {}
        requests = [c.request for c in calls]
        found: dict[int, Answer] = {}
        try:
            for r in make_calls(self._box, self._task.environment, places(self._task, requests), requests, self._paths, _CANDIDATE):
                if type(r.get("call")) is int:
                    found[r["call"]] = r
        except BoxLost:
            found = {}
        first = next((i for i in range(len(calls)) if i not in found), None)
        return found if first is None else {**found, first: {"lost": True}}


class _Comparison:
    """Answers of the gold patch beside those of a diff. ``lost`` says of single calls why they do not count."""

    def __init__(
        self, answers: Sequence[tuple[Call, Answer]], candidate: _Candidate, gold: GoldSide, ignored: Ignored, paths: Sequence[str]
    ) -> None:
        self._answers = answers
        self._candidate = candidate
        self._gold = gold
        self._ignored = ignored
        self._paths = paths
        self.lost: list[str] = []

    def made(self) -> dict[int, Difference]:
        """Differences by position, each seen twice."""
        calls = [c for c, _ in self._answers]
        found = self._differing(self._candidate.answers(calls), self.lost)
        if not found:
            return {}
        firm = self._gold.again(self._answers, self._paths, self._ignored)
        self.lost += ["calls that the gold patch answers in two ways"] * (len(calls) - len(firm))
        if not any(i in firm for i in found):
            return {}
        again = self._differing(self._candidate.answers(calls), [])
        return {i: d for i, d in again.items() if i in firm and i in found}

    def _differing(self, theirs: Mapping[int, Answer], lost: list[str]) -> dict[int, Difference]:
        found = {}
        for i, (call, mine) in enumerate(self._answers):
            other = theirs.get(i)
            if other is None:
                lost.append("calls not made under the diff, which took too long or ended before")
            elif "unbuildable" in other:
                lost.append(f"calls of {call.path}::{call.key}: under the diff, {short(str(other['unbuildable']))}")
            else:
                difference = difference_of(call, mine, other, self._ignored)
                if difference is not None:
                    found[i] = difference
        return found


def _counted(reasons: Sequence[str]) -> list[str]:
    return [f"{reasons.count(r)} {r}" for r in dict.fromkeys(reasons)]
