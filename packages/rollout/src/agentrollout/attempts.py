"""Attempts at a task: which the configuration asks for, which are there already, and running the rest."""

import functools
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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
    code: str
    """Names the code that agents other than models run on: their unfinished work is dropped when it changes."""
    logs: Path
    """Folder of the logs that external agents wrote themselves."""


@dataclass(frozen=True)
class Attempt:
    """One attempt that the configuration asks for. ``stamp`` names what it depends on that its id does not tell."""

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


def plan_attempts(task: Task, config: RolloutConfig) -> list[Attempt]:
    """Every attempt at a task, each agent with its budget and limits written into its parameters. None where its code is not here."""
    if not task.is_runnable:
        return []
    plan = []
    content = task.model_copy(update={"certificate_seconds": None})
    for asked in config.agents:
        budget = asked.budget
        frame = {"max_steps": budget.steps, "max_seconds": budget.seconds, "limits": config.limits.model_dump(mode="json")}
        spending = {"attempt_tokens": budget.tokens, "attempt_usd": budget.usd} if asked.concurrency else {}
        parameters = json.dumps({**json.loads(asked.spec.agent.parameters), **frame, **spending}, sort_keys=True)
        agent = asked.spec.agent.model_copy(update={"parameters": parameters})
        stamp = content_id([content, None if agent.model else config.code], 8)
        for number in range(asked.attempts):
            seed = int(content_id([config.seed, task.task_id, agent.name, number], 8), 16)
            plan.append(Attempt(asked, agent, number, seed, rollout_id(task.task_id, agent, number, seed), stamp))
    return plan


def reusable(before: Iterable[Rollout], changed: Collection[str]) -> dict[str, Rollout]:
    """Rollouts stored before that are still good, by id. ``changed`` says what did since: code, configuration, input.

    What a model did is paid for, and its id names all that it was told: new code does not make it worthless.
    """
    if "input" in changed:
        return {}
    ours = "code" not in changed
    return {r.rollout_id: r for r in before if r.exit != "infrastructure" and (ours or r.agent.model is not None)}


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
    """Run every attempt that is neither in ``stored`` nor among the checkpoints; ``imported`` rollouts join.

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
    done.extend(r for r in imported if r.rollout_id not in results)
    lost = [f"{r.agent.name} attempt {r.attempt}: {r.exit_reason}" for r in done if r.exit == "infrastructure"]
    left = Counter(a.agent.name for a in asked if results[a.rollout_id] is None)
    lost.extend(f"{name}: {number} attempts not begun: {dispatcher.cost_limiter.refusal}" for name, number in left.items())
    return Attempts(tuple(done), tuple(lost))
