"""Everything that the code server loads, from one factory. Tests swap a resource through ``overrides`` and nothing else."""

import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

import assets
from pipelines import checks, jobs, schedules, sensors
from resources.agents import AgentsResource
from resources.incremental.asset import Incremental
from resources.judge import JudgeResource
from resources.sandbox import SandboxResource
from resources.settings import Settings, load
from resources.storage import TaskStoreResource


def build_resources(settings: Settings) -> dict[str, Any]:
    """Resource name → resource, as the settings say. Nothing is opened before it is used."""
    return {
        "incremental": Incremental.of(settings),
        "sandbox": SandboxResource.of(settings),
        "agents": AgentsResource.of(settings),
        "judge": JudgeResource.of(settings),
        "store": TaskStoreResource(folder=str(settings.data_dir / "store")),
    }


def build_defs(overrides: Mapping[str, Any] | None = None, settings_file: Path | None = None) -> dg.Definitions:
    """All definitions under the settings file (``trajhub.yaml``, or the one that ``TRAJHUB_CONFIG`` names).

    Raises:
        SettingsError: the settings cannot be used.
    """
    settings = load(settings_file)
    modules = [importlib.import_module(found.name) for found in pkgutil.iter_modules(assets.__path__, "assets.")]
    return dg.Definitions(
        assets=dg.with_source_code_references([module.asset(settings) for module in modules]),
        asset_checks=checks.build(),
        jobs=jobs.JOBS,
        schedules=[schedules.nightly(settings)],
        sensors=[sensors.pool_refreshed, sensors.settings_changed],
        resources={**build_resources(settings), **(overrides or {})},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What ``dagster dev`` loads."""
    return build_defs()
