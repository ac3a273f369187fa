"""task_pool: validated tasks, made by a seed from pinned libraries and one's own, and those brought in. Registers the partitions."""

import dagster as dg
import pyarrow as pa
from agenttasks.sources.provider import Workshop
from agenttasks.store import TaskStore
from trajschema.arrow import to_table
from trajschema.task import Task

from resources.agent_code import SANDBOX
from resources.asset_options import TASKS, asset_options
from resources.incremental.asset import Incremental
from resources.incremental.code import fingerprint
from resources.incremental.keys import expected_key
from resources.incremental.plan import listing, tasks_of
from resources.incremental.run import explain
from resources.lake import ALL, Failure, Lake
from resources.progress import Progress
from resources.sandbox import SandboxResource
from resources.settings import Settings
from resources.stages import BY_NAME, GRADER
from resources.storage import TaskStoreResource
from resources.task_sources import task_sources

KEYS_A_CALL = 10_000


def asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset under ``settings``."""

    @dg.asset(**asset_options("task_pool", settings, kinds={"python", "parquet"}, description=__doc__))
    def task_pool(
        context: dg.AssetExecutionContext,
        incremental: Incremental,
        sandbox: SandboxResource,
        store: TaskStoreResource,
    ) -> dg.MaterializeResult:
        incremental.storage.hold(context.run_id)
        lake, progress = incremental.lake, incremental.progress
        stage = BY_NAME["task_pool"]
        settings = sandbox.applied(incremental.settings)
        key = expected_key(stage, ALL, settings, lake, listing(lake))
        members = tasks_of(listing(lake))
        index = lake.stored("task_pool").get(ALL)
        new: list[str] = []
        failures = lake.failures("task_pool")
        if index is None or index.key != key or failures or index.rows != len(members):
            progress.start("task_pool", incremental.settings.tasks.count, 0)
            try:
                tasks = gather(incremental, sandbox, store.opened)
            except Exception as error:
                lake.fail(Failure("task_pool", ALL, str(key), explain(error)))
                progress.advance("task_pool", ALL, explain(error))
                raise dg.Failure(explain(error), allow_retries=False) from error
            before = lake.stored("task_pool")
            for task in tasks:
                stored = lake.write("task_pool", task.task_id, key, to_table(Task, [task]), volatile=stage.volatile)
                if task.task_id not in before or before[task.task_id].digest != stored.digest:
                    new.append(task.task_id)
            drop(lake, set(members) - {task.task_id for task in tasks})
            members = sorted(task.task_id for task in tasks)
            lake.write("task_pool", ALL, key, pa.table({"task_id": pa.array(members, pa.string())}))
            progress.finish("task_pool")
        else:
            progress.start("task_pool", 0, len(members))
        register(context.instance, members)
        return dg.MaterializeResult(
            metadata={
                "tasks": len(members),
                "computed": len(new),
                "cached": len(members) - len(new),
                "failed": 0,
                "dagster/row_count": len(members),
            }
        )

    return task_pool


def gather(incremental: Incremental, sandbox: SandboxResource, store: TaskStore) -> list[Task]:
    """The pool under the settings, source by source; one task for each id."""
    workshop = Workshop(
        store,
        sandbox.opened,
        sandbox.limits,
        incremental.executor,
        _Counted(incremental.progress),
        fingerprint("agenttasks.validation.validate", *GRADER, *SANDBOX),
    )
    found = (task for source in task_sources(incremental.settings) for task in source.tasks(workshop))
    return list({task.task_id: task for task in found}.values())


class _Counted:
    """Turns the pool's own count into steps of the progress."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.shown = 0

    def __call__(self, done: int, total: int, what: str) -> None:
        for _ in range(done - self.shown):
            self.progress.advance("task_pool", what, None)
        self.shown = max(done, self.shown)


def drop(lake: Lake, gone: set[str]) -> None:
    """Forget tasks that left the pool, in every stage."""
    for stage in BY_NAME.values():
        if stage.per_task or stage.name == "task_pool":
            for task in gone:
                lake.drop(stage.name, task)


def register(instance: dg.DagsterInstance, members: list[str]) -> None:
    """Make the partitions of the graph those of the pool."""
    known = set(instance.get_dynamic_partitions(str(TASKS.name)))
    for start in range(0, len(members), KEYS_A_CALL):
        fresh = [name for name in members[start : start + KEYS_A_CALL] if name not in known]
        if fresh:
            instance.add_dynamic_partitions(str(TASKS.name), fresh)
    for name in sorted(known - set(members)):
        instance.delete_dynamic_partition(str(TASKS.name), name)
