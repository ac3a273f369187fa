"""Grade a diff: a fresh box, the base with the diff on it, protected paths put back, the whole suite with canaries.

The verdict is computed here, outside of the box, from the machine-readable report alone.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from agentsandbox.errors import BoxLost, PatchRejected, SandboxError
from agentsandbox.sandbox import Backend, Sandbox
from trajschema.diffs import paths_in, read_diff
from trajschema.ids import sha256_bytes
from trajschema.outcome import CanaryResult, Outcome, TestResult, TestStatus, Verdict
from trajschema.rollout import Limits
from trajschema.task import Task

from agentgrader import canaries
from agentgrader.access import sources
from agentgrader.confirmation import PUT_BACK
from agentgrader.copies import asking
from agentgrader.copies.second_run import Questions, SecondRun
from agentgrader.diff_limits import refusal
from agentgrader.frameworks import framework_of
from agentgrader.inline.restore import InlineTests
from agentgrader.protected_paths import adds_tests_only, by_path, holding_tests, protected_patterns
from agentgrader.report import TestReport
from agentgrader.run import opened, run_tests

_LOSSES = 2
_PATHS = 100
"""How many paths of one kind are named in ``tamper``."""
_BREAKING = (RecursionError, MemoryError, ValueError, ArithmeticError, LookupError, TypeError)
"""What ends a parser that a diff feeds."""
_NOTES = 3
"""How many notes on a run are quoted in ``reason``; all of them are in ``tamper``."""


def grade(
    task: Task,
    tree: bytes,
    diff: str,
    backend: Backend,
    limits: Limits,
    *,
    rollout_id: str,
    grader_version: str,
    trusted: bool = False,
) -> Outcome:
    """The outcome of ``diff``, a unified diff against the faulty tree (``tree`` with the task's bug patch).

    Resolved only if every FAIL_TO_PASS and PASS_TO_PASS test is in the report and passed, the report is complete and agrees
    with the exit code, and every canary did what it must. The diff is unresolved if it is refused
    (:mod:`agentgrader.diff_limits`), and if the sandbox dies twice with it, or what it leaves cannot be read, and neither happens
    without it. ``trusted`` says that the diff is an embedded agent's (see :meth:`agentsandbox.sandbox.Backend.open`).

    Raises:
        SandboxError: the infrastructure failed, which says nothing about the diff.
        PatchRejected: the task's own patches do not apply.
    """
    started = time.monotonic()
    judged = _Grading(task, tree, backend, limits, trusted)
    try:
        verdict = judged.verdict_on(diff)
    except BoxLost:
        verdict = judged.verdict_after_loss(diff)
    except _BREAKING as e:
        verdict = judged.verdict_after_break(e)
    return verdict.outcome(task, diff, rollout_id, grader_version, time.monotonic() - started)


@dataclass(frozen=True)
class _Verdict:
    """The result of one grading."""

    reason: str
    resolved: bool = False
    statuses: Mapping[str, TestStatus] = field(default_factory=dict)
    planted: tuple[CanaryResult, ...] = ()
    tamper: tuple[str, ...] = ()

    def outcome(self, task: Task, diff: str, rollout_id: str, grader_version: str, seconds: float) -> Outcome:
        to_fix = [TestResult(test_id=t, group="FAIL_TO_PASS", status=self.statuses.get(t, "missing")) for t in task.FAIL_TO_PASS]
        to_keep = [TestResult(test_id=t, group="PASS_TO_PASS", status=self.statuses.get(t, "missing")) for t in task.PASS_TO_PASS]
        broken = [t for t in to_keep if t.status != "passed"]
        verdict: Verdict = "resolved" if self.resolved else "unresolved"
        return Outcome(
            rollout_id=rollout_id,
            task_id=task.task_id,
            verdict=verdict,
            reason=self.reason,
            fail_to_pass_total=len(to_fix),
            fail_to_pass_fixed=sum(t.status == "passed" for t in to_fix),
            pass_to_pass_total=len(to_keep),
            pass_to_pass_broken=len(broken),
            tests=(*to_fix, *broken),
            canaries=self.planted,
            tamper=self.tamper,
            grader_version=grader_version,
            diff_sha256=sha256_bytes(diff.encode("utf-8", "surrogatepass")),
            seconds=seconds,
        )


class _Grading:
    """One task in fresh boxes."""

    def __init__(self, task: Task, tree: bytes, backend: Backend, limits: Limits, trusted: bool) -> None:
        self._task = task
        self._tree = tree
        self._backend = backend
        self._limits = limits
        self._trusted = trusted
        self._inline = InlineTests(task)
        self._copies = SecondRun(task, self._opened, self._prepared)
        self._endings = framework_of(task.environment.test_command).endings

    def _opened(self) -> AbstractContextManager[Sandbox]:
        return opened(self._backend, self._limits, self._task.environment, self._trusted)

    def verdict_on(self, diff: str) -> _Verdict:
        """Grade in a new box."""
        task = self._task
        planted = canaries.draw()
        refused = refusal(diff)
        if refused:
            return _Verdict(refused, planted=planted.results({}))
        files = read_diff(diff)
        with self._opened() as box:
            box.load(self._tree, [task.bug_patch])
            self._inline.read(box)
            base = sources.before(box, files, self._endings)
            try:
                box.apply(diff)
            except PatchRejected as e:
                return _Verdict(f"the diff does not apply: {e.reason}", planted=planted.results({}))
            restored = self._put_back(box)
            changed = sources.after(box, files, base, frozenset(restored), self._endings)
            inline = self._inline.put_back(box)
            report = inline.judged(planted.disguised(run_tests(box, task.environment, canaries=planted.planted)))
            changes = by_path(files)
            back = dict.fromkeys([*restored, *(p for p in inline.changed if p in changes)])
            suspect = _named(PUT_BACK, [p for p in back if not adds_tests_only(p, changes.get(p, ()))])
            suspect += inline.notes
            if _refuses(report):
                return self._verdict_on_refusal(diff, report, suspect)
            verdict = _judged(task, report, planted.results(report.canaries), suspect)
            if not verdict.resolved:
                return verdict
            touched = self._touched(box)
            if touched:
                seen = _named("changed while the tests ran: ", touched)
                return replace(verdict, resolved=False, reason="test files changed while the tests ran", tamper=(*verdict.tamper, *seen))
            questions = self._copies.planned(box, diff, report.seconds / len(report.statuses))
        verdict = self._confirmed(verdict, questions)
        return replace(verdict, tamper=(*verdict.tamper, *changed.notes(task, self._tree))) if verdict.resolved else verdict

    def _verdict_on_refusal(self, diff: str, report: TestReport, suspect: list[str]) -> _Verdict:
        """Pytest refuses to start. Is it the diff's doing?

        Raises:
            SandboxError: it refuses without the diff as well.
        """
        if not diff.strip():
            raise SandboxError(f"pytest refuses to start: {report.output.strip()[-500:]}", "check the task's test command and paths")
        self.verdict_on("")
        reason = "pytest does not start with the diff, and does without it"
        return _Verdict(reason, planted=canaries.draw().results({}), tamper=tuple(suspect))

    def _touched(self, box: Sandbox) -> list[str]:
        """Test files that are no longer as they were put back, now that the tests ran."""
        of_the_task = set(paths_in(self._task.test_patch))
        return [p for p in holding_tests(self._put_back(box), self._task) if p not in of_the_task | self._inline.paths]

    def _confirmed(self, verdict: _Verdict, questions: Questions) -> _Verdict:
        """Keep a resolved verdict only if true and false copies of tests behave as they should."""
        asked, wrong = self._copies.asked(questions)
        judged = replace(verdict, planted=(*verdict.planted, *asking.results(asked, wrong)))
        if not wrong:
            return judged
        reason = "copies of the required tests have the wrong verdict: the tests decide nothing here"
        return replace(judged, resolved=False, reason=reason, tamper=(*verdict.tamper, *asking.evidence(wrong)))

    def _prepared(self, box: Sandbox, diff: str) -> None:
        """Make ``box`` what the tests run on with ``diff``, which applies; nothing of it has run in it then."""
        box.load(self._tree, [self._task.bug_patch])
        box.apply(diff)
        self._put_back(box)
        self._inline.put_back(box)

    def verdict_after_loss(self, diff: str) -> _Verdict:
        """The box died. Is it the diff's doing?

        Raises:
            BoxLost: boxes die without the diff as well.
        """
        for _ in range(_LOSSES - 1):
            try:
                return self.verdict_on(diff)
            except BoxLost:
                continue
            except _BREAKING as e:
                return self.verdict_after_break(e)
        self.verdict_on("")
        return _Verdict(
            "the box died while the tests ran",
            planted=canaries.draw().results({}),
            tamper=(f"the box died {_LOSSES} times with the diff, and not without it",),
        )

    def verdict_after_break(self, error: Exception) -> _Verdict:
        """A parser of ours broke. Is it the diff's doing?

        Raises:
            Exception: it breaks without the diff as well.
        """
        self.verdict_on("")
        kind = type(error).__name__
        return _Verdict(
            "what the diff makes of the run cannot be read",
            planted=canaries.draw().results({}),
            tamper=(f"grading ends in {kind} with the diff, and not without it",),
        )

    def _put_back(self, box: Sandbox) -> list[str]:
        """Restore protected paths and apply the test patch. Returns the paths that differed."""
        changed = box.restore(protected_patterns(self._task))
        if self._task.test_patch:
            box.apply(self._task.test_patch)
        return changed


def _named(what: str, paths: Sequence[str]) -> list[str]:
    """A note for each path; where they are many, for the first of them and one for the rest."""
    rest = [f"{what}{len(paths) - _PATHS} more paths"] if len(paths) > _PATHS else []
    return [what + path for path in paths[:_PATHS]] + rest


def _refuses(report: TestReport) -> bool:
    """Whether pytest ended before it looked for tests: bad options, or a conftest that cannot be imported."""
    return report.exit_code == 4 and not report.statuses and not report.timed_out


def _judged(task: Task, report: TestReport, planted: tuple[CanaryResult, ...], restored: list[str]) -> _Verdict:
    """The verdict on a report."""
    wrong = [c for c in planted if c.status not in (c.expected, "missing")]
    tamper = (*restored, *report.notes, *(f"{c.name} must be {c.expected} and is {c.status}" for c in wrong))
    if wrong:
        return _Verdict("canaries have the wrong verdict: the report cannot be trusted", planted=planted, tamper=tamper)
    required = (*task.FAIL_TO_PASS, *task.PASS_TO_PASS)
    short = [t for t in required if report.statuses.get(t) != "passed"]
    sound = report.complete and all(c.status == c.expected for c in planted)
    if report.timed_out:
        reason = f"the tests ran longer than {task.environment.timeout_s:g} s"
    elif not sound:
        reason = "the test run is incomplete: " + "; ".join(report.notes[:_NOTES] or ("canaries are missing",))
    elif not required:
        reason = "no test is required"
    else:
        reason = f"{len(short)} of {len(required)} required tests did not pass" if short else "every required test passed"
    resolved = sound and bool(required) and not short
    return _Verdict(reason, resolved=resolved, statuses=report.statuses, planted=planted, tamper=tamper)
