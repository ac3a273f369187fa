"""A fault in a released library: found and repaired by the localising agent, and graded outside of its box."""

import os
from pathlib import Path

import pytest
from agentgrader.grade import grade
from agentgrader.run import run_tests
from agentrollout.embedded import embedded
from agentrollout.loop import Budget, rollout
from agentsandbox.sandbox import Backend
from agenttasks.errors import LibraryUnavailable
from agenttasks.faults.operators import candidates
from agenttasks.libraries.archive import source_files, unpack
from agenttasks.libraries.fetch import fetch
from agenttasks.libraries.library import library
from agenttasks.store import TaskStore
from trajschema.rollout import Limits
from trajschema.task import Task

LIBRARY = library("inflection")


@pytest.fixture
def store(environments: Path) -> TaskStore:
    return TaskStore(environments / "tasks")


@pytest.fixture
def archive(store: TaskStore) -> bytes:
    try:
        return fetch(LIBRARY, store)
    except LibraryUnavailable as problem:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(problem))


def _faulty(archive: bytes, backend: Backend) -> Task:
    """A task with the library's first condition negated, its failing and passing tests measured in a box."""
    files = source_files(unpack(archive), LIBRARY)
    path, text = next(iter(sorted(files.items())))
    mutation = candidates(text, path, ["negate_if"])[0]
    with backend.open(Limits(), LIBRARY.environment()) as box:
        box.load(archive)
        before = run_tests(box, LIBRARY.environment()).statuses
        box.call("file_write", {"path": path, "content": mutation.apply(text)})
        bug, after = box.diff(), run_tests(box, LIBRARY.environment()).statuses
        box.load(archive, [bug])
        box.call("file_write", {"path": path, "content": text})
        gold = box.diff()
    failing = tuple(test for test in before if before[test] == "passed" and after.get(test) == "failed")
    passing = tuple(test for test in before if before[test] == after.get(test) == "passed")
    return Task(
        task_id="inflection-0",
        source=LIBRARY.source((mutation.operator,)),
        repo=LIBRARY.name,
        base_commit="0",
        problem_statement="Tests fail.\n\n" + "".join(f"FAIL {test}\n" for test in failing[:5]),
        environment=LIBRARY.environment(),
        FAIL_TO_PASS=failing,
        PASS_TO_PASS=passing,
        bug_patch=bug,
        gold_patch=gold,
        protected_paths=LIBRARY.protected_paths(),
    )


def test_the_localising_agent_repairs_a_real_library(archive: bytes, local: Backend) -> None:
    task = _faulty(archive, local)
    run = rollout(task, archive, embedded("localising").agent, 0, 0, local, Limits(), Budget())
    outcome = grade(task, archive, run.final_diff, local, Limits(), rollout_id=run.rollout_id, grader_version="1")
    assert run.exit == "submitted"
    assert outcome.verdict == "resolved"
    assert outcome.fail_to_pass_total == len(task.FAIL_TO_PASS) > 0
