"""Attempts at a task: which the configuration asks for, which are there already, and running the rest."""

import functools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from agentsandbox.sandbox import Backend
from trajschema.ids import content_id
from trajschema.rollout import Agent, Limits, Rollout, rollout_id
from trajschema.task import Task

from agentrollout.agents import AgentConfig
from agentrollout.checkpoints import AttemptCheckpoints
from agentrollout.dispatcher import Dispatcher
from agentrollout.external.logs import kept_in
from agentrollout.loop import rollout


@dataclass(frozen=True)
class RolloutConfig:
    """What all attempts share."""

    seed: int
    """Seed that every attempt's seed is drawn from."""
    agents: Sequence[AgentConfig]
    limits: Limits
    logs: Path
    """Folder of the logs that external agents wrote themselves."""


@dataclass(frozen=True)
class Attempt:
    """One attempt that the configuration asks for.

    ``stamp`` is a hash of the task's content and, for agents without a model, of their code; it is part of the checkpoint's file name.
    """

    config: AgentConfig
    agent: Agent
    number: int
    seed: int
    rollout_id: str
    stamp: str


@dataclass(frozen=True)
class Attempts:
    """What there is of a task's attempts. ``unfinished`` says what is to be tried again, and why."""

    rollouts: tuple[Rollout, ...]
    unfinished: tuple[str, ...]
    older: int
    """How many are of an older version of an agent."""


@dataclass(frozen=True)
class Origin:
    """What a task's stored attempts came from: hash of the task without its certificate, and the code of each agent by its name."""

    task: str
    code: Mapping[str, str]

    @classmethod
    def of(cls, task: Task, config: RolloutConfig) -> Self:
        """That of attempts made now."""
        return cls(content_id(_as_met(task), 16), {agent.spec.agent.name: agent.code for agent in config.agents})

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """See :meth:`to_json`."""
        return cls(**json.loads(text))

    def to_json(self) -> str:
        """To be stored beside the attempts."""
        return json.dumps(asdict(self), sort_keys=True)


def plan_attempts(task: Task, config: RolloutConfig) -> list[Attempt]:
    """Every attempt at a task, each agent with its budget and limits written into its parameters. Empty if the task cannot be run."""
    if not task.is_runnable:
        return []
    plan = []
    content = _as_met(task)
    for asked in config.agents:
        budget = asked.budget
        frame = {"max_steps": budget.steps, "max_seconds": budget.seconds, "limits": config.limits.model_dump(mode="json")}
        spending = {"attempt_tokens": budget.tokens, "attempt_usd": budget.usd} if asked.concurrency else {}
        parameters = json.dumps({**json.loads(asked.spec.agent.parameters), **frame, **spending}, sort_keys=True)
        agent = asked.spec.agent.model_copy(update={"parameters": parameters})
        stamp = _stamp(content, None if agent.model else asked.code)
        for number in range(asked.attempts):
            seed = int(content_id([config.seed, task.task_id, agent.name, number], 8), 16)
            plan.append(Attempt(asked, agent, number, seed, rollout_id(task.task_id, agent, number, seed), stamp))
    return plan


def _stamp(content: Mapping[str, object], code: str | None) -> str:
    """Names a checkpoint: the task as agents meet it, and the code where the id of the attempt does not name it."""
    return content_id([content, code], 8)


def _as_met(task: Task) -> dict[str, object]:
    """What an attempt depends on: the task without its certificate, which names the code that validated it."""
    return task.model_dump(mode="json", exclude={"certificate", "certificate_seconds"})


def reusable(before: Iterable[Rollout], then: Origin | None, now: Origin) -> dict[str, Rollout]:
    """Rollouts stored before that are still good, by id. ``then`` is ``None`` where their origin is not known.

    Rollouts of agents without a model are kept only while the agent's code is the same. Those of models are paid for, and the
    agent's version names the code, so they are kept as long as the task is the same.
    """
    if then is not None and then.task != now.task:
        return {}
    code = then.code if then else {}
    same = {name for name in now.code if now.code[name] == code.get(name)}
    return {r.rollout_id: r for r in before if r.exit != "infrastructure" and (r.agent.model is not None or r.agent.name in same)}


def is_older(rollout: Rollout, agents: Iterable[AgentConfig]) -> bool:
    """Whether it is of one of these agents with the same model and sampling, and only the version differs."""
    agent = rollout.agent
    asked = next((one.spec.agent for one in agents if one.spec.agent.name == agent.name), None)
    if asked is None or agent.model is None or rollout.provenance is None:
        return False
    own, given = json.loads(asked.parameters), json.loads(agent.parameters)
    return asked.model == agent.model and asked.version != agent.version and all(given.get(k) == own[k] for k in own)


def run_attempts(
    task: Task,
    tree: Callable[[], bytes],
    config: RolloutConfig,
    dispatcher: Dispatcher,
    checkpoints: AttemptCheckpoints,
    backend: Backend,
    stored: Mapping[str, Rollout],
    imported: Sequence[Rollout] = (),
) -> Attempts:
    """Run every attempt that is neither in ``stored`` nor among the checkpoints; ``imported`` rollouts join, and so do stored ones
    of older versions of an agent with a model.

    ``tree`` gives the source of the task as a tar archive; it is asked for once, and only if something is run.

    Raises:
        BackendUnavailable: no box can be made.
    """
    backend.check()
    packed = functools.cache(tree)
    asked = plan_attempts(task, config)

    def run(attempt: Attempt) -> Rollout:
        made = rollout(
            task,
            packed(),
            attempt.agent,
            attempt.number,
            attempt.seed,
            backend,
            config.limits,
            attempt.config.budget,
            attempt.config.spec,
            dispatcher.slots,
            kept_in(config.logs),
        )
        if made.exit != "infrastructure":
            checkpoints.put(made, attempt.stamp)
        return made

    known = {a.rollout_id: stored.get(a.rollout_id) or checkpoints.get(task.task_id, a.rollout_id, a.stamp) for a in asked}
    begun = {a.rollout_id: dispatcher.submit(a.config, functools.partial(run, a)) for a in asked if known[a.rollout_id] is None}
    results = {**known, **{rollout_id: future.result() for rollout_id, future in begun.items()}}
    done = [r for r in results.values() if r is not None]
    paid = {r.rollout_id: r for r in checkpoints.stamped(task.task_id, _stamp(_as_met(task), None))} | dict(stored)
    older = [r for r in paid.values() if r.rollout_id not in results and is_older(r, config.agents)]
    done.extend(older)
    done.extend(r for r in imported if r.rollout_id not in results)
    lost = [f"{r.agent.name} attempt {r.attempt}: {r.exit_reason}" for r in done if r.exit == "infrastructure"]
    left = Counter(a.agent.name for a in asked if results[a.rollout_id] is None)
    lost.extend(f"{name}: {number} attempts not begun: {dispatcher.cost_limiter.refusal}" for name, number in left.items())
    return Attempts(tuple(done), tuple(lost), len(older))
