"""A client for conversations with tools: retries that the service can pace, prices, and a cost limit."""

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from typing import Literal, Protocol

from agentllm.conversation import Content, Reply, Request
from agentllm.cost_limit import CostLimiter
from agentllm.errors import NotConfigured
from agentllm.ledger import Ledger
from agentllm.prices import PriceList, Rates, read_prices
from agentllm.retries import with_retries

ProviderName = Literal["anthropic", "openai"]
KEY_VARIABLES: dict[str, str] = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}
BYTES_A_TOKEN = 2
"""Fewest bytes that a token stands for in what we send; code has three or four."""


class Provider(Protocol):
    """One try at one service, by its own SDK, which is told not to retry."""

    def send(self, model: str, request: Request, timeout_s: float) -> Content:
        """The answer.

        Raises:
            LLMError: by what the caller should do about it (see :mod:`agentllm.errors`).
        """

    def size(self, request: Request) -> int:
        """Bytes of the prompt."""


@dataclass
class Chat:
    """A model that is talked to. Safe to share between threads; ``ledger`` sums up what it was used for.

    ``rates`` stand in for the price list; ``retries`` are tries after the first, ``timeout_s`` the limit of one try, and
    ``semaphore`` is held during each try, so it bounds the requests at once.
    """

    provider: Provider
    model: str
    retries: int = 6
    timeout_s: float = 600.0
    cost_limiter: CostLimiter = field(default_factory=CostLimiter)
    rates: Rates | None = None
    prices: PriceList = field(default_factory=read_prices)
    today: Callable[[], date] = lambda: datetime.now(UTC).date()
    ledger: Ledger = field(default_factory=Ledger)
    semaphore: AbstractContextManager[object] = field(default_factory=nullcontext)

    @property
    def priced(self) -> bool:
        """Whether it is known what a call costs."""
        return self.rates_for(0) is not None

    def rates_for(self, prompt: int) -> Rates | None:
        """What the model charges today for a request with ``prompt`` tokens; missing where that is not known."""
        return self._rates(self.model, prompt)

    def reply(self, request: Request) -> Reply:
        """One turn of the model.

        Raises:
            ServiceFailure: no answer after every retry; ask again later.
            TooLong: the conversation no longer fits.
            OutOfTime: the deadline came while the model was at work.
            OutOfMoney: the cost limit is reached; nothing was asked.
            RequestRejected: HTTP 4xx; a person must change something.
        """
        try:
            with self.cost_limiter.call(self._most(request)) as pay:
                began = time.monotonic()
                content, retries = with_retries(partial(self._send, request), self.retries, self.timeout_s, request.deadline)
                cost = self.cost(content)
                pay(cost or 0.0)
        except Exception:
            self.ledger.failure()
            raise
        self.ledger.answered(content.usage, cost, retries)
        return Reply(**vars(content), cost_usd=cost, seconds=time.monotonic() - began, retries=retries)

    def cost(self, content: Content, *, batch: bool = False) -> float | None:
        """Dollars for an answer; missing where neither the model that answered nor the one that was asked has a price."""
        rates = self._rates(content.model, content.usage.prompt) or self._rates(self.model, content.usage.prompt)
        return None if rates is None else rates.of(content.usage) * (self.prices.batch_factor if batch else 1.0)

    def _send(self, request: Request, limit_s: float) -> Content:
        with self.semaphore:
            return self.provider.send(self.model, request, limit_s)

    def _rates(self, model: str, prompt: int) -> Rates | None:
        return self.rates or self.prices.rates(model, prompt, self.today())

    def _most(self, request: Request) -> float:
        """Dollars that a request costs at most, if nothing of it is cached."""
        prompt = self.provider.size(request) // BYTES_A_TOKEN
        rates = self.rates_for(prompt)
        if rates is None:
            return 0.0
        return (prompt * max(rates.input, rates.cache_write_5m) + request.max_tokens * rates.output) / 1e6


def open_provider(name: str, base_url: str | None = None, key_variable: str | None = None, key: str | None = None) -> Provider:
    """The provider of that name, with ``key`` or what the environment holds under ``key_variable``; if that is empty, with none.

    Raises:
        NotConfigured: the provider is unknown, its key is not set, or its SDK is not installed.
    """
    variable = KEY_VARIABLES.get(name, "") if key_variable is None else key_variable
    key = key or (os.environ.get(variable, "") if variable else "none")
    if name not in KEY_VARIABLES:
        raise NotConfigured(f"provider {name!r} is not known", f"use one of {', '.join(KEY_VARIABLES)}")
    if not key:
        raise NotConfigured(f"no key for provider {name!r}", f"set the environment variable {variable}")
    if name == "anthropic":
        from agentllm.providers.anthropic import AnthropicProvider

        return AnthropicProvider(key, base_url)
    try:
        from agentllm.providers.openai import OpenAIProvider
    except ImportError as missing:
        raise NotConfigured("the openai package is not installed", "install agentllm[openai]") from missing
    return OpenAIProvider(key, base_url)
