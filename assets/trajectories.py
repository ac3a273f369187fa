"""trajectories: what was recorded of each rollout, read into the standard form."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import dagster as dg
from agentrecorder.rollout_log import rollout_trajectory
from trajschema.arrow import from_table, to_table
from trajschema.rollout import Rollout
from trajschema.trajectory import Trajectory

from resources.asset_options import asset_options
from resources.incremental.asset import Incremental
from resources.incremental.run import Inputs, StageResult
from resources.settings import Settings


def asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset under ``settings``."""

    @dg.asset(**asset_options("trajectories", settings, kinds={"python", "parquet"}, description=__doc__))
    def trajectories(context: dg.AssetExecutionContext, incremental: Incremental) -> Iterator[dg.MaterializeResult]:
        yield from incremental.materialise(context, "trajectories", partial(read, logs=incremental.settings.logs_dir))

    return trajectories


def read(inputs: Inputs, logs: Path) -> StageResult:
    """One trajectory for each rollout that ran. ``logs`` is the folder of the logs that outside agents wrote themselves."""
    found = [rollout_trajectory(r, logs) for r in from_table(Rollout, inputs["rollouts"]) if r.exit != "infrastructure"]
    return StageResult(to_table(Trajectory, found), metadata={"trajectories": len(found), "steps": sum(len(t.steps) for t in found)})
