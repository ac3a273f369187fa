"""A program in the box, whose only way out is the recording proxy: what it said to its model is the log."""

from pathlib import Path

import pytest
from agentgrader.grade import grade
from agentrecorder.rollout_log import rollout_trajectory
from agentrollout.external.agent import ExternalAgent
from agentrollout.external.logs import kept_in
from agentrollout.loop import Budget, rollout
from agentsandbox.sandbox import Backend
from trajschema.rollout import Agent, Limits
from trajschema.task import Task
from trajtests.llm.fake_server import FakeServer
from trajtests.llm.turns import says

KEY = "key-4711-0815"
SCRIPT = Path(__file__).with_name("boxed_agent.py").read_text()
FIX = "sed -i 's/self.low < number/self.low <= number/; s/max(items) + min/max(items) - min/' src/tiny/shelf.py"
AGENT = ExternalAgent(
    Agent(name="boxed", model="gpt-4o"),
    command=("python", "-c", SCRIPT, "{proxy}/openai", "{problem}"),
    place="box",
    proxy=True,
    adapter="agentrecorder-proxy",
    variables=("TEST_AGENT_KEY",),
)


@pytest.mark.parametrize("place", ["bubblewrap", pytest.param("docker", marks=pytest.mark.docker)])
def test_what_it_says_to_its_model_is_its_log(
    place: str, task: Task, tree: bytes, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend: Backend = request.getfixturevalue(place)
    script = [
        says("I look.", ("bash", {"command": "cat src/tiny/shelf.py"})),
        says(
            "I try to leave.",
            ("bash", {"command": "python -c \"import urllib.request as u; u.urlopen('http://127.0.0.1:9/')\" 2>&1 | tail -1"}),
        ),
        says("I print my key.", ("bash", {"command": "env | grep KEY"})),
        says("I mend it.", ("bash", {"command": FIX})),
        says("It is done."),
    ]
    with FakeServer(script) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("TEST_AGENT_KEY", KEY)
        run = rollout(task, tree, AGENT.agent, 0, 0, backend, Limits(), Budget(), AGENT, keep=kept_in(tmp_path))
        assert [h["authorization"] for h in server.headers] == [f"Bearer {KEY}"] * 5
    assert (run.exit, run.exit_reason) == ("submitted", "")
    assert grade(task, tree, run.final_diff, backend, Limits(), rollout_id="r", grader_version="1").verdict == "resolved"
    assert [address.partition(":")[0] for address in run.provenance.limits.reach] == ["127.0.0.1"]

    read = rollout_trajectory(run, tmp_path)
    assert read.source_format == "agentrecorder-proxy"
    turns = [step for step in read.steps if step.source == "agent"]
    assert [step.message for step in turns] == ["I look.", "I try to leave.", "I print my key.", "I mend it.", "It is done."]
    assert "refused" in turns[1].observations[0].content
    assert turns[2].observations[0].content == "TEST_AGENT_KEY=[key]\n"
    assert run.usage.prompt_tokens
    assert KEY not in run.model_dump_json() + (tmp_path / run.raw_log.path).read_text()
