"""The nightly refresh: it renews the pool, and the sensor that watches it runs what is missing."""

import dagster as dg

from pipelines.jobs import refresh_pool
from resources.settings import Settings


def nightly(settings: Settings) -> dg.ScheduleDefinition:
    """The schedule at the time that the settings name."""
    return dg.ScheduleDefinition(name="nightly", job=refresh_pool, cron_schedule=settings.orchestration.nightly, execution_timezone="UTC")
