"""task_pool: validated tasks, made by a seed from pinned libraries and one's own, and those brought in. Registers the partitions."""

import dagster as dg
import pyarrow as pa
from agenttasks.errors import RepositoryUnusable
from agenttasks.library import Library
from agenttasks.local import from_folder
from agenttasks.pool import build_pool
from agenttasks.store import TaskStore
from trajschema.arrow import to_table
from trajschema.task import Task

from resources.agent_code import SANDBOX
from resources.asset_options import TASKS, asset_options
from resources.imports import Imports
from resources.incremental.asset import Incremental
from resources.incremental.code import fingerprint
from resources.incremental.keys import expected_key
from resources.incremental.plan import listing, tasks_of
from resources.incremental.run import explain
from resources.lake import ALL, Failure, Lake
from resources.progress import Progress
from resources.repositories import repositories
from resources.sandbox import SandboxResource
from resources.settings import Settings
from resources.stages import BY_NAME, GRADER

KEYS_A_CALL = 10_000


def asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset under ``settings``."""

    @dg.asset(**asset_options("task_pool", settings, kinds={"python", "parquet"}, description=__doc__))
    def task_pool(
        context: dg.AssetExecutionContext,
        incremental: dg.ResourceParam[Incremental],
        sandbox: dg.ResourceParam[SandboxResource],
        store: dg.ResourceParam[TaskStore],
    ) -> dg.MaterializeResult:
        incremental.hold(context.run_id)
        lake, progress = incremental.lake, incremental.progress
        stage = BY_NAME["task_pool"]
        key = expected_key(stage, ALL, incremental.settings, lake, listing(lake))
        members = tasks_of(listing(lake))
        index = lake.stored("task_pool").get(ALL)
        new: list[str] = []
        failures = lake.failures("task_pool")
        if index is None or index.key != key or failures or index.rows != len(members):
            progress.start("task_pool", incremental.settings.tasks.count, 0)
            try:
                tasks = gather(incremental, sandbox, store)
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
    """The pool under the settings: injected tasks first, then imported ones; one task for each id."""
    asked = incremental.settings.tasks
    problems: list[Exception] = []
    own = own_libraries(incremental.settings, store, problems) if asked.count else []
    injected = (
        build_pool(
            [*asked.libraries, *own],
            asked.count,
            asked.seed,
            store,
            sandbox.backend,
            sandbox.limits,
            executor=incremental.workers,
            progress=_Counted(incremental.progress),
            validator_version=fingerprint("agenttasks.validate", *GRADER, *SANDBOX),
            on_error=problems.append,
        )
        if asked.count and not problems
        else []
    )
    if problems:  # a pool without one of its libraries would be another pool, and its tasks would go again once it is back
        raise ExceptionGroup("; ".join(map(str, problems)), problems)
    imported = Imports(incremental.settings.imports_dir).tasks()
    return list({task.task_id: task for task in [*injected, *imported]}.values())


def own_libraries(settings: Settings, store: TaskStore, problems: list[Exception]) -> list[Library]:
    """Repositories of one's own, packed as they are now; what is wrong with the others goes to ``problems``."""
    found = []
    for folder, entry in repositories(settings):
        try:
            found.append(from_folder(folder, entry, store))
        except RepositoryUnusable as error:
            problems.append(error)
    return found


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
