"""One attempt: reproducible, within its budget, and honest about how it ended."""

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import agentrollout.loop as loop
import pytest
from agentgrader.grade import grade
from agentrecorder.events import trajectory_of
from agentrecorder.recorder import Recorder
from agentrollout.driver import AgentSpec
from agentrollout.embedded import embedded
from agentrollout.loop import AgentNotEmbedded, Budget, rollout
from agentrollout.policies.calls import call, file_write, shell, submit, turn
from agentrollout.policy import Exchange
from agentrollout.tool_loop import Ending, converse
from agentsandbox.backends import choose
from agentsandbox.backends.docker import DockerBackend
from agentsandbox.errors import SandboxError, Untrusted
from agentsandbox.sandbox import Backend, Sandbox
from trajschema.event import AgentTurn, SessionEnd, SessionStart, read_events
from trajschema.ids import sha256_bytes
from trajschema.rollout import Agent, Limits, Rollout, rollout_id
from trajschema.task import Environment, Task
from trajschema.trajectory import Observation, ToolCall
from trajtests.marks import soak_but

NAMES = ("random", "noisy", "localising", "oracle", "noop")


def _run(name: str, task: Task, tree: bytes, backend: Backend, budget: Budget = Budget(), seed: int = 0) -> Rollout:  # noqa: B008
    return rollout(task, tree, embedded(name).agent, 0, seed, backend, Limits(), budget)


@pytest.mark.parametrize("name", soak_but(2, NAMES))
def test_the_same_attempt_gives_the_same_trajectory(name: str, task: Task, tree: bytes, local: Backend) -> None:
    first, again = (_run(name, task, tree, local, Budget(steps=6)) for _ in range(2))
    assert first.rollout_id == again.rollout_id == rollout_id(task.task_id, embedded(name).agent, 0, 0)
    assert trajectory_of(first).trajectory_id == trajectory_of(again).trajectory_id


@pytest.mark.docker
@pytest.mark.parametrize("name", soak_but(1, ["noisy", "localising"]))
def test_the_same_attempt_gives_the_same_trajectory_in_containers(name: str, task: Task, tree: bytes, docker: Backend) -> None:
    first, again = (trajectory_of(_run(name, task, tree, docker, Budget(steps=6))) for _ in range(2))
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
@pytest.mark.parametrize("steps", soak_but(2, [1, 3, 2, 5]))
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
    assert session.bad_lines == ()
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


def test_plain_processes_refuse_an_agent_that_is_not_embedded(task: Task, tree: bytes, environments: Path) -> None:
    cautious = choose("local", environments=environments)
    own = AgentSpec(Agent(name="mine"), False, lambda view, random: Fixed(turn("I submit.", submit())))
    with pytest.raises(Untrusted, match="embedded agents only"):
        rollout(task, tree, own.agent, 0, 0, cautious, Limits(), Budget(), own)
    disguised = replace(embedded("noop"), make=own.make)
    with pytest.raises(Untrusted):
        rollout(task, tree, disguised.agent, 0, 0, cautious, Limits(), Budget(), disguised)
    run = _run("noop", task, tree, cautious)
    assert run.exit == "submitted"
    assert run.provenance.trusted
    with pytest.raises(Untrusted):
        grade(task, tree, run.final_diff, cautious, Limits(), rollout_id=run.rollout_id, grader_version="1")


class Breaker:
    """Opens real boxes, and removes some behind the agent's back while its command runs. Then it may be gone itself."""

    def __init__(self, real: Backend, losses: int, gone: bool = False) -> None:
        self.name, self.check, self.prepare, self.reap = real.name, real.check, real.prepare, real.reap
        self._real = real
        self._losses = losses
        self._gone = gone

    def open(self, limits: Limits, environment: Environment, trusted: bool = False) -> Sandbox:
        if self._gone and not self._losses:
            raise SandboxError("the engine is gone", "start it")
        box = self._real.open(limits, environment, trusted)
        if self._losses:
            self._losses -= 1
            threading.Timer(1.0, box.close).start()
        return box


def _sleeper() -> AgentSpec:
    turns = (turn("I write.", file_write("note.txt", "done\n")), turn("I wait.", shell("sleep 2")), turn("I submit.", submit()))
    return AgentSpec(Agent(name="sleeper"), False, lambda view, random: Fixed(*turns))


def _with(backend: Backend, spec: AgentSpec, task: Task, tree: bytes, limits: Limits) -> Rollout:
    return rollout(task, tree, spec.agent, 0, 0, backend, limits, Budget(), spec)


def test_a_box_lost_once_costs_a_new_try(task: Task, tree: bytes, local: Backend, limits: Limits) -> None:
    run = _with(Breaker(local, 1), _sleeper(), task, tree, limits)
    assert run.exit == "submitted"
    assert "+done" in run.final_diff
    assert len(trajectory_of(run).steps) == 4


def test_a_box_that_fails_twice_under_an_agent_is_the_agents_doing(task: Task, tree: bytes, local: Backend, limits: Limits) -> None:
    killer = AgentSpec(Agent(name="killer"), False, lambda view, random: Fixed(turn("I end it.", shell("kill -9 $PPID; sleep 5"))))
    run = _with(local, killer, task, tree, limits)
    assert (run.exit, run.final_diff) == ("crash", "")
    assert "failed 2 times under what the agent did, and not without it" in run.exit_reason
    assert [step.message for step in trajectory_of(run).steps][1:] == ["I end it."]
    verdict = grade(task, tree, run.final_diff, local, limits, rollout_id=run.rollout_id, grader_version="1").verdict
    assert verdict == "unresolved"


def test_an_agent_whose_work_cannot_be_collected_is_to_blame(task: Task, tree: bytes, docker: Backend) -> None:
    fill = "head -c 999999999 /dev/zero > /var/base/full; head -c 999999999 /dev/urandom > big"
    filler = AgentSpec(Agent(name="filler"), False, lambda view, random: Fixed(turn("I fill.", shell(fill)), turn("", submit())))
    run = _with(docker, filler, task, tree, Limits(disk_mb=8))
    assert (run.exit, run.final_diff) == ("crash", "")
    assert "No space left" in run.exit_reason


def test_an_engine_that_ends_with_the_boxes_is_the_infrastructures_doing(task: Task, tree: bytes, local: Backend, limits: Limits) -> None:
    run = _with(Breaker(local, 2, gone=True), _sleeper(), task, tree, limits)
    assert run.exit == "infrastructure"
    assert "3 tries failed; the last: the engine is gone" in run.exit_reason


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
