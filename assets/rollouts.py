"""rollouts: every agent's attempts at a task, each in a box of its own, recorded live."""

import functools
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from agentrollout.external.logs import kept_in
from agentrollout.loop import rollout
from agentsandbox.sandbox import Backend
from agenttasks.store import TaskStore
from trajruntime.executor import ThreadExecutor
from trajschema.arrow import from_table, to_table
from trajschema.ids import content_id
from trajschema.rollout import Agent, Limits, Rollout, rollout_id
from trajschema.task import Task

from resources.asset_options import asset_options
from resources.crew import Member, members, purse_of
from resources.dispatch import Dispatcher
from resources.incremental.asset import Incremental
from resources.incremental.code import fingerprint
from resources.incremental.run import Inputs, StageResult
from resources.sandbox import SandboxResource
from resources.settings import Settings
from resources.spool import Spool
from resources.stages import BY_NAME, imported_rollouts


def asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset under ``settings``."""

    @dg.asset(**asset_options("rollouts", settings, kinds={"python", "docker"}, description=__doc__))
    def rollouts(
        context: dg.AssetExecutionContext,
        incremental: dg.ResourceParam[Incremental],
        sandbox: dg.ResourceParam[SandboxResource],
        store: dg.ResourceParam[TaskStore],
    ) -> dg.MaterializeResult:
        asked = incremental.settings
        purse = purse_of(asked, lambda: incremental.progress.note("rollouts", dispatcher.line()))
        crew = members(asked, purse)
        terms = Terms(asked.agents.seed, crew, sandbox.agent_limits, fingerprint(*BY_NAME["rollouts"].modules), asked.logs_dir)
        spool = Spool(asked.data_dir / "spool")
        workers = ThreadExecutor(asked.orchestration.workers).workers

        def compute(inputs: Inputs) -> StageResult:
            known = brought_in(asked, inputs.partition)
            return attempts(inputs, terms, dispatcher, spool, sandbox.backend, store, known)

        with Dispatcher(crew, workers, purse, lambda line: incremental.progress.note("rollouts", line)) as dispatcher:
            return incremental.materialise(context, "rollouts", compute, ThreadExecutor(dispatcher.tasks, dispatcher.stop))

    return rollouts


@dataclass(frozen=True)
class Terms:
    """What all attempts share."""

    seed: int
    crew: Sequence[Member]
    limits: Limits
    code: str
    logs: Path
    """Folder of the logs that outside agents wrote themselves."""


@dataclass(frozen=True)
class Attempt:
    """One attempt that the settings ask for. ``stamp`` names what it depends on that its id does not tell."""

    member: Member
    agent: Agent
    number: int
    seed: int
    rollout_id: str
    stamp: str


def attempts(
    inputs: Inputs,
    terms: Terms,
    dispatcher: Dispatcher,
    spool: Spool,
    backend: Backend,
    store: TaskStore,
    imported: Sequence[Rollout] = (),
) -> StageResult:
    """Run every attempt that is not there yet; earlier ones with the same id are kept, and ``imported`` ones join."""
    backend.check()
    (task,) = from_table(Task, inputs["task_pool"])
    tree = functools.cache(lambda: store.tree(task))
    have = kept(inputs)
    asked = planned(task, terms)

    def run(attempt: Attempt) -> Rollout:
        made = rollout(
            task,
            tree(),
            attempt.agent,
            attempt.number,
            attempt.seed,
            backend,
            terms.limits,
            attempt.member.budget,
            attempt.member.spec,
            dispatcher.slots,
            kept_in(terms.logs),
        )
        if made.exit != "infrastructure":
            spool.put(made, attempt.stamp)
        return made

    def found(attempt: Attempt) -> Rollout | None:
        return have.get(attempt.rollout_id) or spool.get(task.task_id, attempt.rollout_id, attempt.stamp)

    known = {attempt.rollout_id: found(attempt) for attempt in asked}
    begun = {a.rollout_id: dispatcher.submit(a.member, functools.partial(run, a)) for a in asked if known[a.rollout_id] is None}
    results = {**known, **{rollout_id: future.result() for rollout_id, future in begun.items()}}
    done = [r for r in results.values() if r is not None]
    done.extend(r for r in imported if r.rollout_id not in results)
    lost = [f"{r.agent.name} attempt {r.attempt}: {r.exit_reason}" for r in done if r.exit == "infrastructure"]
    left = Counter(a.agent.name for a in asked if results[a.rollout_id] is None)
    lost.extend(f"{name}: {number} attempts not begun: {dispatcher.purse.refusal}" for name, number in left.items())
    counts = {"rollouts": len(done), "submitted": sum(r.exit == "submitted" for r in done)}
    return StageResult(to_table(Rollout, done), tuple(lost), counts, lambda: spool.clear(task.task_id))


def kept(inputs: Inputs) -> dict[str, Rollout]:
    """Rollouts stored before that are still good, by id.

    What a model did is paid for, and its id names all that it was told: new code does not make it worthless.
    """
    if inputs.previous is None or "input" in inputs.changed:
        return {}
    ours = "code" not in inputs.changed
    before = from_table(Rollout, inputs.previous)
    return {r.rollout_id: r for r in before if r.exit != "infrastructure" and (ours or r.agent.model is not None)}


def planned(task: Task, terms: Terms) -> list[Attempt]:
    """Every attempt at a task, each agent with its budget and limits written into its parameters. None where its code is not at hand."""
    if not task.is_runnable:
        return []
    plan = []
    content = task.model_copy(update={"certificate_seconds": None})
    for member in terms.crew:
        budget = member.budget
        frame = {"max_steps": budget.steps, "max_seconds": budget.seconds, "limits": terms.limits.model_dump(mode="json")}
        spending = {"attempt_tokens": budget.tokens, "attempt_usd": budget.usd} if member.concurrency else {}
        parameters = json.dumps({**json.loads(member.spec.agent.parameters), **frame, **spending}, sort_keys=True)
        agent = member.spec.agent.model_copy(update={"parameters": parameters})
        stamp = content_id([content, None if agent.model else terms.code], 8)
        for number in range(member.attempts):
            seed = int(content_id([terms.seed, task.task_id, agent.name, number], 8), 16)
            plan.append(Attempt(member, agent, number, seed, rollout_id(task.task_id, agent, number, seed), stamp))
    return plan


def brought_in(settings: Settings, task: str) -> list[Rollout]:
    """Rollouts of ``task`` that `trajhub import` brought in."""
    file = imported_rollouts(settings, task)
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [Rollout.model_validate_json(line) for line in lines]
