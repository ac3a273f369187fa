"""One attempt: reproducible, within its budget, and honest about how it ended."""

import json
from collections.abc import Sequence
from pathlib import Path

import agentrollout.loop as loop
import pytest
from agentrecorder.events import read_events, trajectory_of
from agentrecorder.recorder import Recorder
from agentrollout.agents import embedded
from agentrollout.calls import call, shell, submit, turn
from agentrollout.loop import AgentNotEmbedded, Budget, rollout
from agentrollout.policy import Exchange
from agentrollout.session import Ending, converse
from agentsandbox.box import Backend
from agentsandbox.dockerbox import DockerBackend
from agentsandbox.grading import grade
from trajschema.event import AgentTurn, SessionEnd, SessionStart
from trajschema.ids import sha256_bytes
from trajschema.rollout import Limits, Rollout, rollout_id
from trajschema.task import Task
from trajschema.trajectory import Observation, ToolCall

NAMES = ("random", "noisy", "localising", "oracle", "noop")


def _run(name: str, task: Task, tree: bytes, backend: Backend, budget: Budget = Budget(), seed: int = 0) -> Rollout:  # noqa: B008
    return rollout(task, tree, embedded(name).agent, 0, seed, backend, Limits(), budget)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_attempt_gives_the_same_trajectory(name: str, task: Task, tree: bytes, local: Backend) -> None:
    first, again = (_run(name, task, tree, local, Budget(steps=12)) for _ in range(2))
    assert first.rollout_id == again.rollout_id == rollout_id(task.task_id, embedded(name).agent, 0, 0)
    assert trajectory_of(first).trajectory_id == trajectory_of(again).trajectory_id


@pytest.mark.docker
@pytest.mark.parametrize("name", ["noisy", "localising"])
def test_the_same_attempt_gives_the_same_trajectory_in_containers(name: str, task: Task, tree: bytes, docker: Backend) -> None:
    first, again = (trajectory_of(_run(name, task, tree, docker, Budget(steps=8))) for _ in range(2))
    assert first.trajectory_id == again.trajectory_id


def test_the_oracle_resolves_and_noop_changes_nothing(task: Task, tree: bytes, local: Backend) -> None:
    oracle, noop = (_run(name, task, tree, local) for name in ("oracle", "noop"))
    verdicts = [
        grade(task, tree, run.final_diff, local, Limits(), rollout_id=run.rollout_id, grader_version="1").verdict for run in (oracle, noop)
    ]
    assert verdicts == ["resolved", "unresolved"]
    assert noop.final_diff == ""
    assert (noop.usage.steps, noop.usage.tool_calls) == (1, 1)


@pytest.mark.parametrize("name", ["random", "noisy", "localising"])
@pytest.mark.parametrize("steps", [1, 2, 3, 5])
def test_no_agent_takes_more_turns_than_it_has_and_each_hands_in_its_best(
    name: str, steps: int, task: Task, tree: bytes, local: Backend
) -> None:
    run = _run(name, task, tree, local, Budget(steps=steps))
    assert run.usage.steps <= steps
    assert run.exit == "submitted"
    assert run.final_diff.count("\n+ ") <= 1


def test_the_record_holds_the_run(task: Task, tree: bytes, local: Backend) -> None:
    run = _run("oracle", task, tree, local)
    session = read_events(run.events)
    start, end = session.events[0], session.events[-1]
    assert isinstance(start, SessionStart)
    assert isinstance(end, SessionEnd)
    assert start.provenance == run.provenance
    assert run.provenance.backend == "local"
    assert end.final_diff == run.final_diff
    assert (session.cut, session.problems) == (False, ())
    assert run.raw_log.sha256 == sha256_bytes(run.events.encode())
    steps = trajectory_of(run).steps
    assert steps[0].message == task.problem_statement
    assert [c.tool_call_id for c in steps[1].tool_calls] == ["call_1_1", "call_1_2", "call_1_3"]
    assert [o.tool_call_id for o in steps[1].observations] == ["call_1_1", "call_1_2", "call_1_3"]
    assert all(o.seconds is not None for o in steps[1].observations)


def test_an_engine_that_is_gone_is_an_infrastructure_failure(
    task: Task, tree: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    monkeypatch.setattr(loop, "PAUSES", (0.0, 0.0))
    run = _run("oracle", task, tree, DockerBackend(tmp_path, None, "trajhub-test"))
    assert run.exit == "infrastructure"
    assert "3 tries failed" in run.exit_reason
    assert run.final_diff == ""
    trajectory = trajectory_of(run)
    assert [s.source for s in trajectory.steps] == ["user"]
    assert trajectory.unread == ()


def test_a_task_that_cannot_be_set_up_says_so_at_once(task: Task, tree: bytes, local: Backend) -> None:
    broken = task.model_copy(update={"bug_patch": task.gold_patch})
    run = _run("oracle", broken, tree, local)
    assert run.exit == "infrastructure"
    assert run.exit_reason.startswith("the task cannot be set up: patch does not apply")


def test_an_agent_that_is_not_run_here_as_given_is_refused(task: Task, tree: bytes, local: Backend, limits: Limits) -> None:
    other = embedded("noop").agent.model_copy(update={"version": "99"})
    with pytest.raises(AgentNotEmbedded, match="99"):
        rollout(task, tree, other, 0, 0, local, limits, Budget())


class Fixed:
    """Plays given turns, then fails."""

    def __init__(self, *turns: AgentTurn) -> None:
        self.turns = turns

    def act(self, history: Sequence[Exchange]) -> AgentTurn:
        return self.turns[len(history)]


def _play(task: Task, tree: bytes, backend: Backend, budget: Budget, *turns: AgentTurn) -> Ending:
    with backend.open(Limits(), task.environment) as box:
        box.load(tree)
        return converse(Fixed(*turns), box, Recorder(), budget)


def _errors(ending: Ending) -> list[str | None]:
    return [o.error for exchange in ending.history for o in exchange.observations]


def test_a_policy_that_fails_ends_in_a_crash_with_its_reason(task: Task, tree: bytes, local: Backend) -> None:
    ending = _play(task, tree, local, Budget(), turn("look", shell("true")))
    assert (ending.exit, ending.reason) == ("crash", "IndexError: tuple index out of range")
    assert len(ending.history) == 1


def test_a_budget_of_steps_or_seconds_ends_in_a_limit(task: Task, tree: bytes, local: Backend) -> None:
    look = turn("look", shell("sleep 0.2"))
    assert _play(task, tree, local, Budget(steps=2), look, look, look).reason == "2 turns were taken"
    timed = _play(task, tree, local, Budget(seconds=0.1), look, look)
    assert (timed.exit, len(timed.history)) == ("limit", 1)


def test_what_an_agent_gets_wrong_is_an_observation(task: Task, tree: bytes, local: Backend) -> None:
    wrong = (
        ToolCall(tool_call_id="", name="shell", raw_name="shell", arguments="{nope"),
        ToolCall(tool_call_id="", name="shell", raw_name="shell", arguments="[1]"),
        ToolCall(tool_call_id="", name="other", raw_name="teleport", arguments="{}"),
        call("file_read", path="nowhere.py"),
    )
    errors = _errors(_play(task, tree, local, Budget(), turn("", *wrong), turn("", submit())))
    assert [bool(error) for error in errors] == [True, True, True, True, False]
    assert "teleport" in str(errors[2])


def test_thinking_costs_nothing_and_nothing_runs_after_submit(task: Task, tree: bytes, local: Backend) -> None:
    think = ToolCall(tool_call_id="x", name="think", raw_name="think", arguments=json.dumps({"thought": "hm"}))
    ending = _play(task, tree, local, Budget(), turn("", think, submit(), shell("echo late")))
    assert ending.exit == "submitted"
    seen: tuple[Observation, ...] = ending.history[0].observations
    assert (seen[0].content, seen[0].error) == ("", None)
    assert (seen[2].content, seen[2].error) == ("", "not run: the work was submitted before")
