"""``trajhub run --dry-run``: how many attempts a run would make, and what those of models, and the judge, would use and cost."""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from agentllm.cost_limit import CostLimiter
from agentllm.prices import read_prices
from agentllm.usage import TokenUsage
from agentrollout.agents import build_agents
from agentrollout.attempts import Origin, RolloutConfig, is_older, plan_attempts, reusable
from agentrollout.checkpoints import AttemptCheckpoints
from agentrollout.config import AgentRun
from rich.console import Console
from rich.table import Table
from trajschema.arrow import from_table
from trajschema.rollout import Rollout, Usage
from trajschema.task import Task

from pipelines.estimate_judge import JudgeLine, as_plain, judge_line
from resources.agent_code import agent_codes
from resources.incremental.code import own_sources
from resources.incremental.plan import listing, plan, tasks_of
from resources.lake import CorruptPartition, Lake, Stored
from resources.origin import stored_attempts
from resources.sandbox import SandboxResource
from resources.settings import Settings

TURNS, PROMPT, CACHED, ANSWER = 25, 12_000, 0.7, 300
"""Assumed of a model that never ran here: turns of an attempt, prompt tokens of a turn, the share of them read from a cache, and
answer tokens of a turn."""


@dataclass(frozen=True)
class Line:
    """One agent. Tokens and dollars are for all attempts to run; missing where nothing is used, or no price is known."""

    agent: str
    model: str | None
    attempts: int
    done: int
    """Attempts that are there already."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    basis: str = ""


@dataclass(frozen=True)
class Estimate:
    """All agents, the judge, and what has to be said of the figures."""

    lines: tuple[Line, ...]
    notes: tuple[str, ...]
    judge: JudgeLine | None = None

    @property
    def cost_usd(self) -> float | None:
        """Dollars for all models, a judge that is on among them; missing if one has no price."""
        costs = [line.cost_usd for line in self.lines if line.model and line.attempts]
        costs += [self.judge.expected.cost_usd] if self.judge and self.judge.on and self.judge.expected.calls else []
        return None if None in costs else sum(cost or 0.0 for cost in costs)


def estimate(settings: Settings) -> Estimate:
    """What a run would do now. Asks no service, opens no box, writes nothing."""
    lake = Lake(settings.lake_url)
    stored = listing(lake)
    codes = agent_codes(settings, own_sources())
    agents = build_agents(settings.agents, settings.root, codes, CostLimiter(settings.agents.money_limit_usd), open=_nobody)
    config = RolloutConfig(settings.agents.seed, agents, SandboxResource.of(settings).agent_limits, settings.logs_dir)
    checkpoints = AttemptCheckpoints(settings.checkpoints_dir)
    wanted = dict.fromkeys((a.spec.agent.name for a in agents), 0)
    done = dict(wanted)
    earlier: list[Rollout] = []
    older = 0
    names = tasks_of(stored)
    for name in names:
        (task,) = from_table(Task, lake.read(stored["task_pool"][name]))
        before, then = _before(lake, stored["rollouts"].get(name))
        have = reusable(before, then, Origin.of(task, config))
        earlier.extend(before)
        older += sum(is_older(rollout, agents) for rollout in have.values())
        for attempt in plan_attempts(task, config):
            there = attempt.rollout_id in have or checkpoints.get(name, attempt.rollout_id, attempt.stamp) is not None
            (done if there else wanted)[attempt.agent.name] += 1
    notes = []
    (pool, *_) = plan(settings, lake)
    if pool.todo:
        notes.append(f"the task pool would be refreshed first: {settings.tasks.count} tasks are wanted, and {len(names)} are there now")
    if not names:
        wanted = {a.spec.agent.name: a.attempts * settings.tasks.count for a in agents}
    if older:
        notes.append(f"{older} attempts of older versions of these agents are kept beside those to run")
    if settings.agents.money_limit_usd is not None:
        notes.append(f"the run stops spending at {settings.agents.money_limit_usd:g} USD")
    lines = []
    for config_of, entry in zip(agents, settings.agents.run, strict=True):
        agent = config_of.spec.agent
        used = [r.usage for r in earlier if agent.model and r.agent.model == agent.model and r.usage.prompt_tokens is not None]
        line = Line(agent.name, agent.model, wanted[agent.name], done[agent.name])
        lines.append(_priced(line, entry, used) if agent.model and line.attempts else line)
    judge = judge_line(settings, sum(wanted.values()))
    return Estimate(tuple(lines), (*notes, *(judge.notes if judge else ())), judge)


def _nobody(entry: AgentRun) -> Any:
    """No service: an estimate asks none, and needs no key."""
    return None


def _before(lake: Lake, item: Stored | None) -> tuple[list[Rollout], Origin | None]:
    """Rollouts of a task as they are stored, and what they came from."""
    try:
        return stored_attempts(lake.read(item) if item else None)
    except CorruptPartition:
        return [], None


def _priced(line: Line, entry: AgentRun, used: list[Usage]) -> Line:
    if used:
        prompt, answer = (sum(getattr(u, f) or 0 for u in used) / len(used) for f in ("prompt_tokens", "completion_tokens"))
        costs = [u.cost_usd for u in used if u.cost_usd is not None]
        cost = sum(costs) / len(costs) if costs else None
        basis = f"mean of {len(used)} earlier rollouts of this model"
    else:
        turns = min(TURNS, entry.max_steps or TURNS)
        prompt, answer = turns * PROMPT, turns * ANSWER
        cost = _assumed_cost(entry, int(prompt), int(answer))
        each = f"{PROMPT} prompt tokens, {CACHED:.0%} of them cached, and {ANSWER} answer tokens"
        basis = f"no earlier rollout of this model; assumed are {turns} turns of {each}"
    return replace(
        line,
        prompt_tokens=round(prompt * line.attempts),
        completion_tokens=round(answer * line.attempts),
        cost_usd=None if cost is None else cost * line.attempts,
        basis=basis,
    )


def _assumed_cost(entry: AgentRun, prompt: int, answer: int) -> float | None:
    rates = entry.price.rates if entry.price else read_prices().rates(entry.model or "", PROMPT, datetime.now(UTC).date())
    read = int(prompt * CACHED)
    return rates.of(TokenUsage(input=prompt - read, cache_read=read, output=answer)) if rates else None


def show(found: Estimate) -> None:
    """Print it for a person."""
    console = Console(highlight=False)
    columns = ("agent", "model", "to run", "done", "prompt tokens", "answer tokens", "USD")
    table = Table(*columns, title="What a run would do", title_justify="left")
    for line in found.lines:
        figures = ("" if n is None else f"{n:,}" for n in (line.prompt_tokens, line.completion_tokens))
        usd = ("unknown" if line.model and line.attempts else "") if line.cost_usd is None else f"{line.cost_usd:.2f}"
        table.add_row(line.agent, line.model or "", str(line.attempts), str(line.done), *figures, usd)
    if found.judge:
        asked = found.judge.expected
        usd = "unknown" if asked.cost_usd is None else f"{asked.cost_usd:.2f}"
        table.add_row("judge", found.judge.model, f"{asked.calls} calls", "", f"{asked.prompt_tokens:,}", f"{asked.answer_tokens:,}", usd)
    console.print(table)
    for line in found.lines:
        if line.basis:
            console.print(f"{line.agent}: {line.basis}")
    for note in found.notes:
        console.print(note)
    total = "unknown: a model has no price" if found.cost_usd is None else f"{found.cost_usd:.2f} USD"
    console.print(f"{sum(line.attempts for line in found.lines)} attempts to run; cost: {total}")


def as_json(found: Estimate) -> dict[str, Any]:
    """The same as plain values."""
    return {
        "agents": [asdict(line) for line in found.lines],
        "judge": as_plain(found.judge),
        "attempts": sum(line.attempts for line in found.lines),
        "cost_usd": found.cost_usd,
        "notes": list(found.notes),
    }
