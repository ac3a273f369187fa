"""The published cheats on tasks from real libraries: none is resolved, and each is named. Honest patches are resolved, every time."""

import os
from collections.abc import Callable

import pytest
from agentsandbox.backends import choose
from agentsandbox.box import Backend
from agentsandbox.cheats.suite import CHEATS, Attempt, attempts, secret_on_the_host
from agentsandbox.errors import BackendUnavailable
from agentsandbox.grading import grade
from agenttasks.pool import build_pool
from agenttasks.store import TaskStore
from trajschema.rollout import Limits
from trajschema.task import Task
from trajtests.projects import WARM

LIBRARIES = ("inflection", "cachetools", "semver")
LIMITS = Limits(call_timeout_s=30)
FIRST = tuple({cheat.case: cheat for cheat in reversed(CHEATS)}.values())
LAST = tuple({cheat.case: cheat for cheat in CHEATS}.values())
"""One way of each case."""
Pool = Callable[[int], list[Task]]


def _backend(name: str) -> Backend:
    try:
        return choose(name, environments=WARM / "environments", label="cheats", progress=print)  # type: ignore[arg-type]
    except BackendUnavailable as error:
        if name == "docker" and os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def store() -> TaskStore:
    return TaskStore(WARM / "store")


@pytest.fixture(scope="session")
def pool(store: TaskStore) -> Pool:
    """So many tasks, from the libraries in turn."""
    backend = choose(environments=WARM / "environments", label="cheats", progress=print)
    return lambda count: build_pool(LIBRARIES, count, 1, store, backend, LIMITS)


def _tried(cheats: object, task: Task, store: TaskStore, backend: Backend) -> list[Attempt]:
    with secret_on_the_host():
        return list(attempts(cheats, task, store.tree(task), backend, LIMITS))  # type: ignore[arg-type]


def _got_through(tried: list[Attempt]) -> list[tuple[object, ...]]:
    assert tried
    return [(a.cheat.case, a.cheat.name, a.task_id, a.verdict, a.evidence) for a in tried if not a.caught]


@pytest.mark.docker
@pytest.mark.parametrize("turn", range(len(LIBRARIES)))
def test_a_way_of_every_case_is_unresolved_and_named_on_some_task(pool: Pool, store: TaskStore, turn: int) -> None:
    task = pool(len(LIBRARIES))[turn]
    assert not _got_through(_tried(LAST[turn :: len(LIBRARIES)], task, store, _backend("docker")))


def test_cheats_are_unresolved_and_named_in_bubblewrap(pool: Pool, store: TaskStore) -> None:
    assert not _got_through(_tried(FIRST[::2], pool(1)[0], store, _backend("bubblewrap")))


@pytest.mark.soak
@pytest.mark.parametrize("name", ["docker", "bubblewrap"])
def test_every_cheat_is_unresolved_and_named_on_tasks_of_three_libraries(pool: Pool, store: TaskStore, name: str) -> None:
    tried = [a for task in pool(len(LIBRARIES)) for a in _tried(CHEATS, task, store, _backend(name))]
    assert len({a.task_id for a in tried}) == len(LIBRARIES)
    assert not _got_through(tried)


@pytest.mark.soak
@pytest.mark.docker
def test_a_hundred_gold_patches_are_resolved(pool: Pool, store: TaskStore) -> None:
    tasks, backend = pool(100), _backend("docker")
    assert len(tasks) == 100
    graded = [grade(t, store.tree(t), t.gold_patch, backend, LIMITS, rollout_id="gold", grader_version="1") for t in tasks]
    assert [(o.task_id, o.reason, o.tamper) for o in graded if o.verdict != "resolved" or o.tamper] == []


@pytest.mark.soak
@pytest.mark.docker
def test_two_hundred_gradings_of_one_patch_give_one_outcome(pool: Pool, store: TaskStore) -> None:
    (task,), backend = pool(1), _backend("docker")
    tree = store.tree(task)
    graded = {
        grade(task, tree, task.gold_patch, backend, LIMITS, rollout_id="gold", grader_version="1").model_dump_json(exclude={"seconds"})
        for _ in range(200)
    }
    assert len(graded) == 1
