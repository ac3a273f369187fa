"""mini-swe-agent as it is, against a scripted model over HTTP, with every command run in a recorded box."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from agentgrader.grade import grade
from agentrecorder.rollout_log import rollout_trajectory
from agentrollout.external.logs import kept_in
from agentrollout.external.mini import mini_swe_agent
from agentrollout.loop import Budget, rollout
from agentsandbox.sandbox import Backend
from trajschema.event import AgentTurn, read_events
from trajschema.rollout import Limits, Rollout
from trajschema.task import Task
from trajschema.trajectory import Trajectory
from trajtests.llm.behaviour import Behaviour, failure, hang_up, slow
from trajtests.llm.fake_server import FakeServer
from trajtests.llm.turns import says

PYTHON = os.environ.get("TRAJHUB_TEST_MINI", str(Path(__file__).parents[3] / ".venv/mini/bin/python"))
VERSION = "2.4.6"
FIX = "sed -i 's/self.low < number/self.low <= number/; s/max(items) + min/max(items) - min/' src/tiny/shelf.py"
DONE = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"
KEY = "key-4711-0815"

pytestmark = pytest.mark.skipif(not Path(PYTHON).exists(), reason="mini-swe-agent is not installed (make mini)")


def bash(text: str, *commands: str) -> Behaviour:
    return says(text, *(("bash", {"command": command}) for command in commands), model="gpt-4o")


class Played:
    """A rollout, the trajectory of its own log, and what the model was asked."""

    def __init__(self, run: Rollout, folder: Path, requests: Sequence[dict[str, Any]]) -> None:
        self.run, self.requests = run, requests
        self.log = (folder / run.raw_log.path).read_text() if run.raw_log.path else ""
        self.read: Trajectory = rollout_trajectory(run, folder)

    @property
    def commands(self) -> list[str]:
        """What was run in the box."""
        events = read_events(self.run.events).events
        calls = [call for event in events if isinstance(event, AgentTurn) for call in event.tool_calls]
        return [json.loads(call.arguments).get("command", call.name) for call in calls]


@pytest.fixture
def play(task: Task, tree: bytes, bubblewrap: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    def run(*script: Behaviour, budget: Budget = Budget(), seconds: float = 90.0, **settings: Any) -> Played:  # noqa: B008
        with FakeServer(script) as server:
            config = settings.pop("config", "mini.yaml")
            model = {"model_kwargs": {"api_base": f"{server.url}/v1"}, **settings.pop("model", {})}
            spec = mini_swe_agent(
                "openai/gpt-4o",
                VERSION,
                python=PYTHON,
                config=config,
                settings={"model": model, **settings},
                variables=("OPENAI_API_KEY",),
                retries=2,
                seconds=seconds,
            )
            made = rollout(task, tree, spec.agent, 0, 0, bubblewrap, Limits(), budget, spec, keep=kept_in(tmp_path / "logs"))
            return Played(made, tmp_path / "logs", server.requests)

    return run


def test_it_solves_a_task_and_every_malformed_turn_is_in_the_recording(play: Any, task: Task, tree: bytes, bubblewrap: Backend) -> None:
    played = play(
        bash("I look.", "ls; cd src; export LEFT=over"),
        says("I only talk.", model="gpt-4o"),
        says("I stammer.", ("bash", "{nope"), model="gpt-4o"),
        says("I ask for what is not there.", ("teleport", {"to": "Mars"}), model="gpt-4o"),
        failure(429),
        bash("Two at once.", "pwd; echo left: $LEFT", "python -m pytest -q"),
        failure(500),
        hang_up(),
        bash("I mend it.", FIX),
        bash("Done.", DONE),
        agent={"max_consecutive_format_errors": 4},
    )
    run, steps = played.run, played.read.steps
    assert (run.exit, run.exit_reason) == ("submitted", "")
    assert grade(task, tree, run.final_diff, bubblewrap, Limits(), rollout_id="r", grader_version="1").verdict == "resolved"

    assert run.raw_log.format == played.read.source_format == "mini-swe-agent"
    assert [step.message for step in steps if "malformed" in step.flags] == ["I only talk.", "I stammer.", "I ask for what is not there."]
    turns = [step for step in steps if step.source == "agent"]
    assert [len(step.tool_calls) for step in turns if "malformed" not in step.flags] == [1, 2, 1, 1]
    assert (run.usage.steps, run.usage.prompt_tokens, run.usage.completion_tokens) == (7, 7_000, 350)
    assert run.usage.cost_usd
    assert (played.read.final_diff, played.read.rollout_id, played.read.model) == (run.final_diff, run.rollout_id, "openai/gpt-4o")

    assert len(played.commands) == 6
    assert "max(items) - min" in played.commands[3]
    assert played.commands[-1] == "submit"
    assert "left:\\n" in run.events, "each command has a shell of its own"
    assert KEY not in run.model_dump_json() + played.log


@pytest.mark.soak
def test_fenced_commands_are_taken_one_at_a_time(play: Any) -> None:
    def fenced(*commands: str) -> Behaviour:
        return says("I try." + "".join(f"\n\n```mswea_bash_command\n{command}\n```" for command in commands), model="gpt-4o")

    played = play(
        fenced(),
        fenced("ls", "pwd"),
        fenced(FIX),
        fenced(DONE),
        config="mini_textbased.yaml",
        model={"model_class": "litellm_textbased"},
    )
    assert played.run.exit == "submitted"
    assert "+        return self.low <= number" in played.run.final_diff
    assert [("malformed" in step.flags) for step in played.read.steps if step.source == "agent"] == [True, True, False, False]
    assert len(played.commands) == 3


@pytest.mark.soak
def test_its_exits_are_ours(play: Any) -> None:
    talk, look = says("I only talk.", model="gpt-4o"), bash("I look.", "ls")
    confused = play(talk)
    assert (confused.run.exit, confused.run.exit_reason) == ("crash", "exit status 1: RepeatedFormatError")
    assert sum("malformed" in step.flags for step in confused.read.steps) == 3
    tired = play(look, budget=Budget(steps=2))
    assert (tired.run.exit, tired.run.exit_reason, tired.run.usage.steps) == ("limit", "LimitsExceeded", 2)
    poor = play(look, agent={"cost_limit": 0.004})
    assert (poor.run.exit, poor.run.exit_reason, poor.run.usage.steps) == ("limit", "LimitsExceeded", 2)


@pytest.mark.soak
def test_a_model_that_is_away_is_no_fault_of_the_agent(play: Any) -> None:
    refused = play(bash("I look.", "ls"), failure(401))
    assert refused.run.exit == "infrastructure"
    assert refused.run.exit_reason.startswith("AuthenticationError")
    assert len(refused.commands) == 1
    assert KEY not in refused.run.exit_reason


@pytest.mark.soak
def test_one_that_is_ended_at_its_limit_keeps_what_it_wrote(play: Any) -> None:
    late = play(bash("I mend it.", FIX), slow(bash("Done.", DONE), 120.0), seconds=40.0)
    assert (late.run.exit, late.run.exit_reason) == ("limit", "40 seconds had passed")
    assert late.run.final_diff
    assert [step.message for step in late.read.steps if step.source == "agent"] == ["I mend it."]


@pytest.mark.soak
def test_what_it_says_of_its_work_is_not_believed(play: Any) -> None:
    played = play(bash("Done.", f"{DONE}; echo 'diff --git a/x b/x'"))
    assert (played.run.exit, played.run.final_diff, played.read.final_diff) == ("submitted", "", "")


def test_another_version_than_the_one_named_does_not_run(task: Task, tree: bytes, bubblewrap: Backend) -> None:
    spec = mini_swe_agent("openai/gpt-4o", "0.0.1", python=PYTHON)
    run = rollout(task, tree, spec.agent, 0, 0, bubblewrap, Limits(), Budget(), spec)
    assert run.exit == "infrastructure"
    assert "mini-swe-agent 0.0.1 is asked for, and" in run.exit_reason
