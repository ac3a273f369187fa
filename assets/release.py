"""release: the data set as others receive it: Parquet configs split by repository, card, manifest, and an HTML report."""

from collections.abc import Iterator

import dagster as dg
from agentrelease.build import build_release
from agentrelease.tables import ReleaseTables
from agentsandbox.tools import TOOLS
from agentview.data import Goal, ReportData
from trajschema.arrow import from_table, to_table
from trajschema.calibration import Calibration
from trajschema.manifest import Lineage, Manifest
from trajschema.outcome import Outcome
from trajschema.preference import PreferencePair
from trajschema.rollout import Rollout
from trajschema.score import Reward, StepScore
from trajschema.task import Task
from trajschema.trajectory import Trajectory

from resources.asset_options import asset_options
from resources.goals import goals
from resources.incremental.asset import Incremental
from resources.incremental.keys import Listing, stage_code
from resources.incremental.plan import listing
from resources.incremental.run import Inputs, StageResult
from resources.settings import Settings
from resources.stages import STAGES


def asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset under ``settings``."""

    @dg.asset(**asset_options("release", settings, kinds={"huggingface", "parquet"}, description=__doc__))
    def release(context: dg.AssetExecutionContext, incremental: Incremental) -> Iterator[dg.MaterializeResult]:
        stored = listing(incremental.lake)
        reached = goals(incremental.settings, incremental.lake, stored)
        yield from incremental.materialise(context, "release", lambda inputs: publish(inputs, incremental.settings, stored, reached))

    return release


def publish(inputs: Inputs, settings: Settings, stored: Listing, reached: tuple[Goal, ...]) -> StageResult:
    """Write the release folder; what is stored of it in the lake is its manifest."""
    from agentview.report import render_report  # brings matplotlib and scipy, a second that all other stages are spared

    (calibration,) = from_table(Calibration, inputs["calibration_report"])
    lineage = tuple(
        Lineage(asset=name, partition=item.partition, key=str(item.key), digest=item.digest)
        for name, items in stored.items()
        if name != "release"
        for item in items.values()
    )
    tables = ReleaseTables(
        tasks=inputs["task_pool"],
        rollouts=inputs["rollouts"],
        trajectories=inputs["trajectories"],
        outcomes=inputs["outcomes"],
        rule_scores=inputs["rule_scores"],
        judge_scores=inputs["judge_scores"],
        rewards=inputs["rewards"],
        preference_pairs=inputs["preference_pairs"],
        calibration=calibration,
    )
    manifest = build_release(
        settings.release_dir,
        tables,
        name=settings.release.name,
        code={stage.name: stage_code(stage, settings) for stage in STAGES if stage.name != "release"},
        configuration={
            "weights": settings.weights.model_dump(mode="json"),
            "pairs": {"min_margin": settings.pairs.min_margin, "max_pairs_per_task": settings.pairs.max_per_task},
            "tasks": settings.tasks.model_dump(mode="json"),
            "agents": settings.agents.model_dump(mode="json"),
            "tools": [
                {"type": "function", "function": {"name": t.name, "description": t.description, "parameters": t.parameters}} for t in TOOLS
            ],
        },
        lineage=lineage,
        pages={"report.html": render_report(report_data(inputs, settings.release.name, calibration, lineage, reached))},
    )
    rows = sum(f.rows or 0 for f in manifest.files)
    where = dg.MetadataValue.path(str(settings.release_dir))
    return StageResult(
        to_table(Manifest, [manifest]),
        metadata={"release": where, "release_id": manifest.release_id, "files": len(manifest.files), "rows": rows},
    )


def report_data(
    inputs: Inputs, title: str, calibration: Calibration, lineage: tuple[Lineage, ...], reached: tuple[Goal, ...]
) -> ReportData:
    """What the HTML page shows."""
    return ReportData(
        title=title,
        tasks=tuple(from_table(Task, inputs["task_pool"])),
        trajectories=tuple(from_table(Trajectory, inputs["trajectories"])),
        outcomes=tuple(from_table(Outcome, inputs["outcomes"])),
        scores=(*from_table(StepScore, inputs["rule_scores"]), *from_table(StepScore, inputs["judge_scores"])),
        rewards=tuple(from_table(Reward, inputs["rewards"])),
        pairs=tuple(from_table(PreferencePair, inputs["preference_pairs"])),
        calibration=calibration,
        rollouts=tuple(from_table(Rollout, inputs["rollouts"])),
        goals=reached,
        lineage=lineage,
    )
