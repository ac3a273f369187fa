"""Jobs: refresh the pool; run the tasks and what follows from them."""

import dagster as dg

from resources.stages import STAGES

REFRESH = "refresh_pool"
GRAPH = "run_graph"

refresh_pool = dg.define_asset_job(
    REFRESH, selection=dg.AssetSelection.assets("task_pool"), description="Refresh the task pool and its partitions."
)
run_graph = dg.define_asset_job(
    GRAPH,
    selection=dg.AssetSelection.assets(*[s.name for s in STAGES if s.name != "task_pool"]),
    description="Bring a range of tasks up to date, from rollouts to the release. Computes only what is missing.",
)
JOBS = [refresh_pool, run_graph]
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def quiet() -> dict[str, object]:
    """Run configuration that keeps Dagster's own log off the terminal; it stays in the run's record."""
    return dict(_QUIET)


def range_tags(first: str, last: str) -> dict[str, str]:
    """Run tags that ask for the partitions from ``first`` to ``last``."""
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
