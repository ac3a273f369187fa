"""rule_scores: what the rules say of every step on every rubric, unweighted, with evidence."""

from collections.abc import Iterator, Mapping

import dagster as dg
from agentreward.rules.rubrics import Rule
from agentreward.rules.score_table import score_table
from trajschema.arrow import from_table
from trajschema.ids import content_id
from trajschema.trajectory import Trajectory

from resources.asset_options import asset_options
from resources.incremental.asset import Incremental
from resources.incremental.code import fingerprint
from resources.incremental.run import Inputs, StageResult
from resources.rubrics import by_rule, rules_of
from resources.settings import Settings


def asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset under ``settings``."""

    @dg.asset(**asset_options("rule_scores", settings, kinds={"python"}, description=__doc__))
    def rule_scores(context: dg.AssetExecutionContext, incremental: Incremental) -> Iterator[dg.MaterializeResult]:
        own, rules = by_rule(incremental.settings), rules_of(incremental.settings)
        version = "-".join([fingerprint("agentreward.rules.score_table"), *([content_id(own, 8)] if own else [])])
        yield from incremental.materialise(context, "rule_scores", lambda inputs: score(inputs, version, rules))

    return rule_scores


def score(inputs: Inputs, version: str, rules: Mapping[str, Rule]) -> StageResult:
    """Scores of every trajectory of the task."""
    table = score_table(from_table(Trajectory, inputs["trajectories"]), scorer_version=version, rules=rules)
    return StageResult(table, metadata={"scores": table.num_rows})
