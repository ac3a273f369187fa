"""Sources of tasks: found by name or as a module of a user's own, and errors that name the remedy."""

from pathlib import Path

import pytest
from agentsandbox.sandbox import Backend
from agenttasks.errors import UnknownSource
from agenttasks.sources import names, open_source, source_code
from agenttasks.sources.provider import Workshop
from agenttasks.store import TaskStore
from trajruntime.executor import SERIAL
from trajschema.rollout import Limits
from trajschema.task import Environment, Task, TaskSource

OWN = """
from pathlib import Path
from agenttasks.sources.files import Files


def provider(options, root):
    return Files(Path(root, options["where"]))
"""


@pytest.fixture
def workshop(store: TaskStore, local: Backend) -> Workshop:
    return Workshop(store, local, Limits(), SERIAL, lambda done, total, text: None, "test")


@pytest.fixture
def task() -> Task:
    source = TaskSource(kind="imported", licence="MIT", repository="", tag="", commit="")
    return Task.model_validate(
        {
            "task_id": "one",
            "source": source,
            "repo": "one",
            "base_commit": "",
            "language": "python",
            "problem_statement": "Mend it.",
            "environment": Environment(),
            "FAIL_TO_PASS": [],
            "PASS_TO_PASS": [],
            "gold_patch": "",
            "test_patch": "",
            "protected_paths": [],
        }
    )


def test_the_sources_of_the_package_are_found_by_their_files() -> None:
    assert {"injected", "files"} <= set(names())


def test_tasks_in_files_come_back_in_order(tmp_path: Path, workshop: Workshop, task: Task) -> None:
    other = task.model_copy(update={"task_id": "other"})
    (tmp_path / "b.jsonl").write_text(other.model_dump_json() + "\n\n")
    (tmp_path / "a.jsonl").write_text(task.model_dump_json() + "\n")
    source = open_source("files", {"folder": "."}, tmp_path)
    assert [t.task_id for t in source.tasks(workshop)] == ["one", "other"]
    before = source.identity()
    (tmp_path / "a.jsonl").write_text("")
    assert source.identity() != before


def test_a_source_of_ones_own_is_a_function_in_a_module(tmp_path: Path, workshop: Workshop, task: Task) -> None:
    (tmp_path / "own_source.py").write_text(OWN)
    (tmp_path / "mine.jsonl").write_text(task.model_dump_json())
    source = open_source("own_source:provider", {"where": "mine.jsonl"}, tmp_path)
    assert [t.task_id for t in source.tasks(workshop)] == ["one"]
    before = source_code("own_source:provider", tmp_path)
    (tmp_path / "own_source.py").write_text(OWN + "\n# edited\n")
    assert source_code("own_source:provider", tmp_path) != before


def test_an_unknown_source_is_named_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(UnknownSource, match=r"'nowhere'.*injected.*module:attribute"):
        open_source("nowhere", {}, tmp_path)
