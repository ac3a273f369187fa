"""outcomes: the verdict on each rollout's diff, from a fresh box that the agent never saw. One grading for each distinct diff.

A resolved diff that is not the gold patch gets a second opinion, by differential testing; those of controls do not.
"""

from collections.abc import Iterator, Sequence

import dagster as dg
from agentgrader.differential.tester import DifferentialTester, same_change
from agentgrader.grade import grade
from agentsandbox.errors import SandboxError
from agentsandbox.sandbox import Backend
from agenttasks.store import TaskStore
from trajschema.arrow import from_table, to_table
from trajschema.ids import sha256_bytes
from trajschema.outcome import VERDICTS, Differential, Outcome
from trajschema.rollout import Limits, Rollout
from trajschema.task import Task

from resources.agent_code import SANDBOX
from resources.asset_options import asset_options
from resources.incremental.asset import Incremental
from resources.incremental.code import fingerprint
from resources.incremental.run import Inputs, StageResult
from resources.sandbox import SandboxResource
from resources.settings import Settings
from resources.stages import GRADER
from resources.storage import TaskStoreResource


def asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset under ``settings``."""

    @dg.asset(**asset_options("outcomes", settings, kinds={"pytest", "docker"}, description=__doc__))
    def outcomes(
        context: dg.AssetExecutionContext,
        incremental: Incremental,
        sandbox: SandboxResource,
        store: TaskStoreResource,
    ) -> Iterator[dg.MaterializeResult]:
        version = fingerprint("agentgrader.grade", "agentgrader.differential.tester", *GRADER, *SANDBOX)
        yield from incremental.materialise(
            context,
            "outcomes",
            lambda inputs: verdicts(inputs, sandbox.opened, sandbox.limits, store.opened, version),
            settings=sandbox.applied(incremental.settings),
        )

    return outcomes


def verdicts(inputs: Inputs, backend: Backend, limits: Limits, store: TaskStore, version: str) -> StageResult:
    """Grade each rollout; the same diff on the same task by the same grader is graded once, and kept from an earlier run."""
    (task,) = from_table(Task, inputs["task_pool"])
    rollouts = from_table(Rollout, inputs["rollouts"])
    if not task.is_runnable:
        return _made([_claimed(rollout, "its task is known from logs alone") for rollout in rollouts])
    backend.check()
    tree = store.tree(task)
    graded: dict[str, Outcome] = {}
    opinions: dict[str, Differential] = {}
    if inputs.previous is not None and "configuration" not in inputs.changed:
        earlier = sorted(from_table(Outcome, inputs.previous), key=lambda o: o.differential is not None)
        graded = {o.diff_sha256: o for o in earlier if o.verdict != "error" and o.grader_version == version}
        opinions = {sha: o.differential for sha, o in graded.items() if o.differential}
    found: list[Outcome] = []
    lost: list[str] = []
    with DifferentialTester(task, tree, backend, limits) as tester:
        for rollout in rollouts:
            trusted = rollout.provenance is not None and rollout.provenance.trusted
            sha = sha256_bytes(rollout.final_diff.encode("utf-8", "surrogatepass"))
            if rollout.provenance is None and not rollout.final_diff:
                found.append(_claimed(rollout, "its log holds no diff"))
                continue
            if rollout.exit == "infrastructure":
                found.append(_without(rollout, "not_evaluated", f"the rollout was lost: {rollout.exit_reason}", version, sha))
                continue
            try:
                if sha not in graded:
                    graded[sha] = grade(
                        task,
                        tree,
                        rollout.final_diff,
                        backend,
                        limits,
                        rollout_id=rollout.rollout_id,
                        grader_version=version,
                        trusted=trusted,
                    )
                doubtful = graded[sha].verdict == "resolved" and not rollout.agent.control
                if doubtful and sha not in opinions and not same_change(rollout.final_diff, task.gold_patch):
                    opinions[sha] = tester.opinion(rollout.final_diff, trusted)
            except SandboxError as error:
                lost.append(f"{rollout.rollout_id}: {error}")
                found.append(_without(rollout, "error", str(error), version, sha))
                continue
            opinion = opinions.get(sha) if doubtful else None
            said = rollout.claim.resolved if rollout.claim else None
            ours = {"rollout_id": rollout.rollout_id, "diff_sha256": sha, "differential": opinion, "claimed_resolved": said}
            found.append(graded[sha].model_copy(update=ours))
    return _made(found, lost)


def _made(found: Sequence[Outcome], lost: Sequence[str] = ()) -> StageResult:
    counts: dict[str, int] = {verdict: sum(o.verdict == verdict for o in found) for verdict in VERDICTS}
    counts["doubted"] = sum(bool(o.differential and o.differential.differing) for o in found)
    return StageResult(to_table(Outcome, list(found)), tuple(lost), counts)


def _claimed(rollout: Rollout, why: str) -> Outcome:
    """What was said of a rollout that cannot be graded."""
    if rollout.claim is None:
        return _without(rollout, "not_evaluated", f"{why}, and nobody said how it went", "", "")
    said = _without(rollout, "claimed", f"{why}; {rollout.claim.by} says so", "", "")
    return said.model_copy(update={"claimed_resolved": rollout.claim.resolved})


def _without(rollout: Rollout, verdict: str, reason: str, version: str, sha: str) -> Outcome:
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
