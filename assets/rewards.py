"""rewards: scores and outcome of each trajectory, weighted. Weights enter here and nowhere before."""

from collections.abc import Iterator
from functools import partial

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc
from agentreward.aggregate.claims import examined
from agentreward.aggregate.reward_table import reward_table, run_table
from agentreward.aggregate.weights import Weights
from trajschema.arrow import from_table
from trajschema.outcome import Outcome
from trajschema.trajectory import Trajectory

from resources.asset_options import asset_options
from resources.incremental.asset import Incremental
from resources.incremental.run import Inputs, StageResult
from resources.settings import Settings


def asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset under ``settings``."""

    @dg.asset(**asset_options("rewards", settings, kinds={"python", "parquet"}, description=__doc__))
    def rewards(context: dg.AssetExecutionContext, incremental: Incremental) -> Iterator[dg.MaterializeResult]:
        yield from incremental.materialise(context, "rewards", partial(weigh, weights=incremental.settings.weights))

    return rewards


def weigh(inputs: Inputs, weights: Weights) -> StageResult:
    """One reward for each trajectory of the task."""
    rollouts = inputs["rollouts"]
    controls = set(rollouts["rollout_id"].filter(pc.struct_field(rollouts["agent"], "control")).to_pylist())
    runs = run_table(inputs["trajectories"], controls)
    scores = pa.concat_tables([inputs["rule_scores"], inputs["judge_scores"]])
    made = reward_table(runs, scores, outcomes(inputs, weights), weights)
    return StageResult(made, metadata={"rewards": made.num_rows, "missing": made["total"].null_count})


def outcomes(inputs: Inputs, weights: Weights) -> dict[str, Outcome]:
    """Outcome by trajectory id. Only a claim that counts is checked against the steps, so only such runs are read."""
    known = {o.rollout_id: o for o in from_table(Outcome, inputs["outcomes"])}
    ids = zip(inputs["trajectories"]["trajectory_id"].to_pylist(), inputs["trajectories"]["rollout_id"].to_pylist(), strict=True)
    found = {trajectory: known[rollout] for trajectory, rollout in ids if rollout in known}
    claimed = [trajectory for trajectory, o in found.items() if o.verdict == "claimed" and weights.claimed > 0]
    read = pc.is_in(inputs["trajectories"]["trajectory_id"], pa.array(claimed, pa.string()))
    for run in from_table(Trajectory, inputs["trajectories"].filter(read)):
        seen = examined(found[run.trajectory_id], run.steps, weights)
        if seen is not None:
            found[run.trajectory_id] = seen
    return found
