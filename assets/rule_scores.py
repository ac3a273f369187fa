"""rule_scores: what the rules say of every step on every rubric, unweighted, with evidence."""

import dagster as dg
from agentreward.score_table import score_table
from trajschema.arrow import from_table
from trajschema.trajectory import Trajectory

from resources.declare import declared
from resources.fingerprint import fingerprint
from resources.incremental import Inputs, Made
from resources.incremental_asset import Incremental
from resources.settings import Settings


def asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset under ``settings``."""

    @dg.asset(**declared("rule_scores", settings, kinds={"python"}, description=__doc__))
    def rule_scores(context: dg.AssetExecutionContext, incremental: dg.ResourceParam[Incremental]) -> dg.MaterializeResult:
        version = fingerprint("agentreward.score_table")
        return incremental.materialise(context, "rule_scores", lambda inputs: score(inputs, version))

    return rule_scores


def score(inputs: Inputs, version: str) -> Made:
    """Scores of every trajectory of the task."""
    table = score_table(from_table(Trajectory, inputs["trajectories"]), scorer_version=version)
    return Made(table, metadata={"scores": table.num_rows})
