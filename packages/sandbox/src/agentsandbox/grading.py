"""Grade a diff: a fresh box, the base with the diff on it, protected paths put back, the whole suite with canaries.

The verdict is computed here, outside of the box, from the machine-readable report alone.
"""

import time
from collections.abc import Iterable, Mapping

from trajschema.ids import sha256_bytes
from trajschema.outcome import CanaryResult, Outcome, TestResult, TestStatus, Verdict
from trajschema.rollout import Limits
from trajschema.task import Task

from agentsandbox import canaries
from agentsandbox.box import Backend
from agentsandbox.errors import BoxLost, PatchRejected, SandboxError
from agentsandbox.protection import adds_tests_only, protected_patterns
from agentsandbox.report import TestReport

_LOSSES = 2


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
    with the exit code, and every canary did what it must. A box that dies twice under the diff, and not without it, is the
    diff's doing: unresolved. ``trusted`` says that the diff is an embedded agent's (see :meth:`agentsandbox.box.Backend.open`).

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
    return verdict.outcome(task, diff, rollout_id, grader_version, time.monotonic() - started)


class _Verdict:
    """What came of one grading."""

    def __init__(
        self,
        reason: str,
        *,
        resolved: bool = False,
        statuses: Mapping[str, TestStatus] | None = None,
        planted: tuple[CanaryResult, ...] = (),
        tamper: Iterable[str] = (),
    ) -> None:
        self.reason = reason
        self.resolved = resolved
        self.statuses = statuses or {}
        self.planted = planted
        self.tamper = tuple(tamper)

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

    def verdict_on(self, diff: str) -> _Verdict:
        """Grade in a new box."""
        task = self._task
        planted = canaries.draw()
        with self._backend.open(self._limits, task.environment, self._trusted) as box:
            box.load(self._tree, [task.bug_patch])
            try:
                box.apply(diff)
            except PatchRejected as e:
                return _Verdict(f"the diff does not apply: {e.reason}", planted=planted.results({}))
            restored = box.restore(protected_patterns(task))
            if task.test_patch:
                box.apply(task.test_patch)
            report = planted.disguised(box.run_tests(canaries=planted.planted))
        suspect = [f"protected path changed, put back: {p}" for p in restored if not adds_tests_only(p, diff)]
        return _judged(task, report, planted.results(report.canaries), suspect)

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
        self.verdict_on("")
        return _Verdict(
            "the box died while the tests ran",
            planted=canaries.draw().results({}),
            tamper=[f"the box died {_LOSSES} times with the diff, and not without it"],
        )


def _judged(task: Task, report: TestReport, planted: tuple[CanaryResult, ...], restored: list[str]) -> _Verdict:
    """The verdict on a report."""
    if report.exit_code == 4 and not report.statuses and not report.timed_out:
        raise SandboxError(f"pytest refuses to start: {report.output.strip()[-500:]}", "check the task's test command and paths")
    wrong = [c for c in planted if c.status not in (c.expected, "missing")]
    tamper = [*restored, *report.notes, *(f"{c.name} must be {c.expected} and is {c.status}" for c in wrong)]
    if wrong:
        return _Verdict("canaries have the wrong verdict: the report cannot be trusted", planted=planted, tamper=tamper)
    required = (*task.FAIL_TO_PASS, *task.PASS_TO_PASS)
    short = [t for t in required if report.statuses.get(t) != "passed"]
    sound = report.complete and all(c.status == c.expected for c in planted)
    if report.timed_out:
        reason = f"the tests ran longer than {task.environment.timeout_s:g} s"
    elif not sound:
        reason = "the test run is incomplete: " + "; ".join(report.notes or ("canaries are missing",))
    elif not required:
        reason = "no test is required"
    else:
        reason = f"{len(short)} of {len(required)} required tests did not pass" if short else "every required test passed"
    resolved = sound and bool(required) and not short
    return _Verdict(reason, resolved=resolved, statuses=report.statuses, planted=planted, tamper=tamper)
