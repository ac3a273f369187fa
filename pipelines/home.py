"""Dagster's home, kept in the data folder: run history that lasts, telemetry off, one run and one writing step at a time."""

import os
from pathlib import Path

import yaml

from resources.settings import Settings


def prepare(settings: Settings) -> Path:
    """Write ``dagster.yaml`` and point ``DAGSTER_HOME`` at it. Returns the folder."""
    home = settings.data_dir / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    config: dict[str, object] = {
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        "concurrency": {"runs": {"max_concurrent_runs": 1}, "pools": {"granularity": "op", "default_limit": 1}},
        "run_monitoring": {"enabled": True, "poll_interval_seconds": 60, "free_slots_after_run_end_seconds": 60},
    }
    if settings.orchestration.storage_url:
        config["storage"] = {"postgres": {"postgres_url": settings.orchestration.storage_url}}
    text = yaml.safe_dump(config, sort_keys=True)
    file = home / "dagster.yaml"
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(home)
    return home
