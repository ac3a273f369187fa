"""A model in our loop and mini-swe-agent solve real tasks from end to end, though their service fails and their answers are malformed."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from trajtests.llm.behaviour import Behaviour, failure, half, hang_up, overloaded, rate_limited
from trajtests.llm.fake_server import FakeServer
from trajtests.llm.turns import declines, says
from trajtests.projects import CHECKOUT, REAL, Project

MINI = Path(os.environ.get("TRAJHUB_TEST_MINI", CHECKOUT / ".venv/mini/bin/python"))
pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not MINI.exists(), reason="mini-swe-agent is not installed (make mini)"),
]
MODULE = """
from agentrollout.external.mini import mini_swe_agent

agent = mini_swe_agent(
    "openai/gpt-4o",
    "2.4.6",
    python={python!r},
    settings={{"model": {{"model_kwargs": {{"api_base": {url!r}}}}}}},
    variables=("OPENAI_API_KEY",),
    retries=3,
    seconds=120,
)
"""


def mend(patch: str) -> str:
    """A command that applies a patch."""
    return f"git apply <<'PATCH'\n{patch}PATCH"


def ours(patch: str) -> list[Behaviour]:
    """Answers to the model in our loop."""
    return [
        rate_limited(),
        says("I look.", ("shell", {"command": "git status --short"}), ("search", {"pattern": "def "})),
        overloaded(),
        says("I think aloud."),
        half(says("never whole")),
        says("I guess a tool.", ("teleport", {"to": "fault"})),
        says("I repair.", ("shell", {"command": mend(patch)})),
        says("I slip.", ("shell", '{"command": "ls')),
        declines("I would rather not."),
        failure(500),
        says("Done.", ("submit", {})),
    ]


def theirs(patch: str) -> list[Behaviour]:
    """Answers to mini-swe-agent."""

    def bash(text: str, *commands: str) -> Behaviour:
        return says(text, *(("bash", {"command": command}) for command in commands), model="gpt-4o")

    return [
        rate_limited(),
        bash("I look.", "ls", "git status --short"),
        says("I only talk.", model="gpt-4o"),
        hang_up(),
        says("I ask for what is not there.", ("teleport", {"to": "Mars"}), model="gpt-4o"),
        overloaded(),
        bash("I repair.", mend(patch)),
        bash("Done.", "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"),
    ]


class Scripts:
    """Each conversation takes the next answer of its own script."""

    def __init__(self, tasks: list[dict[str, Any]]) -> None:
        self._tasks = tasks
        self.taken: Counter[tuple[str, str]] = Counter()

    def __call__(self, body: dict[str, Any]) -> Behaviour:
        told = "".join(m["content"] for m in body["messages"][:2] if isinstance(m["content"], str))
        task = next(t for t in self._tasks if t["problem_statement"].strip() in told)
        mini = any(tool["function"]["name"] == "bash" for tool in body["tools"])
        script = (theirs if mini else ours)(task["gold_patch"])
        key = task["task_id"], "mini" if mini else "ours"
        self.taken[key] += 1
        return script[self.taken[key] - 1]


def rows(project: Project, asset: str) -> list[dict[str, Any]]:
    return [row for name, item in project.lake.stored(asset).items() if name != "all" for row in project.lake.read(item).to_pylist()]


def test_both_solve_every_task_and_each_malformed_turn_is_in_the_recording(project: Project) -> None:
    sandbox = {"backend": "bubblewrap"}
    project.configure(agents={"run": [{"name": "noop"}]}, sandbox=sandbox, tasks=REAL)
    project.run()
    tasks = rows(project, "task_pool")
    scripts = Scripts(tasks)
    project.environment["OPENAI_API_KEY"] = "key-4711-0815"
    with FakeServer(scripts) as server:
        (project.folder / "mini.py").write_text(MODULE.format(python=str(MINI), url=f"{server.url}/v1"))
        model = {"name": "apprentice", "model": "some-model", "provider": "openai", "base_url": server.url, "key_variable": ""}
        project.configure(agents={"run": [{"name": "noop"}, model, {"name": "mini:agent"}], "max_steps": 20}, sandbox=sandbox, tasks=REAL)
        project.run()
    assert len(scripts.taken) == 2 * len(tasks)

    verdicts = Counter((r["agent"], r["verdict"]) for r in rows(project, "rewards"))
    assert verdicts == {
        ("apprentice", "resolved"): len(tasks),
        ("mini-swe-agent", "resolved"): len(tasks),
        ("noop", "unresolved"): len(tasks),
    }
    malformed = {
        "apprentice": ["I think aloud.", "I guess a tool.", "I slip.", "I would rather not."],
        "mini-swe-agent": ["I only talk.", "I ask for what is not there."],
    }
    for run in rows(project, "trajectories"):
        flagged = [step["message"] for step in run["steps"] if "malformed" in step["flags"]]
        assert flagged == malformed.get(run["agent"], [])
        assert max(len(step["tool_calls"]) for step in run["steps"]) == (1 if run["agent"] == "noop" else 2)
    assert project.trajhub("verify").returncode == 0
