"""Everything that the code server loads, from one factory. Tests swap a resource through ``overrides`` and nothing else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from agenttasks.store import TaskStore
from trajruntime.executor import ThreadExecutor

from assets import (
    calibration_report,
    human_labels,
    judge_scores,
    outcomes,
    preference_pairs,
    release,
    rewards,
    rollouts,
    rule_scores,
    task_pool,
    trajectories,
)
from pipelines import checks, jobs, schedules, sensors
from resources import settings as configuration
from resources.incremental.asset import Incremental
from resources.judge import JudgeResource
from resources.lake import Lake
from resources.lock import Lock
from resources.progress import Lines
from resources.sandbox import SandboxResource

_MODULES = (
    task_pool,
    rollouts,
    outcomes,
    trajectories,
    rule_scores,
    judge_scores,
    rewards,
    preference_pairs,
    human_labels,
    calibration_report,
    release,
)


def build_resources(settings: configuration.Settings) -> dict[str, Any]:
    """Resource name → resource, wired from ``settings``. Nothing is opened before it is used."""
    return {
        "incremental": Incremental(
            settings,
            Lake(settings.lake_url),
            Lock(settings.data_dir / "lock.json"),
            ThreadExecutor(settings.orchestration.workers),
            Lines(),
        ),
        "sandbox": SandboxResource(settings),
        "store": TaskStore(settings.data_dir / "store"),
        "judge": JudgeResource(settings),
    }


def build_defs(overrides: Mapping[str, Any] | None = None, settings_file: Path | None = None) -> dg.Definitions:
    """All definitions under the settings file (``trajhub.yaml``, or the one that ``TRAJHUB_CONFIG`` names).

    Raises:
        SettingsError: the settings cannot be used.
    """
    settings = configuration.load(settings_file)
    assets = [module.asset(settings) for module in _MODULES]
    return dg.Definitions(
        assets=dg.with_source_code_references(assets),
        asset_checks=checks.build(),
        jobs=jobs.JOBS,
        schedules=[schedules.nightly(settings)],
        sensors=[sensors.pool_refreshed, sensors.settings_changed],
        resources={**build_resources(settings), **(overrides or {})},
        executor=dg.in_process_executor,
    )


defs = build_defs()
