"""What all assets have in common, so that each module in ``assets/`` says only what is its own."""

from datetime import timedelta
from typing import Any

import dagster as dg
from trajschema.ids import content_id

from resources.incremental.keys import stage_code
from resources.settings import Settings
from resources.stages import BY_NAME

TASKS = dg.DynamicPartitionsDefinition(name="tasks")
OWNER = "team:trajectory-hub"
POOL = "lake"
"""Concurrency pool of all stages: with a limit of 1, one step writes at a time on all machines that share Dagster's storage."""


def code_version(name: str, settings: Settings) -> str:
    """Code and configuration of a stage: what marks it stale in the UI, the same hashes as in the lake's keys."""
    stage = BY_NAME[name]
    return f"{stage_code(stage, settings)[:8]}-{content_id(stage.config(settings), 8)}"


def asset_options(name: str, settings: Settings, *, kinds: set[str], **more: Any) -> dict[str, Any]:
    """Arguments of ``dg.asset`` for the stage ``name``."""
    stage = BY_NAME[name]
    size = settings.orchestration.partitions_per_run
    common: dict[str, Any] = {
        "name": name,
        "deps": list(stage.reads),
        "group_name": stage.group,
        "kinds": kinds,
        "owners": [OWNER],
        "pool": POOL,
        "code_version": code_version(name, settings),
    }
    if stage.per_task:
        common["partitions_def"] = TASKS
        common["backfill_policy"] = dg.BackfillPolicy.multi_run(size) if size else dg.BackfillPolicy.single_run()
    elif name != "task_pool":
        common["freshness_policy"] = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=26))
    return {**common, **more}
