"""A client for conversations with tools: retries that the service can pace, prices, and a purse that may say no."""

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from random import uniform
from typing import Literal, Protocol

from agentllm.conversation import Content, Reply, Request
from agentllm.errors import NotConfigured, OutOfTime, ServiceFailure
from agentllm.ledger import Ledger
from agentllm.prices import PriceList, Rates, read_prices
from agentllm.purse import Purse

ProviderName = Literal["anthropic", "openai"]
KEY_VARIABLES: dict[str, str] = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
LONGEST_WAIT_S = 600.0
"""A service that asks to be left alone for longer is not waited for."""
BYTES_A_TOKEN = 2
"""Fewest bytes that a token stands for in what we send; code has three or four."""


class Provider(Protocol):
    """One try at one service, by its own SDK, which is told not to retry."""

    def send(self, model: str, request: Request, timeout_s: float) -> Content:
        """The answer.

        Raises:
            LLMError: by what the caller should do about it (see :mod:`agentllm.errors`).
        """
        ...

    def size(self, request: Request) -> int:
        """Bytes of the prompt."""
        ...


@dataclass
class Chat:
    """A model that is talked to. Safe to share between threads; ``ledger`` sums up what it was used for.

    ``rates`` stand in for the price list; ``retries`` are tries after the first, ``timeout_s`` the limit of one try, and
    ``gate`` is held during each: a semaphore bounds the requests at once.
    """

    provider: Provider
    model: str
    retries: int = 6
    timeout_s: float = 600.0
    purse: Purse = field(default_factory=Purse)
    rates: Rates | None = None
    prices: PriceList = field(default_factory=read_prices)
    today: Callable[[], date] = lambda: datetime.now(UTC).date()
    ledger: Ledger = field(default_factory=Ledger)
    gate: AbstractContextManager[object] = field(default_factory=nullcontext)

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
            OutOfMoney: the purse is empty; nothing was asked.
            RequestRejected: HTTP 4xx; a person must change something.
        """
        try:
            with self.purse.call(self._most(request)) as pay:
                began = time.monotonic()
                content, retries = self._tried(request)
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

    def _tried(self, request: Request) -> tuple[Content, int]:
        """The first answer, and how many tries failed before it. A try that its deadline cut short is the model's, not the service's."""
        for tries in range(self.retries + 1):
            try:
                with self.gate:
                    limit = min(self.timeout_s, max(self._left(request), 0.001))
                    return self.provider.send(self.model, request, limit), tries
            except ServiceFailure as failure:
                if self._left(request) <= 0:
                    raise OutOfTime(f"{self.model} had not answered at the deadline", "allow more seconds") from failure
                pause = min(FIRST_PAUSE_S * 2**tries, LONGEST_PAUSE_S) * uniform(0.75, 1.0)
                pause = failure.retry_after_s if failure.retry_after_s is not None else pause
                if tries == self.retries or pause > min(LONGEST_WAIT_S, self._left(request)):
                    raise
                time.sleep(pause)
        raise AssertionError("every try returns or raises")

    @staticmethod
    def _left(request: Request) -> float:
        return float("inf") if request.deadline is None else request.deadline - time.monotonic()

    def _rates(self, model: str, prompt: int) -> Rates | None:
        return self.rates or self.prices.rates(model, prompt, self.today())

    def _most(self, request: Request) -> float:
        """Dollars that a request costs at most, if nothing of it is cached."""
        prompt = self.provider.size(request) // BYTES_A_TOKEN
        rates = self.rates_for(prompt)
        if rates is None:
            return 0.0
        return (prompt * max(rates.input, rates.cache_write_5m) + request.max_tokens * rates.output) / 1e6


def open_provider(name: str, base_url: str | None = None, key_variable: str | None = None) -> Provider:
    """The provider of that name. An empty ``key_variable`` means that the service wants no key.

    Raises:
        NotConfigured: the provider is unknown, its key is not set, or its SDK is not installed.
    """
    variable = KEY_VARIABLES.get(name, "") if key_variable is None else key_variable
    key = os.environ.get(variable, "") if variable else "none"
    if name not in KEY_VARIABLES:
        raise NotConfigured(f"provider {name!r} is not known", f"use one of {', '.join(KEY_VARIABLES)}")
    if not key:
        raise NotConfigured(f"no key for provider {name!r}", f"set the environment variable {variable}")
    if name == "anthropic":
        from agentllm.by_anthropic import ByAnthropic

        return ByAnthropic(key, base_url)
    try:
        from agentllm.by_openai import ByOpenAI
    except ImportError as missing:
        raise NotConfigured("the openai package is not installed", "install agentllm[openai]") from missing
    return ByOpenAI(key, base_url)
