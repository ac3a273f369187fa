"""rule_scores: what the rules say of every step on every rubric, unweighted, with evidence."""

import dagster as dg
from agentreward.rules.scorer import score_rules
from trajschema.arrow import from_table, to_table
from trajschema.score import StepScore
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
        version = fingerprint("agentreward.rules.scorer")
        return incremental.materialise(context, "rule_scores", lambda inputs: score(inputs, version))

    return rule_scores


def score(inputs: Inputs, version: str) -> Made:
    """Scores of every trajectory of the task."""
    found = [s for t in from_table(Trajectory, inputs["trajectories"]) for s in score_rules(t, scorer_version=version)]
    return Made(to_table(StepScore, found), metadata={"scores": len(found)})
