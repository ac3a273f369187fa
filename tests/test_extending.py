"""Adding is local: the files of docs/extending.md, written into a copy of the sources, are all that is needed."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from trajtests.projects import CHECKOUT, Project, make_project

DOC = (CHECKOUT / "docs" / "extending.md").read_text(encoding="utf-8")
FILES = {path: text for path, text in re.findall(r"^`([\w/.]+\.py)`:\n\n```python\n(.*?)```", DOC, re.M | re.S)}
RUBRICS = """
rubrics:
  - {id: goal_progress, name: Progress, description: "Did it help?", weight: 0.5, evaluator: rule}
  - {id: brevity, name: Brevity, description: "Was the call short?", weight: 0.5, evaluator: rule}
"""


def add(checkout: Path, name: str) -> None:
    """Write the file of the document whose path ends with ``name``; no file is replaced."""
    (path,) = (path for path in FILES if path.endswith(name))
    assert not (checkout / path).exists()
    (checkout / path).write_text(FILES[path], encoding="utf-8")


def run(project: Project, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=project.folder, env=project.environ(), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def copied(copied_checkout: Path, tmp_path: Path) -> Project:
    """A folder in which commands of the copied sources run."""
    (tmp_path / "work").mkdir()
    return Project(tmp_path / "work", code=copied_checkout)


def test_a_rubric_rule_is_one_file(copied: Project) -> None:
    add(copied.code, "rubrics/brevity.py")
    (copied.folder / "rubrics.yaml").write_text(RUBRICS)
    step = {"tool": "Bash", "params": {"command": "ls"}, "output": "a.py"}
    (copied.folder / "run.json").write_text(json.dumps({"task": "Mend it.", "steps": [step]}))
    said = json.loads(run(copied, "-m", "agentreward", "score", "run.json", "--rubrics", "rubrics.yaml", "--json"))
    assert said["steps"][0]["rubric_scores"]["brevity"] == 1.0


def test_a_log_format_is_one_file(copied: Project) -> None:
    add(copied.code, "adapters/pair_log.py")
    (copied.folder / "log").write_text(json.dumps({"pairs": [["ls", "a.py"], ["cat a.py", "x = 1"]]}))
    (line,) = run(copied, "-m", "agentrecorder", "convert", "log").splitlines()
    steps = json.loads(line)["steps"]
    assert [call["name"] for step in steps for call in step["tool_calls"]] == ["shell", "shell"]
    assert [o["content"] for step in steps for o in step["observations"]] == ["a.py", "x = 1"]


def test_a_source_of_tasks_is_one_file(copied: Project) -> None:
    add(copied.code, "sources/notebook.py")
    look = "from agenttasks.sources import names, open_source; from pathlib import Path\n"
    look += "print('notebook' in names(), open_source('notebook', {'file': 'tasks.json'}, Path('.')).identity())"
    assert run(copied, "-c", look).strip() == "True missing"


def test_an_agent_and_a_stage_are_one_file_each_and_the_stage_its_line(tmp_path: Path, copied_checkout: Path) -> None:
    add(copied_checkout, "policies/reader.py")
    add(copied_checkout, "signals/lengths.py")
    add(copied_checkout, "assets/run_lengths.py")
    (line,) = re.findall(r"`(Stage\(.*?\),)`", DOC)
    graph = copied_checkout / "resources" / "stages.py"
    head, end, tail = graph.read_text().partition(")\nBY_NAME")
    graph.write_text(f"{head}    {line}\n" + end + tail)
    tasks = {"count": 1}
    project = make_project(tmp_path / "project", tasks=tasks, agents={"run": [{"name": "noop"}, {"name": "reader"}]})
    project.code = copied_checkout
    summary = project.run()
    stored = project.lake.stored("run_lengths")
    assert summary["stages"]["run_lengths"]["computed"] == len(stored) > 0
    (rollouts, *_) = project.lake.stored("rollouts").values()
    assert "reader" in {agent["name"] for agent in project.lake.read(rollouts)["agent"].to_pylist()}
