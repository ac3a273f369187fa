"""Which attempts that are stored may stand for those that are asked for now."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agentllm.cost_limit import CostLimiter
from agentrollout.agents import AgentConfig
from agentrollout.attempts import Origin, RolloutConfig, is_older, plan_attempts, reusable, run_attempts
from agentrollout.checkpoints import AttemptCheckpoints
from agentrollout.dispatcher import Dispatcher
from agentrollout.embedded import embedded
from agentrollout.tool_loop import Budget
from agentsandbox.sandbox import Backend
from trajschema.rollout import Agent, Limits, Provenance, RawLog, Rollout, Usage
from trajschema.task import Certificate, Task

NOOP = AgentConfig(embedded("noop"), 1, Budget(), "code-1")
MODEL = replace(NOOP, spec=replace(NOOP.spec, agent=Agent(name="sonnet", version="1+a", model="m", parameters='{"top_p": 0.5}')))


def config(*agents: AgentConfig) -> RolloutConfig:
    return RolloutConfig(0, agents, Limits(), Path("logs"))


def made(task: Task, asked: RolloutConfig, **changes: Any) -> list[Rollout]:
    """All attempts, submitted."""
    rest: dict[str, Any] = {
        "exit": "submitted",
        "raw_log": RawLog(format="trajhub-events", sha256=""),
        "usage": Usage(),
        "provenance": Provenance(backend="local", limits=Limits()),
    }
    return [
        Rollout(rollout_id=a.rollout_id, task_id=task.task_id, agent=a.agent, attempt=a.number, seed=a.seed, **{**rest, **changes})
        for a in plan_attempts(task, asked)
    ]


@pytest.fixture
def task(task: Task) -> Task:
    """One that can be run."""
    return task.model_copy(update={"base_archive": "0" * 64})


@pytest.fixture
def stored(task: Task) -> list[Rollout]:
    return made(task, config(NOOP, MODEL))


def names(found: dict[str, Rollout]) -> set[str]:
    return {rollout.agent.name for rollout in found.values()}


def test_attempts_of_other_code_are_made_again_but_for_those_of_models(task: Task, stored: list[Rollout]) -> None:
    then = Origin.of(task, config(NOOP, MODEL))
    assert names(reusable(stored, then, then)) == {"noop", "sonnet"}
    assert names(reusable(stored, then, Origin.of(task, config(replace(NOOP, code="code-2"), MODEL)))) == {"sonnet"}
    assert names(reusable(stored, None, then)) == {"sonnet"}


def test_no_attempt_at_another_task_is_reused_but_a_new_proof_of_the_task_makes_none_another(task: Task, stored: list[Rollout]) -> None:
    then, asked = Origin.of(task, config(NOOP, MODEL)), config(NOOP, MODEL)
    assert reusable(stored, then, Origin.of(task.model_copy(update={"problem_statement": "another"}), asked)) == {}
    proved = Certificate(gold_runs=2, bug_runs=2, tests_seen=9, validator_version="other")
    certified = task.model_copy(update={"certificate": proved})
    assert names(reusable(stored, then, Origin.of(certified, asked))) == {"noop", "sonnet"}
    assert [a.stamp for a in plan_attempts(certified, asked)] == [a.stamp for a in plan_attempts(task, asked)]


def test_what_the_infrastructure_lost_is_made_again(task: Task) -> None:
    asked = config(NOOP, MODEL)
    assert reusable(made(task, asked, exit="infrastructure"), Origin.of(task, asked), Origin.of(task, asked)) == {}


def test_an_origin_survives_being_written_down(task: Task) -> None:
    origin = Origin.of(task, config(NOOP, MODEL))
    assert Origin.from_json(origin.to_json()) == origin


@pytest.mark.parametrize(
    ("change", "older"),
    [
        ({"version": "1+b"}, True),
        ({}, False),
        ({"version": "1+b", "model": "another"}, False),
        ({"version": "1+b", "parameters": '{"top_p": 0.9}'}, False),
    ],
)
def test_older_is_what_only_the_version_sets_apart(task: Task, stored: list[Rollout], change: dict[str, str], older: bool) -> None:
    now = replace(MODEL, spec=replace(MODEL.spec, agent=MODEL.spec.agent.model_copy(update=change)))
    (paid,) = (rollout for rollout in stored if rollout.agent.model)
    assert is_older(paid, [now]) is older
    assert not is_older(paid, [NOOP])


def test_paid_attempts_of_an_older_version_that_no_partition_holds_yet_are_not_lost(task: Task, local: Backend, tmp_path: Path) -> None:
    newer = replace(MODEL, spec=replace(MODEL.spec, agent=MODEL.spec.agent.model_copy(update={"version": "1+b"})), concurrency=1)
    checkpoints = AttemptCheckpoints(tmp_path / "checkpoints")
    for attempt, paid in zip(plan_attempts(task, config(MODEL)), made(task, config(MODEL)), strict=True):
        checkpoints.put(paid, attempt.stamp)
    stored = {rollout.rollout_id: rollout for rollout in made(task, config(newer))}
    with Dispatcher([newer], 1, CostLimiter()) as dispatcher:
        found = run_attempts(task, lambda: b"", config(newer), dispatcher, checkpoints, local, stored)
    assert sorted(rollout.agent.version for rollout in found.rollouts) == ["1+a", "1+b"]
    assert found.older == 1
