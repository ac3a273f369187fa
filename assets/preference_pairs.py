"""preference_pairs: runs at one task that differ enough in reward, with the reason. Controls enter none."""

from collections.abc import Iterator

import dagster as dg
from agentreward.preferences import build_pairs
from trajschema.arrow import from_table, to_table
from trajschema.preference import PreferencePair
from trajschema.score import Reward

from resources.asset_options import asset_options
from resources.incremental.asset import Incremental
from resources.incremental.run import Inputs, StageResult
from resources.settings import Pairs, Settings


def asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset under ``settings``."""

    @dg.asset(**asset_options("preference_pairs", settings, kinds={"python", "parquet"}, description=__doc__))
    def preference_pairs(context: dg.AssetExecutionContext, incremental: Incremental) -> Iterator[dg.MaterializeResult]:
        asked = incremental.settings.pairs
        yield from incremental.materialise(context, "preference_pairs", lambda inputs: pair(inputs, asked))

    return preference_pairs


def pair(inputs: Inputs, asked: Pairs) -> StageResult:
    """Pairs of the task's runs."""
    found = build_pairs(from_table(Reward, inputs["rewards"]), min_margin=asked.min_margin, max_pairs_per_task=asked.max_per_task)
    return StageResult(to_table(PreferencePair, found), metadata={"pairs": len(found)})
