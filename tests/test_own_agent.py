"""A custom agent runs beside the embedded ones, and an edit of it reruns its attempts alone."""

from pathlib import Path
from typing import Any

import pytest
from trajtests.projects import Project, make_project

pytestmark = pytest.mark.timeout(600)

TESTER = """from agentrollout.driver import AgentSpec
from agentrollout.policies.calls import shell, submit, turn
from agentrollout.policies.script import Scripted
from trajschema.rollout import Agent

def script(view, random):
    yield turn("I run the tests.", shell(" ".join(view.test_command)))
    yield turn("I submit.", submit())

agent = AgentSpec(Agent(name="tester"), random=False, make=lambda view, random: Scripted(script, view, random))
"""


@pytest.fixture
def own(tmp_path: Path) -> Project:
    """A project with the agent beside its settings, not yet run."""
    run = [{"name": "noop"}, {"name": "tester:agent", "attempts": 1}]
    project = make_project(tmp_path / "project", tasks={"count": 1}, agents={"run": run})
    (project.folder / "tester.py").write_text(TESTER, encoding="utf-8")
    return project


OUTSIDE = """import sys
from pathlib import Path
from agentrollout.external.agent import ExternalAgent
from trajschema.rollout import Agent

agent = ExternalAgent(
    Agent(name="outsider"), command=("env", "PYTHONPATH={package}", sys.executable, str(Path(__file__).with_name("program.py")), "{box}"),
    log="stdout", adapter="nobodys",
)
"""
PROGRAM = """import sys
from pathlib import Path
from agentrollout.external.tool_client import ToolClient

tools = ToolClient(Path(sys.argv[1]))
print(tools.call("shell", {"command": "ls"}, "I look.")["content"])
tools.call("submit", {})
"""


def rollouts(project: Project) -> dict[str, dict[str, Any]]:
    rows = [row for item in project.lake.stored("rollouts").values() for row in project.lake.read(item).to_pylist()]
    return {row["agent"]["name"]: row for row in rows}


@pytest.mark.soak
def test_an_edit_of_ones_own_agent_reruns_its_attempts_alone(own: Project) -> None:
    own.run()
    before = rollouts(own)
    assert before["tester"]["exit"] == "submitted"
    assert before["tester"]["usage"]["steps"] == 2
    assert "passed" in before["tester"]["events"]
    assert own.computed(own.run()) == {}

    (own.folder / "tester.py").write_text(TESTER.replace("I submit.", "I give up."), encoding="utf-8")
    assert own.computed(own.run())["rollouts"] == 1
    after = rollouts(own)
    assert after["noop"]["raw_log"] == before["noop"]["raw_log"]
    assert "I give up." in after["tester"]["events"]
    assert after["tester"]["rollout_id"] != before["tester"]["rollout_id"]
    assert after["tester"]["agent"]["version"] != before["tester"]["agent"]["version"]


@pytest.mark.soak
def test_plain_processes_refuse_ones_own_agent_until_told_otherwise(own: Project) -> None:
    place = {"backend": "local"}
    own.configure(tasks={"count": 1}, agents={"run": [{"name": "tester:agent"}]}, sandbox=place)
    done = own.trajhub("run")
    assert done.returncode == 1
    assert "runs embedded agents only; use docker or bubblewrap, or allow it (sandbox.allow_local: true" in " ".join(done.stderr.split())
    assert not own.lake.stored("task_pool")

    own.configure(
        tasks={"count": 1},
        agents={"run": [{"name": "tester:agent"}, {"name": "noop"}]},
        sandbox={**place, "allow_local": True},
    )
    own.run()
    found = rollouts(own)
    assert found["tester"]["exit"] == "submitted"
    assert {name: row["provenance"]["trusted"] for name, row in found.items()} == {"tester": False, "noop": True}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere:agent", "error: agent 'nowhere:agent': there is no module 'nowhere'"),
        ("tester:script", "'script' is a function, and no AgentSpec; remedy: make 'script' an agentrollout.driver.AgentSpec"),
        ("nop", "error: no embedded agent is called 'nop'; there are: oracle"),
    ],
)
def test_what_is_no_agent_stops_before_anything_is_run(own: Project, name: str, said: str) -> None:
    own.configure(tasks={"count": 1}, agents={"run": [{"name": name}]})
    done = own.trajhub("run")
    assert done.returncode == 1
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stdout + done.stderr
    assert own.lake.stored("task_pool") == {}


def test_a_program_is_an_agent_whose_own_log_is_kept(own: Project) -> None:
    (own.folder / "outside.py").write_text(OUTSIDE, encoding="utf-8")
    (own.folder / "program.py").write_text(PROGRAM, encoding="utf-8")
    own.configure(tasks={"count": 1}, agents={"run": [{"name": "outside:agent"}, {"name": "noop"}]})
    own.run()
    row = rollouts(own)["outsider"]
    assert (row["exit"], row["usage"]["steps"]) == ("submitted", 2)
    assert "pytest.ini" in (own.data / "logs" / row["raw_log"]["path"]).read_text()
    (item,) = own.lake.stored("trajectories").values()
    read = next(t for t in own.lake.read(item).to_pylist() if t["agent"] == "outsider")
    assert [step["message"] for step in read["steps"] if step["source"] == "agent"] == ["I look.", ""]
    assert "no run could be read as 'nobodys'" in read["unread"][-1]
    assert own.computed(own.run()) == {}
