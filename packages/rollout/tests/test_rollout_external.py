"""Any program as an agent: offered the box by MCP, ended when it will not end, and never trusted with what it says of itself."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import agentrollout.external.process as process
import agentrollout.loop as loop
import pytest
from agentgrader.grade import grade
from agentrecorder.rollout_log import rollout_trajectory
from agentrollout.external.agent import ExternalAgent
from agentrollout.external.logs import kept_in
from agentrollout.loop import Budget, rollout
from agentsandbox.sandbox import Backend
from trajschema.event import AgentTurn, SessionEnd, read_events
from trajschema.rollout import Agent, Limits, Rollout
from trajschema.task import Task
from trajtests.marks import soak_but

Play = Callable[..., Rollout]
PLAYER = str(Path(__file__).with_name("mcp_agent.py"))


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "PAUSES", (0.0, 0.0))


def agent(*moves: str, variables: tuple[str, ...] = (), seconds: float = 60.0) -> ExternalAgent:
    command = ("env", f"PYTHONPATH={os.pathsep.join(sys.path)}", sys.executable, PLAYER, "{mcp}", "log.jsonl", *moves)
    return ExternalAgent(Agent(name="player"), command=command, log="log.jsonl", adapter="nobodys", variables=variables, seconds=seconds)


@pytest.fixture
def play(task: Task, tree: bytes, bubblewrap: Backend, tmp_path: Path) -> Play:
    def run(spec: ExternalAgent, budget: Budget = Budget()) -> Rollout:  # noqa: B008
        return rollout(task, tree, spec.agent, 0, 0, bubblewrap, Limits(), budget, spec, keep=kept_in(tmp_path / "logs"))

    return run


def calls(run: Rollout) -> list[str]:
    return [call.raw_name for event in read_events(run.events).events if isinstance(event, AgentTurn) for call in event.tool_calls]


def own_lines(run: Rollout, tmp_path: Path) -> list[str]:
    return (tmp_path / "logs" / run.raw_log.path).read_text().splitlines()


def test_a_program_that_speaks_mcp_solves_a_task_in_a_recorded_box(
    play: Play, task: Task, tree: bytes, bubblewrap: Backend, tmp_path: Path
) -> None:
    run = play(agent("look", "fix", "submit"))
    assert (run.exit, run.exit_reason) == ("submitted", "")
    assert calls(run) == ["file_read", "shell", "submit"]
    assert (run.usage.steps, run.usage.tool_calls) == (3, 3)
    assert grade(task, tree, run.final_diff, bubblewrap, Limits(), rollout_id="r", grader_version="1").verdict == "resolved"
    assert [json.loads(line)["call"] for line in own_lines(run, tmp_path)] == calls(run)
    assert run.raw_log.format == "nobodys"


def test_a_log_that_no_adapter_reads_is_kept_and_said(play: Play, tmp_path: Path) -> None:
    run = play(agent("fix"))
    read = rollout_trajectory(run, tmp_path / "logs")
    assert [call.raw_name for step in read.steps for call in step.tool_calls] == ["shell"]
    assert "no run could be read as 'nobodys'" in read.unread[-1]


def test_a_program_that_ends_well_without_a_submit_has_handed_in_what_is_there(play: Play) -> None:
    run = play(agent("fix"))
    assert run.exit == "submitted"
    assert "+        return self.low <= number" in run.final_diff


def test_a_crash_has_the_last_line_that_was_said_and_keeps_what_was_done(play: Play, tmp_path: Path) -> None:
    run = play(agent("fix", "crash"))
    assert run.exit == "crash"
    assert run.exit_reason == "exit status 1: I am lost"
    assert run.final_diff
    assert len(own_lines(run, tmp_path)) == 1


@pytest.mark.parametrize("move", soak_but(1, ["hang", "deaf"]))
def test_a_program_that_does_not_end_is_ended_with_its_whole_group(
    play: Play,
    move: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process.run, "__defaults__", (0.5,))
    run = play(replace(agent("fix", move), seconds=8.0))
    assert (run.exit, run.exit_reason) == ("limit", "8 seconds had passed")
    assert run.final_diff
    lines = own_lines(run, tmp_path)
    assert json.loads(lines[0])["call"] == "shell"
    assert not any(alive(json.loads(line)["child"]) for line in lines[1:])


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_call_under_way_at_the_limit_is_interrupted_and_recorded(play: Play) -> None:
    run = play(replace(agent("wait"), seconds=8.0))
    session = read_events(run.events)
    assert run.exit == "limit"
    assert [event.kind for event in session.events] == ["session_start", "agent_turn", "tool_result", "session_end"]
    assert isinstance(session.events[-1], SessionEnd)


def test_more_calls_than_the_budget_has_turns_end_it(play: Play) -> None:
    run = play(agent("many"), Budget(steps=5))
    assert (run.exit, run.exit_reason) == ("limit", "5 calls were made")
    assert len(calls(run)) == 5


def test_huge_output_is_cut_and_costs_nothing_else(play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "KEPT", 1 << 20)
    run = play(replace(agent("shout", "fix", "submit"), log="stdout"))
    assert run.exit == "submitted"
    assert (tmp_path / "logs" / run.raw_log.path).stat().st_size == 1 << 20


def test_what_it_rests_on_may_be_away(play: Play) -> None:
    away = play(agent("look", "model down"))
    assert (away.exit, away.exit_reason) == ("infrastructure", "model down!")
    assert calls(away) == ["file_read"]
    for words in [("no-such-program",), ("env", "no-such-program"), ("/etc/passwd",)]:
        missing = play(replace(agent("fix"), command=words))
        assert missing.exit == "infrastructure"
        assert words[-1] in missing.exit_reason


def test_a_key_is_passed_by_name_and_stands_nowhere(play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = agent("leak", "fix", "submit", variables=("TEST_AGENT_KEY",))
    monkeypatch.delenv("TEST_AGENT_KEY", raising=False)
    assert play(spec).exit_reason == "agent 'player' needs TEST_AGENT_KEY in the environment; set it and run again"
    monkeypatch.setenv("TEST_AGENT_KEY", "key-4711-0815")
    run = play(spec)
    assert run.exit == "submitted"
    assert "+[TEST_AGENT_KEY]" in run.final_diff
    assert "key-4711-0815" not in run.model_dump_json() + "".join(own_lines(run, tmp_path))


def test_a_program_that_leaves_its_pipe_to_a_child_does_not_hold_the_attempt(tmp_path: Path) -> None:
    out, err = tmp_path / "out", tmp_path / "err"
    words = ["sh", "-c", "(setsid sleep 5 &) ; echo done"]
    end = time.monotonic() + 60
    status = process.run(words, dict(os.environ), tmp_path, out, err, lambda: end)
    assert status == 0
    assert out.read_text() == "done\n"


def test_a_program_does_not_outlive_us(tmp_path: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from agentrollout.external.process import run
run(["sh", "-c", "sleep 1; echo $$; sleep 600"], os.environ, Path("."), Path("out"), Path("err"), lambda: float("inf"))
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}) as ours:
        while not (tmp_path / "out").exists() or not (tmp_path / "out").read_text().endswith("\n"):
            assert ours.poll() is None
        ours.kill()
    child = int((tmp_path / "out").read_text())
    for _ in range(500):
        if not alive(child):
            return
        time.sleep(0.02)
    pytest.fail("it lives on")


def test_a_placeholder_for_which_there_is_nothing_is_named(play: Play) -> None:
    run = play(replace(agent("fix"), command=("echo", "{proxy}", '{"json": 1}')))
    assert run.exit_reason == "agent 'player' names {proxy} in its command, and there is none (place 'host')"


def test_a_program_in_the_box_is_one_recorded_call_and_its_log_is_fetched(play: Play, tmp_path: Path) -> None:
    script = "cd {workdir}; echo $TEST_AGENT_NAME > /tmp/log; sed -i 's/max(items) + min/max(items) - min/' src/tiny/shelf.py; exit 124"
    spec = ExternalAgent(Agent(name="inner"), command=("sh", "-c", script), place="box", log="/tmp/log", adapter="nobodys")
    run = play(spec)
    assert run.exit == "limit"
    assert calls(run) == ["shell"]
    assert own_lines(run, tmp_path) == [""]
    assert run.final_diff.count("diff --git") == 1
    slow = play(replace(spec, command=("sleep", "60"), seconds=2.0))
    assert slow.exit == "limit"
    assert "timed out after 2 s" in slow.exit_reason
