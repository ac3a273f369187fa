"""The command line."""

from pathlib import Path

import pytest
from agenttasks.__main__ import app
from agenttasks.libraries.library import libraries
from typer.testing import CliRunner


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_libraries_are_listed_with_version_and_licence() -> None:
    code, output = run("libraries")
    assert code == 0
    assert all(entry.name in output and entry.version in output and entry.licence in output for entry in libraries().values())


def test_an_unknown_library_ends_with_its_name() -> None:
    code, output = run("fetch", "nowhere")
    assert code == 2
    assert "'nowhere' is not in the table" in output


def test_a_library_that_cannot_be_fetched_ends_with_cause_and_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    code, output = run("fetch", "inflection", "--store", str(tmp_path))
    assert code == 1
    assert "inflection" in output
    assert "remedy" in output


def test_a_task_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "tasks.jsonl").write_text("")
    code, output = run("show", "semver-1", str(tmp_path / "tasks.jsonl"))
    assert code == 1
    assert "semver-1" in output
