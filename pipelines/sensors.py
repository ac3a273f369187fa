"""Sensors: after a refresh of the pool run what is missing; after a change of weights or rubric run what it touches."""

import json
from collections.abc import Iterator

import dagster as dg
from trajschema.ids import content_id

from pipelines.jobs import range_tags, refresh_pool, run_graph
from resources.asset_options import TASKS
from resources.settings import load
from resources.stages import BY_NAME, downstream

WATCHED = ("judge_scores", "rewards", "preference_pairs", "release")
"""Stages whose settings a person changes while the graph stands."""


def _everything(instance: dg.DagsterInstance, selection: list[str] | None, key: str) -> dg.RunRequest | dg.SkipReason:
    names = list(instance.get_dynamic_partitions(str(TASKS.name)))
    if not names:
        return dg.SkipReason("the pool has no tasks yet: run `trajhub run`, or materialise task_pool")
    chosen = [dg.AssetKey(name) for name in selection] if selection else None
    return dg.RunRequest(run_key=key, job_name=run_graph.name, asset_selection=chosen, tags=range_tags(names[0], names[-1]))


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[refresh_pool],
    request_job=run_graph,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="A refreshed pool is run from end to end; only what is missing is computed.",
)
def pool_refreshed(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
    if "trajhub/command" in context.dagster_run.tags:
        return dg.SkipReason("the command that refreshed the pool runs the rest itself")
    return _everything(context.instance, None, context.dagster_run.run_id)


@dg.sensor(
    job=run_graph,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="When weights, pair rules or the judge change in trajhub.yaml: one range run over what they touch. Off until switched on.",
)
def settings_changed(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    settings = load()
    now = {name: content_id(BY_NAME[name].config(settings), 8) for name in WATCHED}
    before = json.loads(context.cursor) if context.cursor else now
    changed = {name for name in WATCHED if before.get(name) != now[name]}
    context.update_cursor(json.dumps(now, sort_keys=True))
    if not changed:
        yield dg.SkipReason("the settings are as they were")
        return
    yield _everything(context.instance, downstream(changed), content_id(now))
