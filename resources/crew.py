"""Who acts under the settings: embedded agents, agents of one's own, and models behind a client each."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from agentllm.chat import Chat, Provider, open_provider
from agentllm.cost_limit import CostLimiter
from agentllm.errors import NotConfigured
from agentllm.prices import Rates
from agentrollout.driver import AnyAgent
from agentrollout.loop import Budget
from agentrollout.models.agent import Sampling, model_agent
from agentrollout.plugins import find_agent

from resources.settings import AgentRun, Price, Settings


@dataclass(frozen=True)
class Member:
    """An agent, how often it tries each task, and what one attempt may spend.

    ``concurrency`` requests to a model are under way at once; other agents (``None``) have no model.
    """

    spec: AnyAgent
    attempts: int
    budget: Budget
    concurrency: int | None = None


Opener = Callable[[AgentRun], Provider]


def opened(entry: AgentRun) -> Provider:
    """The service of a model.

    Raises:
        NotConfigured: its key is not set.
    """
    return open_provider(entry.provider or "", entry.base_url, entry.key_variable)


def purse_of(settings: Settings, told: Callable[[], None] = lambda: None) -> CostLimiter:
    """What all models of one run spend from; ``told`` is called after each call."""
    return CostLimiter(settings.agents.money_limit_usd, told)


def members(settings: Settings, purse: CostLimiter, open: Opener = opened) -> list[Member]:
    """The crew. All models spend from ``purse``.

    Raises:
        UnknownAgent, AgentUnusable: see :func:`agentrollout.plugins.find_agent`.
        NotConfigured: a model has no key, or it has a limit in money and no price.
    """
    return [_model(entry, settings, purse, open) if entry.model else _other(entry, settings) for entry in settings.agents.run]


def _other(entry: AgentRun, settings: Settings) -> Member:
    agents = settings.agents
    return Member(find_agent(entry.name, settings.root), entry.attempts, Budget(steps=agents.max_steps, seconds=agents.max_seconds))


def _model(entry: AgentRun, settings: Settings, purse: CostLimiter, open: Opener) -> Member:
    gate = threading.BoundedSemaphore(entry.concurrency)
    chat = Chat(open(entry), entry.model or "", entry.retries, cost_limiter=purse, rates=rates_of(entry.price), semaphore=gate)
    if not chat.priced and (purse.limit_usd is not None or entry.attempt_usd is not None):
        raise NotConfigured(f"agent {entry.name!r} has a limit in money, and what {entry.model!r} costs is not known", "give its `price`")
    sampling = Sampling(entry.max_tokens, entry.temperature, entry.top_p, entry.full_observations)
    budget = Budget(
        steps=entry.max_steps or settings.agents.max_steps,
        seconds=entry.max_seconds or settings.agents.max_seconds,
        tokens=entry.attempt_tokens,
        usd=entry.attempt_usd,
    )
    return Member(model_agent(entry.name, entry.provider or "", chat, sampling), entry.attempts, budget, entry.concurrency)


def rates_of(price: Price | None) -> Rates | None:
    """Rates from the settings."""
    if price is None:
        return None
    written = price.input if price.cache_write is None else price.cache_write
    read = price.input if price.cache_read is None else price.cache_read
    return Rates(input=price.input, output=price.output, cache_read=read, cache_write_5m=written, cache_write_1h=written)
