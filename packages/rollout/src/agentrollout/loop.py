"""The tool loop of one attempt: a fresh box, a session in it, everything recorded, and the diff as what comes out."""

import json
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from random import Random

from agentrecorder.events import FORMAT
from agentrecorder.recorder import Recorder
from agentsandbox.box import Backend, Box
from agentsandbox.errors import SandboxError
from trajschema.event import AgentTurn, SessionEnd, SessionStart
from trajschema.ids import sha256_bytes
from trajschema.rollout import Agent, Limits, Provenance, RawLog, Rollout, Usage, rollout_id
from trajschema.task import Task

from agentrollout.agents import AgentSpec, embedded
from agentrollout.policy import Exchange, GoldView, History, Policy, TaskView
from agentrollout.session import Budget, converse

__all__ = ["PAUSES", "AgentNotEmbedded", "Budget", "rollout"]

PAUSES = (0.5, 2.0)
"""Seconds before each new try after the infrastructure failed."""


class AgentNotEmbedded(ValueError):
    """A rollout names an agent that this code does not run as given."""

    def __init__(self, wanted: Agent, known: Agent) -> None:
        super().__init__(f"agent {wanted!r} is not run here; the agent of that name is {known!r} (see agentrollout.agents.embedded)")


def rollout(
    task: Task,
    tree: bytes,
    agent: Agent,
    attempt: int,
    seed: int,
    backend: Backend,
    limits: Limits,
    budget: Budget,
    spec: AgentSpec | None = None,
) -> Rollout:
    """One attempt of ``agent`` at ``task``, whose source is the tar archive ``tree`` (before the task's bug patch).

    ``spec`` makes its policy; the embedded one of that name where none is given.

    What the agent does wrong is part of the result. When the infrastructure fails, the attempt is made again from the
    start in a fresh box; after the last try the rollout has exit ``infrastructure`` and the reason.

    Raises:
        UnknownAgent: there is no embedded agent of that name.
        AgentNotEmbedded: the spec has another name, version, parameters or role than ``agent``. Parameters that it does not
            know (budget, limits) are the caller's: they make another rollout id, and change nothing else.
    """
    spec = spec or embedded(agent.name)
    if not _same(spec.agent, agent):
        raise AgentNotEmbedded(agent, spec.agent)
    identity = rollout_id(task.task_id, agent, attempt, seed)
    started = time.monotonic()
    log = _tried(task, tree, lambda: _Deferred(lambda: spec.make(_view(task, spec, budget), Random(identity))), backend, limits, budget)
    return Rollout(
        rollout_id=identity,
        task_id=task.task_id,
        agent=agent,
        attempt=attempt,
        seed=seed,
        exit=log.end.exit,
        exit_reason=log.end.reason,
        raw_log=RawLog(format=FORMAT, sha256=sha256_bytes(log.jsonl.encode())),
        events=log.jsonl,
        final_diff=log.end.final_diff,
        usage=Usage(steps=log.steps, tool_calls=log.tool_calls, seconds=time.monotonic() - started),
        provenance=log.provenance,
    )


def _same(known: Agent, wanted: Agent) -> bool:
    own = json.loads(known.parameters)
    given = json.loads(wanted.parameters)
    return known.model_copy(update={"parameters": wanted.parameters}) == wanted and {k: given.get(k) for k in own} == own


@dataclass(frozen=True)
class _Log:
    """What one try left."""

    jsonl: str
    provenance: Provenance
    end: SessionEnd
    steps: int = 0
    tool_calls: int = 0


class _Deferred:
    """A policy made when it is first asked, so that one that cannot be made is a crash of its agent."""

    def __init__(self, make: Callable[[], Policy]) -> None:
        self._make = make
        self._policy: Policy | None = None

    def act(self, history: History) -> AgentTurn:
        """What the policy says."""
        self._policy = self._policy or self._make()
        return self._policy.act(history)


class _TaskUnusable(Exception):
    """The box refused the task's tree or patch; another box would do the same."""


def _tried(task: Task, tree: bytes, policy: Callable[[], Policy], backend: Backend, limits: Limits, budget: Budget) -> _Log:
    """The first try that the infrastructure carried to its end, or the record of its failure."""
    reason = ""
    for tries, pause in enumerate((0.0, *PAUSES), start=1):
        time.sleep(pause)
        try:
            return _session(task, tree, policy(), backend, limits, budget)
        except SandboxError as failure:
            reason = f"{tries} tries failed; the last: {failure}"
        except _TaskUnusable as failure:
            reason = f"the task cannot be set up: {failure}"
            break
    recorder = Recorder()
    place = Provenance(backend=backend.name, limits=limits)
    recorder.emit(_start(task, place))
    end = SessionEnd(exit="infrastructure", reason=reason, at=time.time())
    recorder.emit(end)
    return _Log(recorder.jsonl, place, end)


def _session(task: Task, tree: bytes, policy: Policy, backend: Backend, limits: Limits, budget: Budget) -> _Log:
    recorder = Recorder()
    with closing(backend.open(limits, task.environment)) as box:
        _load(box, task, tree)
        recorder.emit(_start(task, box.provenance))
        ending = converse(policy, box, recorder, budget)
        end = SessionEnd(exit=ending.exit, reason=ending.reason, final_diff=box.diff(), at=time.time())
        recorder.emit(end)
        return _Log(recorder.jsonl, box.provenance, end, len(ending.history), _calls(ending.history))


def _load(box: Box, task: Task, tree: bytes) -> None:
    try:
        box.load(tree, [task.bug_patch] if task.bug_patch else [])
    except ValueError as problem:
        raise _TaskUnusable(str(problem)) from problem


def _start(task: Task, place: Provenance) -> SessionStart:
    return SessionStart(task_id=task.task_id, problem_statement=task.problem_statement, provenance=place, at=time.time())


def _calls(history: tuple[Exchange, ...]) -> int:
    return sum(len(exchange.turn.tool_calls) for exchange in history)


def _view(task: Task, spec: AgentSpec, budget: Budget) -> TaskView:
    """What the agent is told: never the fix, unless it is the agent that is there to apply it."""
    place = task.environment
    told = TaskView(task.problem_statement, place.workdir, place.test_command, place.test_paths, place.python_path, budget.steps)
    return GoldView(**vars(told), gold_patch=task.gold_patch) if spec.sees_gold else told
