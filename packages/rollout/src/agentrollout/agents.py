"""The agents that a configuration names: embedded ones, custom ones, and models, each with a client."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from agentllm.chat import Chat, Provider, open_provider
from agentllm.cost_limit import CostLimiter
from agentllm.errors import NotConfigured

from agentrollout.config import AgentRun, Agents
from agentrollout.driver import AnyAgent
from agentrollout.models.agent import Sampling, model_agent
from agentrollout.plugins import find_agent
from agentrollout.tool_loop import Budget


@dataclass(frozen=True)
class AgentConfig:
    """An agent, how often it tries each task, and what one attempt may spend.

    ``code`` names the code that its attempts are made by. ``concurrency`` requests to a model are under way at once; other agents
    (``None``) have no model.
    """

    spec: AnyAgent
    attempts: int
    budget: Budget
    code: str
    concurrency: int | None = None


OpenProvider = Callable[[AgentRun], Provider]


def open_model(entry: AgentRun) -> Provider:
    """The service of a model.

    Raises:
        NotConfigured: its key is not set.
    """
    return open_provider(entry.provider or "", entry.base_url, entry.key_variable)


def build_agents(
    agents: Agents, folder: Path, codes: Mapping[str, str], cost_limiter: CostLimiter, open: OpenProvider = open_model
) -> list[AgentConfig]:
    """All agents of the configuration. All models spend from ``cost_limiter``; custom agents are looked for in ``folder`` first.

    ``codes`` names the code of each entry, by its name. It is part of the version of an agent with a model, whose attempts are
    paid for: new code makes new attempts, and those of the older version do not count as them.

    Raises:
        UnknownAgent, AgentUnusable: see :func:`agentrollout.plugins.find_agent`.
        NotConfigured: a model has no key, or it has a limit in money and no price.
    """
    return [
        _model(entry, agents, codes[entry.name], cost_limiter, open) if entry.model else _other(entry, agents, folder, codes[entry.name])
        for entry in agents.run
    ]


def _other(entry: AgentRun, agents: Agents, folder: Path, code: str) -> AgentConfig:
    spec = find_agent(entry.name, folder)
    if spec.agent.model is not None:
        spec = replace(spec, agent=spec.agent.model_copy(update={"version": f"{spec.agent.version}+{code}"}))
    return AgentConfig(spec, entry.attempts, Budget(steps=agents.max_steps, seconds=agents.max_seconds), code)


def _model(entry: AgentRun, agents: Agents, code: str, cost_limiter: CostLimiter, open: OpenProvider) -> AgentConfig:
    semaphore = threading.BoundedSemaphore(entry.concurrency)
    rates = entry.price.rates if entry.price else None
    chat = Chat(open(entry), entry.model or "", entry.retries, cost_limiter=cost_limiter, rates=rates, semaphore=semaphore)
    if not chat.priced and (cost_limiter.limit_usd is not None or entry.attempt_usd is not None):
        raise NotConfigured(f"agent {entry.name!r} has a limit in money, and what {entry.model!r} costs is not known", "give its `price`")
    sampling = Sampling(entry.max_tokens, entry.temperature, entry.top_p, entry.full_observations)
    budget = Budget(
        steps=entry.max_steps or agents.max_steps,
        seconds=entry.max_seconds or agents.max_seconds,
        tokens=entry.attempt_tokens,
        usd=entry.attempt_usd,
    )
    spec = model_agent(entry.name, entry.provider or "", chat, sampling, code)
    return AgentConfig(spec, entry.attempts, budget, code, entry.concurrency)
