"""outcomes: the verdict on each rollout's diff, from a fresh box that the agent never saw. One grading for each distinct diff."""

import dagster as dg
from agentsandbox.box import Backend
from agentsandbox.errors import SandboxError
from agentsandbox.grading import grade
from agenttasks.store import TaskStore
from trajschema.arrow import from_table, to_table
from trajschema.ids import sha256_bytes
from trajschema.outcome import Outcome
from trajschema.rollout import Limits, Rollout
from trajschema.task import Task

from resources.declare import declared
from resources.fingerprint import fingerprint
from resources.incremental import Inputs, Made
from resources.incremental_asset import Incremental
from resources.sandbox import SandboxResource
from resources.settings import Settings
from resources.stages import SANDBOX


def asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset under ``settings``."""

    @dg.asset(**declared("outcomes", settings, kinds={"pytest", "docker"}, description=__doc__))
    def outcomes(
        context: dg.AssetExecutionContext,
        incremental: dg.ResourceParam[Incremental],
        sandbox: dg.ResourceParam[SandboxResource],
        store: dg.ResourceParam[TaskStore],
    ) -> dg.MaterializeResult:
        version = fingerprint("agentsandbox.grading", *SANDBOX)
        return incremental.materialise(
            context, "outcomes", lambda inputs: verdicts(inputs, sandbox.backend, sandbox.limits, store, version)
        )

    return outcomes


def verdicts(inputs: Inputs, backend: Backend, limits: Limits, store: TaskStore, version: str) -> Made:
    """Grade each rollout; the same diff on the same task by the same grader is graded once, and kept from an earlier run."""
    backend.check()
    (task,) = from_table(Task, inputs["task_pool"])
    tree = store.tree(task)
    graded: dict[str, Outcome] = {}
    if inputs.previous is not None and "configuration" not in inputs.changed:
        graded = {o.diff_sha256: o for o in from_table(Outcome, inputs.previous) if o.verdict != "error" and o.grader_version == version}
    found: list[Outcome] = []
    lost: list[str] = []
    for rollout in from_table(Rollout, inputs["rollouts"]):
        sha = sha256_bytes(rollout.final_diff.encode("utf-8", "surrogatepass"))
        if rollout.exit == "infrastructure":
            found.append(_without(rollout, "not_evaluated", f"the rollout was lost: {rollout.exit_reason}", version, sha))
            continue
        if sha not in graded:
            try:
                graded[sha] = grade(
                    task,
                    tree,
                    rollout.final_diff,
                    backend,
                    limits,
                    rollout_id=rollout.rollout_id,
                    grader_version=version,
                    trusted=rollout.provenance.trusted,
                )
            except SandboxError as error:
                lost.append(f"{rollout.rollout_id}: {error}")
                found.append(_without(rollout, "error", str(error), version, sha))
                continue
        found.append(graded[sha].model_copy(update={"rollout_id": rollout.rollout_id, "diff_sha256": sha}))
    counts = {verdict: sum(o.verdict == verdict for o in found) for verdict in ("resolved", "unresolved", "error", "not_evaluated")}
    return Made(to_table(Outcome, found), tuple(lost), counts)


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
