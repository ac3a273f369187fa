"""The user's own repository goes through the whole graph, and an edit of it makes the pool stale."""

import subprocess
from pathlib import Path

import pytest
from trajschema.arrow import from_table
from trajschema.task import Task
from trajtests.own_library import BILL, MYLIB, make_mylib
from trajtests.projects import Project, make_project

pytestmark = pytest.mark.timeout(600)

RUN = [{"name": "oracle"}, {"name": "noop"}]


def with_mylib(folder: Path, **changes: object) -> Project:
    tasks = {"libraries": [], "repositories": [{**MYLIB, "path": "../mylib", **changes}], "count": 1}
    return make_project(folder, tasks=tasks, agents={"run": RUN}, sandbox={"backend": "local"})


def pool(project: Project) -> list[Task]:
    return [
        task
        for name, item in project.lake.stored("task_pool").items()
        if name != "all"
        for task in from_table(Task, project.lake.read(item))
    ]


@pytest.mark.soak
def test_faults_in_a_repository_of_ones_own_go_through_the_graph(tmp_path: Path) -> None:
    mylib = make_mylib(tmp_path / "mylib")
    head = subprocess.run(["git", "-C", mylib, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    project = with_mylib(tmp_path / "project")
    summary = project.run()
    assert project.computed(summary)["task_pool"] == 1
    tasks = pool(project)
    assert [(t.repo, t.source.kind, t.source.package, t.source.licence) for t in tasks] == [("mylib", "injected", "", "MIT")]
    assert {(t.source.version, t.source.commit, t.source.sha256) for t in tasks} == {(head, head, tasks[0].base_archive)}
    verdicts = [r for item in project.lake.stored("rewards").values() for r in project.lake.read(item).to_pylist()]
    assert {(r["agent"], r["verdict"]) for r in verdicts if r["control"]} == {("oracle", "resolved"), ("noop", "unresolved")}

    assert project.computed(project.run()) == {}

    (mylib / "README").write_text("not packed")
    assert '"to_compute": 0' in project.trajhub("status", "--json").stdout
    (mylib / "src/mylib/bill.py").write_text(BILL + "\n\nVERSION = 2\n")
    assert '"to_compute": 0' not in project.trajhub("status", "--json").stdout
    assert project.computed(project.run())["task_pool"] == 1
    assert {t.source.commit for t in pool(project)} == {""}, "what was not committed bears no commit"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"path": "../nowhere"}, ["repository mylib", "nowhere is no folder", "remedy: name the folder that holds it"]),
        ({"tests": ["src"], "sources": ["tests"]}, ["repository mylib", "no tests under src", "remedy: name tests"]),
        ({"python_path": ["."]}, ["repository mylib", "its own tests do not pass as they stand", "remedy: mend them"]),
    ],
)
def test_one_that_cannot_be_used_is_named_with_cause_and_remedy(tmp_path: Path, changes: dict[str, object], said: list[str]) -> None:
    make_mylib(tmp_path / "mylib")
    done = with_mylib(tmp_path / "project", **changes).trajhub("run")
    told = " ".join(f"{done.stdout} {done.stderr}".split())
    assert done.returncode == 1
    assert [part for part in said if part not in told] == [], told
    assert "Traceback" not in told


def test_a_wrong_key_and_a_name_used_twice_are_refused(tmp_path: Path) -> None:
    project = with_mylib(tmp_path / "project", pth="x")
    assert "unknown key 'tasks.repositories.0.pth'; did you mean 'path'?" in project.trajhub("run").stderr
    project.configure(tasks={"libraries": ["toolz"], "repositories": [{**MYLIB, "name": "toolz"}]})
    assert "used twice: toolz" in project.trajhub("run").stderr
