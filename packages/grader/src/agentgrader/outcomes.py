"""Outcomes of a task's rollouts: each distinct diff is graded once, and one that resolves is confirmed, doubted or neither."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from agentsandbox.errors import SandboxError
from agentsandbox.sandbox import Backend
from trajschema.ids import sha256_bytes
from trajschema.outcome import Outcome
from trajschema.rollout import Limits, Rollout
from trajschema.task import Task

from agentgrader.differential.tester import DifferentialTester
from agentgrader.grade import grade
from agentgrader.opinions import Opinions


@dataclass(frozen=True)
class Graded:
    """An outcome for each rollout, in their order; ``lost`` names those without a verdict because the infrastructure failed, and why."""

    outcomes: tuple[Outcome, ...]
    lost: tuple[str, ...] = ()


def grade_rollouts(
    task: Task,
    tree: Callable[[], bytes],
    rollouts: Sequence[Rollout],
    backend: Backend,
    limits: Limits,
    *,
    grader_version: str,
    earlier: Iterable[Outcome] = (),
) -> Graded:
    """Grade the diff of each rollout; a diff that is among ``earlier`` outcomes of the same grader is not graded again.

    Every resolved diff, those of controls too, is compared with the gold patch by differential testing, and says what came of it
    (:mod:`agentgrader.confirmation`). Whatever goes wrong with one diff leaves the outcomes of the others alone. Of a rollout
    that cannot be graded, what its log says of itself is kept as a claim. ``tree`` gives the task's source as a tar archive.

    Raises:
        BackendUnavailable: no box can be made.
    """
    if not task.is_runnable:
        return Graded(tuple(_claimed(rollout, "its task is known from logs alone") for rollout in rollouts))
    backend.check()
    source = tree()
    with DifferentialTester(task, source, backend, limits) as tester:
        grading = partial(grade, task, source, backend=backend, limits=limits, grader_version=grader_version)
        grader = Grading(grader_version, grading, Opinions(task, tester))
        grader.remember(earlier)
        outcomes = tuple(grader.outcome(rollout) for rollout in rollouts)
    return Graded(outcomes, tuple(grader.lost))


@dataclass
class Grading:
    """Of the rollouts of one task, one after the other. ``grade`` is :func:`agentgrader.grade.grade` for the task."""

    version: str
    grade: Callable[..., Outcome]
    opinions: Opinions
    graded: dict[str, Outcome] = field(default_factory=dict)
    """SHA-256 of a diff → its outcome."""
    lost: list[str] = field(default_factory=list)

    def remember(self, earlier: Iterable[Outcome]) -> None:
        """Take over what the same grader found before."""
        for o in earlier:
            if o.verdict in ("resolved", "unresolved") and o.grader_version == self.version:
                self.graded[o.diff_sha256] = o
                if o.differential:
                    self.opinions.remember(o.diff_sha256, o.differential)

    def outcome(self, rollout: Rollout) -> Outcome:
        """The outcome of one rollout."""
        if rollout.provenance is None and not rollout.final_diff:
            return _claimed(rollout, "its log holds no diff")
        sha = sha256_bytes(rollout.final_diff.encode("utf-8", "surrogatepass"))
        ungraded = partial(_ungraded, rollout, version=self.version, sha=sha)
        if rollout.exit == "infrastructure":
            return ungraded("not_evaluated", f"the rollout was lost: {rollout.exit_reason}")
        try:
            judged = self._judged(rollout, sha)
        except Exception as error:  # of any kind: a diff that trips a parser must not take the other rollouts with it
            reason = str(error) if isinstance(error, SandboxError) else f"the grader failed: {type(error).__name__}: {error}"
            self.lost.append(f"{rollout.rollout_id}: {reason}")
            return ungraded("error", reason)
        claim = rollout.claim.resolved if rollout.claim else None
        return judged.model_copy(update={"rollout_id": rollout.rollout_id, "diff_sha256": sha, "claimed_resolved": claim})

    def _judged(self, rollout: Rollout, sha: str) -> Outcome:
        diff, trusted = rollout.final_diff, rollout.provenance is not None and rollout.provenance.trusted
        if sha not in self.graded:
            self.graded[sha] = self.grade(diff, rollout_id=rollout.rollout_id, trusted=trusted)
        judged, lost = self.opinions.confirm(self.graded[sha], diff, trusted)
        if lost:
            self.lost.append(f"{rollout.rollout_id}: no second opinion: {lost}")
        return judged


def _claimed(rollout: Rollout, why: str) -> Outcome:
    """The claim of a rollout that cannot be graded."""
    if rollout.claim is None:
        return _ungraded(rollout, "not_evaluated", f"{why}, and nobody said how it went")
    claimed = _ungraded(rollout, "claimed", f"{why}; {rollout.claim.by} says so")
    return claimed.model_copy(update={"claimed_resolved": rollout.claim.resolved})


def _ungraded(rollout: Rollout, verdict: str, reason: str, version: str = "", sha: str = "") -> Outcome:
    return Outcome.model_validate(
        {
            "rollout_id": rollout.rollout_id,
            "task_id": rollout.task_id,
            "verdict": verdict,
            "reason": reason,
            "grader_version": version,
            "diff_sha256": sha,
        }
    )
