"""outcomes: the verdict on each rollout's diff, from a fresh box that the agent never saw, and whether a pass is confirmed from outside."""

from collections.abc import Iterator

import dagster as dg
from agentgrader.outcomes import grade_rollouts
from trajschema.arrow import from_table, to_table
from trajschema.outcome import VERDICTS, Outcome, confirmation_counts
from trajschema.rollout import Rollout
from trajschema.task import Task

from resources.agent_code import SANDBOX
from resources.asset_options import asset_options
from resources.confirmations import stored_passes
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
        version = fingerprint("agentgrader.outcomes", *GRADER, *SANDBOX)

        def compute(inputs: Inputs) -> StageResult:
            (task,) = from_table(Task, inputs["task_pool"])
            kept = inputs.previous is not None and "configuration" not in inputs.changed
            graded = grade_rollouts(
                task,
                lambda: store.opened.tree(task),
                from_table(Rollout, inputs["rollouts"]),
                sandbox.opened,
                sandbox.limits,
                grader_version=version,
                earlier=from_table(Outcome, inputs.previous) if kept else (),
            )
            counts: dict[str, int] = {verdict: sum(o.verdict == verdict for o in graded.outcomes) for verdict in VERDICTS}
            confirmations = confirmation_counts(graded.outcomes)
            return StageResult(to_table(Outcome, graded.outcomes), graded.lost, {**counts, **confirmations})

        for made in incremental.materialise(context, "outcomes", compute, settings=sandbox.applied(incremental.settings)):
            passes = stored_passes(incremental.lake, incremental.lake.stored("outcomes"), keep=True)
            yield dg.MaterializeResult(metadata={**(made.metadata or {}), **passes})

    return outcomes
