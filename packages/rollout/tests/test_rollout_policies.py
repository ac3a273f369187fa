"""The embedded agents: what each is told and does."""

from dataclasses import fields
from random import Random

import pytest
from agentrollout.embedded import EMBEDDED, UnknownAgent, embedded
from agentrollout.loop import Budget, rollout
from agentrollout.policy import Exchange, GoldView, TaskView
from agentsandbox.sandbox import Backend
from trajschema.event import AgentTurn, ToolResult, read_events
from trajschema.rollout import Limits, Rollout
from trajschema.task import Task
from trajtests.marks import soak_but

WORKERS = ("random", "noisy", "localising")


def _view(task: Task, steps: int = 25) -> TaskView:
    place = task.environment
    return TaskView(task.problem_statement, place.workdir, place.test_command, place.test_paths, place.python_path, steps, 60.0)


def _history(run: Rollout) -> list[Exchange]:
    events = read_events(run.events).events
    turns = [e for e in events if isinstance(e, AgentTurn)]
    answers = {e.observation.tool_call_id: e.observation for e in events if isinstance(e, ToolResult)}
    return [Exchange(turn, tuple(answers[call.tool_call_id] for call in turn.tool_calls)) for turn in turns]


def _said(turn: AgentTurn) -> tuple[str, list[tuple[str, str]]]:
    return turn.message, [(call.name, call.arguments) for call in turn.tool_calls]


def test_the_fix_is_no_part_of_what_an_agent_is_told() -> None:
    told = {f.name for f in fields(TaskView)}
    assert told == {"problem_statement", "workdir", "test_command", "test_paths", "python_path", "steps", "seconds"}
    assert [name for name, spec in EMBEDDED.items() if spec.sees_gold] == ["oracle"]


def test_the_controls_are_marked() -> None:
    assert [name for name, spec in EMBEDDED.items() if spec.agent.control] == ["oracle", "noop"]


def test_the_oracle_cannot_be_made_without_the_fix(task: Task) -> None:
    with pytest.raises(TypeError, match="GoldView"):
        embedded("oracle").make(_view(task), Random(0))


def test_an_unknown_agent_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(UnknownAgent, match=r"'genius'.*localising"):
        embedded("genius")


@pytest.mark.parametrize("name", soak_but(1, WORKERS))
def test_a_policy_is_a_function_of_the_history(name: str, task: Task, tree: bytes, local: Backend, limits: Limits) -> None:
    run = rollout(task, tree, embedded(name).agent, 0, 3, local, limits, Budget(steps=8))
    history = _history(run)
    policy = embedded(name).make(_view(task, 8), Random(run.rollout_id))
    order = list(range(len(history)))
    Random(5).shuffle(order)
    for count in order:
        assert _said(policy.act(history[:count])) == _said(history[count].turn)
        assert policy.act(history[:count]) == policy.act(history[:count])


def test_the_localising_agent_repairs_two_places_one_by_one(task: Task, tree: bytes, local: Backend, limits: Limits) -> None:
    run = rollout(task, tree, embedded("localising").agent, 0, 0, local, limits, Budget())
    assert run.exit == "submitted"
    assert run.final_diff.count("\n+ ") == 2
    assert "self.low <= number" in run.final_diff
    assert "max(items) - min(items)" in run.final_diff
    assert sum("rank the lines" in exchange.turn.message for exchange in _history(run)) >= 2


def test_the_random_agent_does_not_look_where_the_fault_is(task: Task, tree: bytes, local: Backend, limits: Limits) -> None:
    run = rollout(task, tree, embedded("random").agent, 0, 0, local, limits, Budget(steps=10))
    assert not any("SUSPECT" in o.content for exchange in _history(run) for o in exchange.observations)


@pytest.mark.soak
def test_the_noisy_agent_wastes_moves(task: Task, tree: bytes, local: Backend, limits: Limits) -> None:
    runs = [rollout(task, tree, embedded("noisy").agent, k, 0, local, limits, Budget(steps=16)) for k in range(2)]
    messages = {exchange.turn.message for run in runs for exchange in _history(run)}
    errors = [o.error or "" for run in runs for exchange in _history(run) for o in exchange.observations]
    assert messages & {"I run that once more to be sure.", "I read that function again."}
    assert any("no such file" in error for error in errors)
    assert any("occurs 0 times" in error for error in errors)


@pytest.mark.parametrize("name", soak_but(1, WORKERS))
def test_attempts_differ(name: str, task: Task, tree: bytes, local: Backend, limits: Limits) -> None:
    runs = [rollout(task, tree, embedded(name).agent, k, 0, local, limits, Budget(steps=10)) for k in range(2)]
    assert len({str([_said(e.turn) for e in _history(run)]) for run in runs}) > 1


def test_a_gold_view_is_a_task_view_with_the_fix(task: Task) -> None:
    assert GoldView(**vars(_view(task)), gold_patch="x").gold_patch == "x"
