"""Validation and pool, with real suites in real boxes."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agentgrader.run import run_tests
from agentsandbox.errors import SandboxError
from agentsandbox.sandbox import Backend, Sandbox
from agenttasks.errors import LibraryUnavailable, LibraryUnfit, PoolExhausted, PoolIncomplete, TaskError, UnknownLibrary
from agenttasks.faults.inject import Candidate
from agenttasks.faults.operators import candidates
from agenttasks.libraries.library import Library, library
from agenttasks.pool import build_pool
from agenttasks.store import TaskStore
from agenttasks.validation.validate import certify
from agenttasks.validation.verdict import Rejected
from trajruntime.executor import SerialExecutor, ThreadExecutor
from trajschema.rollout import Limits
from trajschema.task import Certificate, Comparability, Environment, Task

Choose = Callable[..., Candidate]


@pytest.fixture
def candidate(shapes_source: str) -> Choose:
    """A candidate of the mutations named by operator, function and new text."""

    def choose(entry: Library, *wanted: tuple[str, str, str]) -> Candidate:
        found = [m for o, f, after in wanted for m in candidates(shapes_source, "shapes.py", [o]) if m.function == f and m.after == after]
        assert len(found) == len(wanted)
        return Candidate(entry, tuple(sorted(found, key=lambda m: m.edits)))

    return choose


def content(tasks: Iterable[Task]) -> list[dict[str, Any]]:
    return [task.model_dump(exclude={"certificate_seconds"}) for task in tasks]


def check(task: Task, store: TaskStore, backend: Backend) -> None:
    """The task is what its certificate says, in a new box."""
    with backend.open(Limits(), task.environment) as box:
        box.load(store.tree(task), [task.bug_patch])
        faulty = run_tests(box, task.environment)
        assert {faulty.statuses[test] for test in task.FAIL_TO_PASS} <= {"failed", "error"}
        assert {faulty.statuses[test] for test in task.PASS_TO_PASS} == {"passed"}
        box.apply(task.gold_patch)
        fixed = run_tests(box, task.environment)
        assert {fixed.statuses[test] for test in (*task.FAIL_TO_PASS, *task.PASS_TO_PASS)} == {"passed"}


def test_a_fault_that_some_tests_see_becomes_a_task(shapes: Library, store: TaskStore, local: Backend, candidate: Choose) -> None:
    task = certify(candidate(shapes, ("comparison", "count_even", "!=")), store, local, Limits(), "v1")
    assert isinstance(task, Task)
    assert task.task_id.startswith("shapes-")
    assert len(task.task_id) == len("shapes-") + 12
    assert re.findall(r"^FAIL (.+)$", task.problem_statement, re.MULTILINE) == list(task.FAIL_TO_PASS)[:5]
    assert task.covering_tests == ("tests/test_shapes.py::test_count[values3-1]",)
    assert task.certificate is not None
    assert (task.certificate.gold_runs, task.certificate.bug_runs, task.certificate.tests_seen) == (2, 2, 21)
    assert task.certificate.validator_version == "v1"
    assert task.certificate.comparability == Comparability(functions=1, compared=1, calls=5)
    assert task.comparable
    assert "shapes.py" not in task.problem_statement.replace("test_shapes.py", "")
    check(task, store, local)


def test_a_fault_that_no_test_sees_is_refused(shapes: Library, store: TaskStore, local: Backend, candidate: Choose) -> None:
    verdict = certify(candidate(shapes, ("comparison", "clamp", ">=")), store, local, Limits())
    assert isinstance(verdict, Rejected)
    assert verdict.why == "survives"


def test_a_fault_without_a_guard_is_refused(shapes: Library, store: TaskStore, local: Backend, candidate: Choose) -> None:
    verdict = certify(candidate(shapes, ("remove_body", "clamp", "pass")), store, local, Limits())
    assert isinstance(verdict, Rejected)
    assert verdict.why == "no_guard"


def test_a_place_that_no_test_notices_is_refused(shapes: Library, store: TaskStore, local: Backend, candidate: Choose) -> None:
    two = candidate(shapes, ("comparison", "count_even", "!="), ("comparison", "clamp", ">="))
    verdict = certify(two, store, local, Limits())
    assert isinstance(verdict, Rejected)
    assert verdict.why == "idle_place"


def test_two_places_that_tests_notice_become_one_task(shapes: Library, store: TaskStore, local: Backend, candidate: Choose) -> None:
    two = candidate(shapes, ("comparison", "count_even", "!="), ("boolean_operator", "area", "and"))
    task = certify(two, store, local, Limits())
    assert isinstance(task, Task)
    assert task.source.operators == ("boolean_operator", "comparison")
    check(task, store, local)


def test_a_flaky_test_is_named_and_in_no_list(flaky_shapes: Library, store: TaskStore, local: Backend, candidate: Choose) -> None:
    task = certify(candidate(flaky_shapes, ("comparison", "count_even", "!=")), store, local, Limits())
    assert isinstance(task, Task)
    flaky = "tests/test_shapes.py::test_now_and_then"
    assert task.certificate is not None
    assert task.certificate.flaky == (flaky,)
    assert flaky not in (*task.FAIL_TO_PASS, *task.PASS_TO_PASS)


@pytest.mark.soak
def test_a_pool_is_the_same_however_it_is_built(shapes: Library, store: TaskStore, local: Backend, tmp_path: Path) -> None:
    class Backwards:
        def map(self, function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
            yield from SerialExecutor().map(function, reversed(list(items)))

    four = build_pool([shapes], 4, 1, store, local, Limits(), executor=ThreadExecutor(2))
    assert len({task.task_id for task in four}) == 4
    other = TaskStore(tmp_path / "other")
    (other.root / "downloads").mkdir(parents=True)
    name = "shapes-1.0.tar.gz"
    other.download(name).write_bytes(store.download(name).read_bytes())
    assert content(build_pool([shapes], 2, 1, other, local, Limits(), executor=Backwards())) == content(four[:2])
    assert content(build_pool([shapes], 4, 1, other, local, Limits())) == content(four)


def test_a_pool_can_be_of_tasks_whose_passes_can_be_confirmed(shapes: Library, store: TaskStore, local: Backend) -> None:
    (first,) = build_pool([shapes], 1, 1, store, local, Limits())
    (kept,) = [f for f in (store.root / "records" / "certificates").rglob("*.json") if first.task_id in f.read_text()]
    kept.write_text(kept.read_text().replace('"compared":1', '"compared":0'))
    (task,) = build_pool([shapes], 1, 1, store, local, Limits(), comparable=True)
    assert task.task_id != first.task_id
    assert task.comparable
    assert not build_pool([shapes], 1, 1, store, local, Limits())[0].comparable


def test_what_is_not_known_to_be_comparable_is_not(shapes: Library) -> None:
    task = Task.ungraded("t", "", shapes.environment())
    assert not task.comparable
    assert Certificate.model_validate({"gold_runs": 2, "bug_runs": 2, "tests_seen": 9}).comparability is None


class CountingBackend:
    """A real backend that counts boxes, and can be told to fail."""

    name = "local"

    def __init__(self, real: Backend) -> None:
        self._real = real
        self.opened = 0
        self.fail_after: int | None = None

    def check(self, trusted: bool = True) -> None:
        self._real.check(trusted)

    def prepare(self, progress: Callable[[str], None]) -> None:
        self._real.prepare(progress)

    def open(self, limits: Limits, environment: Environment, trusted: bool = False) -> Sandbox:
        if self.fail_after is not None and self.opened >= self.fail_after:
            raise SandboxError("the engine is gone", "start it")
        self.opened += 1
        return self._real.open(limits, environment, trusted)

    def reap(self) -> int:
        return self._real.reap()


@pytest.mark.soak
def test_what_was_validated_is_kept_when_the_sandbox_fails_and_not_done_again(shapes: Library, store: TaskStore, local: Backend) -> None:
    backend = CountingBackend(local)
    backend.fail_after = 3
    with pytest.raises(PoolIncomplete, match="the engine is gone") as caught:
        build_pool([shapes], 3, 1, store, backend, Limits())
    backend.fail_after = None
    tasks = build_pool([shapes], 3, 1, store, backend, Limits())
    assert content(tasks[: len(caught.value.tasks)]) == content(caught.value.tasks)
    before = backend.opened
    assert build_pool([shapes], 3, 1, store, backend, Limits()) == tasks
    assert backend.opened == before + 1  # one box, to learn what the environment is


def test_a_library_that_cannot_be_had_is_told_and_the_others_go_on(
    shapes: Library, store: TaskStore, local: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    missing = replace(shapes, name="absent")
    problems: list[TaskError] = []
    tasks = build_pool([missing, shapes], 2, 1, store, local, Limits(), on_error=problems.append)
    assert [task.repo for task in tasks] == ["shapes", "shapes"]
    assert [type(problem) for problem in problems] == [LibraryUnavailable]


def test_a_library_whose_tests_do_not_run_is_told(with_tests: Callable[[str], Library], store: TaskStore, local: Backend) -> None:
    broken = with_tests("import missing_module\n")
    problems: list[TaskError] = []
    assert build_pool([broken], 2, 1, store, local, Limits(), on_error=problems.append) == []
    assert [type(problem) for problem in problems] == [LibraryUnfit, PoolExhausted]


def test_an_unknown_name_is_refused_at_once(store: TaskStore, local: Backend) -> None:
    with pytest.raises(UnknownLibrary):
        build_pool(["nowhere"], 1, 1, store, local, Limits())


@pytest.mark.soak
def test_three_tasks_of_a_real_library(store: TaskStore, real_backend: Backend) -> None:
    problems: list[TaskError] = []
    tasks = build_pool(["humanize"], 3, 1, store, real_backend, Limits(), on_error=problems.append)
    if problems and os.environ.get("CI") != "true":
        pytest.skip(str(problems[0]))
    assert len(tasks) == 3
    assert any(len(task.source.operators) > 1 for task in tasks)
    for task in tasks:
        assert task.source.version == library("humanize").version
        check(task, store, real_backend)
