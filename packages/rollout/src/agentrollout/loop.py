"""The tool loop of one attempt: a fresh box, a session in it, everything recorded, and the diff as the result."""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from random import Random

from agentrecorder.recorder import Recorder
from agentsandbox.errors import SandboxError, Untrusted
from agentsandbox.sandbox import Backend, Sandbox
from trajschema.event import FORMAT, AgentTurn, Event, SessionEnd, SessionStart
from trajschema.ids import sha256_bytes
from trajschema.rollout import Agent, Limits, Provenance, RawLog, Rollout, Usage, rollout_id
from trajschema.task import Task

from agentrollout.driver import AnyAgent
from agentrollout.embedded import EMBEDDED, embedded
from agentrollout.policy import Ended, GoldView, TaskView
from agentrollout.redaction import Secrets
from agentrollout.tool_loop import Budget, Ending, OwnLog, Slots

__all__ = ["LOSSES", "PAUSES", "AgentNotEmbedded", "Budget", "rollout"]

PAUSES = (0.5, 2.0)
"""Seconds before each new try after the infrastructure failed."""
LOSSES = 2
"""Lost boxes after which the agent counts as the cause."""


class AgentNotEmbedded(ValueError):
    """A rollout names an agent that this code does not run as given."""


@dataclass
class Record(Recorder):
    """A recorder that redacts secrets, and also keeps the agent's turns."""

    secrets: Secrets = field(default_factory=lambda: Secrets({}))
    turns: list[AgentTurn] = field(default_factory=list)

    def emit(self, event: Event) -> None:
        """Write ``event`` down."""
        super().emit(event)
        self.lines[-1] = self.secrets.redact(self.lines[-1])
        if isinstance(event, AgentTurn):
            self.turns.append(event)


def usage_of(turns: Sequence[AgentTurn]) -> Usage:
    """Sums over ``turns``. What no turn states is missing; the price is missing if any turn lacks one."""
    used = [turn.usage for turn in turns if turn.usage is not None and turn.usage.prompt_tokens is not None]
    costs = [usage.cost_usd for usage in used]
    return Usage(
        steps=len(turns),
        tool_calls=sum(len(turn.tool_calls) for turn in turns),
        prompt_tokens=sum(usage.prompt_tokens or 0 for usage in used) if used else None,
        completion_tokens=sum(usage.completion_tokens or 0 for usage in used) if used else None,
        cost_usd=sum(cost or 0.0 for cost in costs) if costs and None not in costs else None,
    )


def rollout(
    task: Task,
    tree: bytes,
    agent: Agent,
    attempt: int,
    seed: int,
    backend: Backend,
    limits: Limits,
    budget: Budget,
    spec: AnyAgent | None = None,
    slots: Slots | None = None,
    keep: Callable[[OwnLog], str] | None = None,
) -> Rollout:
    """One attempt of ``agent`` at ``task``, whose source is the tar archive ``tree`` (before the task's bug patch).

    ``spec`` says how it is driven; the embedded agent of that name where none is given. ``slots`` are held while the box works.
    ``keep`` stores the log that an outside agent wrote itself and returns its path, which goes into the rollout's ``raw_log``;
    without it only the log's hash does.

    What the agent does wrong is part of the result. When the infrastructure fails, the attempt is made again from the
    start in a fresh box; after the last try the rollout has exit ``infrastructure`` and the reason. A box that fails
    :data:`LOSSES` times while the agent is at work or its diff is taken, while an idle box keeps running, is
    the agent's doing: exit ``crash``, no diff, and the log of the last of these tries.

    Raises:
        UnknownAgent: there is no embedded agent of that name.
        AgentNotEmbedded: the spec has another name, version, parameters or role than ``agent``. Parameters that it does not
            know (budget, limits) are the caller's: they make another rollout id, and change nothing else.
        Untrusted: the agent is not embedded, and the backend runs embedded ones only.
    """
    spec = spec or embedded(agent.name)
    if not _same(spec.agent, agent):
        known = f"the agent of that name is {spec.agent!r} (see agentrollout.embedded.embedded)"
        raise AgentNotEmbedded(f"agent {agent!r} is not run here; {known}")
    identity = rollout_id(task.task_id, agent, attempt, seed)
    started = time.monotonic()
    trusted = spec is EMBEDDED.get(agent.name)
    secrets = Secrets.of(spec.variables)
    played = _Attempt(task, tree, spec, identity, backend, limits, budget, trusted, slots or nullcontext(), secrets).made()
    ending = _redacted(played.ending, secrets)
    log = ending.log
    played.record.emit(SessionEnd(exit=ending.exit, reason=ending.reason, final_diff=played.diff, at=time.time()))
    events = played.record.jsonl
    raw_log = RawLog(format=FORMAT, sha256=sha256_bytes(events.encode()))
    if log is not None:
        raw_log = RawLog(format=log.format, sha256=sha256_bytes(log.content), path=keep(log) if keep else "")
    usage = (log and log.usage) or usage_of(played.record.turns)
    return Rollout(
        rollout_id=identity,
        task_id=task.task_id,
        agent=agent,
        attempt=attempt,
        seed=seed,
        exit=ending.exit,
        exit_reason=ending.reason,
        raw_log=raw_log,
        events=events,
        final_diff=played.diff,
        usage=usage.model_copy(update={"seconds": time.monotonic() - started}),
        provenance=played.provenance,
    )


def _redacted(ending: Ending, secrets: Secrets) -> Ending:
    log = ending.log and replace(ending.log, content=secrets.redact_bytes(ending.log.content))
    return replace(ending, reason=secrets.redact(ending.reason), log=log)


def _same(known: Agent, wanted: Agent) -> bool:
    own = json.loads(known.parameters)
    given = json.loads(wanted.parameters)
    return known.model_copy(update={"parameters": wanted.parameters}) == wanted and {k: given.get(k) for k in own} == own


@dataclass(frozen=True)
class _Played:
    """The result of one try."""

    record: Record
    provenance: Provenance
    ending: Ending
    diff: str = ""

    @property
    def lost(self) -> bool:
        """The box failed while the agent was at work, or when its diff was taken."""
        return self.ending.lost


@dataclass(frozen=True)
class _Attempt:
    """All that a try needs."""

    task: Task
    tree: bytes
    spec: AnyAgent
    identity: str
    backend: Backend
    limits: Limits
    budget: Budget
    trusted: bool
    slots: Slots
    secrets: Secrets

    def made(self) -> _Played:
        """The first try that came to its end, or the one under which the box failed for the second time, or the failure."""
        reason, losses = "", 0
        for tries, pause in enumerate((0.0, *PAUSES), start=1):
            time.sleep(pause)
            try:
                played = self._played()
                if not played.lost:
                    return played
                losses += 1
                if losses >= LOSSES and self._holds_without_agent():
                    said = f"the box failed {losses} times under what the agent did, and not without it; the last: {played.ending.reason}"
                    return replace(played, ending=replace(played.ending, exit="crash", reason=said))
                reason = f"{tries} tries failed; the last: {played.ending.reason}"
            except Untrusted:
                raise
            except SandboxError as failure:
                reason = f"{tries} tries failed; the last: {failure}"
            except Ended as end:  # another box would do no better
                reason = end.reason
                break
        place = Provenance(backend=self.backend.name, limits=self.limits, trusted=self.trusted)
        return _Played(self._record(place), place, Ending("infrastructure", reason))

    def _played(self) -> _Played:
        with self.spec.opened() as spec:
            with self.slots:
                opened = self._box(spec.reach)
            with closing(opened) as box:
                record = self._record(box.provenance)
                ending = self._driven(spec, box, record)
                try:
                    with self.slots:
                        diff = "" if ending.lost else self.secrets.redact(box.diff())
                except SandboxError as failure:
                    return _Played(record, box.provenance, replace(ending, exit="infrastructure", reason=str(failure), lost=True))
                return _Played(record, box.provenance, ending, diff)

    def _driven(self, spec: AnyAgent, box: Sandbox, record: Record) -> Ending:
        try:
            driver = spec.driver(_view(self.task, spec, self.budget), Random(self.identity))
            return driver.drive(box, record, self.budget, self.slots)
        except Ended as end:
            return Ending(end.exit, end.reason)
        except SandboxError as failure:
            return Ending("infrastructure", str(failure), lost=True)
        except Exception as failure:  # whatever the agent does wrong ends its run, and no other
            return Ending("crash", f"{type(failure).__name__}: {failure}")

    def _holds_without_agent(self) -> bool:
        with closing(self._box()) as box:
            return box.diff() == ""

    def _box(self, reach: tuple[str, ...] = ()) -> Sandbox:
        """A new box with the task in it, which reaches these addresses besides."""
        limits = self.limits.model_copy(update={"reach": (*self.limits.reach, *reach)})
        box = self.backend.open(limits, self.task.environment, self.trusted)
        try:
            box.load(self.tree, [self.task.bug_patch] if self.task.bug_patch else [])
        except ValueError as problem:
            box.close()
            raise Ended("infrastructure", f"the task cannot be set up: {problem}") from problem
        except BaseException:
            box.close()
            raise
        return box

    def _record(self, place: Provenance) -> Record:
        record = Record(secrets=self.secrets)
        record.emit(
            SessionStart(task_id=self.task.task_id, problem_statement=self.task.problem_statement, provenance=place, at=time.time())
        )
        return record


def _view(task: Task, spec: AnyAgent, budget: Budget) -> TaskView:
    """What the agent is told: never the fix, except for the oracle."""
    place = task.environment
    told = TaskView(
        task.problem_statement, place.workdir, place.test_command, place.test_paths, place.python_path, budget.steps, budget.seconds
    )
    return GoldView(**vars(told), gold_patch=task.gold_patch) if spec.sees_gold else told
