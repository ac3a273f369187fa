"""The ``agentgrader`` command, as a program: what it prints and how it ends."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from agentsandbox.sandbox import Backend
from agentsandbox.trees import tree_of
from trajschema.ids import sha256_bytes
from trajschema.task import Environment, Task, TaskSource
from trajtests.calc import BUG, Command, folder, program

GOLD = "--- a/calc.py\n+++ b/calc.py\n@@ -1,2 +1,2 @@\n def add(a, b):\n-    return a - b\n+    return a + b\n"

__all__ = ["folder"]


@pytest.fixture
def command(command_environ: dict[str, str], tmp_path: Path) -> Command:
    """Run ``agentgrader ARGUMENTS`` to its end in ``tmp_path``."""
    return program("agentgrader", command_environ, tmp_path)


@pytest.fixture
def task(folder: Path, tmp_path: Path) -> Task:
    """A task on that repository, in ``task.json``, with its tree in a store beside it."""
    tree = tree_of(folder)
    found = Task(
        task_id="calc-1",
        source=TaskSource(kind="injected"),
        repo="calc",
        base_commit="",
        problem_statement="add is wrong",
        environment=Environment(timeout_s=20),
        FAIL_TO_PASS=("tests/test_calc.py::test_add",),
        PASS_TO_PASS=("tests/test_calc.py::test_zero",),
        bug_patch=BUG,
        gold_patch=GOLD,
        protected_paths=("tests/**",),
        base_archive=sha256_bytes(tree),
    )
    (tmp_path / "store" / "trees").mkdir(parents=True)
    (tmp_path / "store" / "trees" / f"{found.base_archive}.tar").write_bytes(tree)
    (tmp_path / "task.json").write_text(found.model_dump_json(indent=1))
    return found


def test_help_names_every_command(command: Command) -> None:
    told = command("--help")
    assert told.returncode == 0
    for name in ("grade", "exploits"):
        assert f" {name} " in told.stdout
        assert command(name, "--help").returncode == 0


NAMES = {
    *("verdict", "confirmation", "confirmation_reason", "functions_total", "functions_compared", "calls_compared", "calls_differing"),
    *("regressions_sampled", "regressions_total", "tamper"),
}


def test_grade_prints_a_verdict_and_ends_by_it(quick_backend: Backend, command: Command, task: Task, tmp_path: Path) -> None:
    (tmp_path / "gold.patch").write_text(GOLD)
    good = command("grade", "task.json", "gold.patch", "-b", quick_backend.name)
    assert good.returncode == 0, good.stderr
    assert good.stdout.startswith("resolved: every required test passed\n")
    assert re.search(r"^  confirmed: \S", good.stdout, re.MULTILINE)
    assert "\n  functions of the fix compared 1 of 1\n" in good.stdout
    assert re.search(r"^  calls compared \d+, answered otherwise 0$", good.stdout, re.MULTILINE)
    bad = command("grade", "task.json", "-", "-b", quick_backend.name, "--json")
    assert bad.returncode == 1
    outcome = json.loads(bad.stdout)
    assert (outcome["verdict"], outcome["fail_to_pass_fixed"], outcome["pass_to_pass_broken"]) == ("unresolved", 0, 0)
    assert (outcome["confirmation"], outcome["confirmation_reason"]) == (None, "")
    none = command("grade", "task.json", "gold.patch", "--id", "other", "--json")
    assert none.returncode == 2
    assert "0 tasks whose id begins with 'other'" in none.stderr
    error = json.loads(none.stdout)
    assert error["verdict"] == "error"
    assert "begins with 'other'" in error["reason"]
    assert error.keys() == outcome.keys() >= NAMES


def test_a_pass_that_answers_otherwise_than_the_gold_patch_is_not_taken(
    quick_backend: Backend, command: Command, task: Task, tmp_path: Path
) -> None:
    (tmp_path / "table.patch").write_text(GOLD.replace("+    return a + b\n", "+    return [0, 3][a]\n"))
    done = command("grade", "task.json", "table.patch", "-b", quick_backend.name, "--json")
    outcome = json.loads(done.stdout)
    assert outcome["verdict"] == "resolved", "the tests know two sums"
    assert outcome["confirmation"] == "doubted"
    assert outcome["calls_differing"] > 0
    assert "gold patch" in outcome["confirmation_reason"]
    assert done.returncode == 1


def test_a_tree_in_a_store_that_is_not_what_its_name_says_gives_no_verdict(command: Command, task: Task, tmp_path: Path) -> None:
    tree = tmp_path / "store" / "trees" / f"{task.base_archive}.tar"
    tree.write_bytes(tree.read_bytes().replace(b"assert add(1, 2) == 3", b"assert add(1, 2) == 4"))
    (tmp_path / "gold.diff").write_text(GOLD)
    done = command("grade", "task.json", "gold.diff")
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {tree} is damaged: ")


def test_the_sandbox_offers_grade_too(quick_backend: Backend, command_environ: dict[str, str], task: Task, tmp_path: Path) -> None:
    (tmp_path / "gold.patch").write_text(GOLD)
    program = [sys.executable, "-m", "agentsandbox", "grade", "task.json", "gold.patch", "-b", quick_backend.name, "--json"]
    done = subprocess.run(program, capture_output=True, text=True, env=command_environ, cwd=tmp_path, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] == "resolved"


def test_exploits_on_a_task_of_ones_own_are_all_caught(quick_backend: Backend, command: Command, task: Task, tmp_path: Path) -> None:
    (tmp_path / "tasks.jsonl").write_text(task.model_dump_json() + "\n")
    done = command("exploits", "tasks.jsonl", "-b", quick_backend.name, "--case", "12", "--json", "rows.jsonl")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert {row["verdict"] for row in rows} == {"unresolved"}
