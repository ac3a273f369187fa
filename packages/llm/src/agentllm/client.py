"""Ask a model one question and get a typed answer, by either protocol, with a cache by content and a ledger.

The schema of the answer goes out as the provider takes it; the answer is read here, so that what does not fit the schema still
tells its token counts, its stop reason and its text. SDKs are imported where they are used: that takes most of a second, and
most commands never ask.
"""

import threading
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from agentllm.cache import AnswerCache
from agentllm.chat import Chat, open_provider
from agentllm.conversation import Content, Reply
from agentllm.errors import RequestRejected
from agentllm.ledger import Ledger
from agentllm.prices import PriceList, Rates, read_prices
from agentllm.question import Answer, Question

T = TypeVar("T", bound=BaseModel)


class Client:
    """A connection to one provider. Safe to share between threads.

    Args:
        provider: ``anthropic`` or ``openai`` (any server that speaks Chat Completions).
        model: model asked when a question names none.
        base_url: address of the service; the provider's own by default.
        api_key_env: environment variable that holds the key; the provider's usual one by default, none where it is empty. A key
            is never an argument, so it is in no configuration.
        max_retries: tries after the first for rate limits, 5xx, lost connections and bodies that are no answer, with back-off.
        timeout_s: limit for one try, seconds.
        temperature: sent to a provider that takes it. Where it is not taken, that is said once, and :meth:`notes` keeps it.
        semaphore: held during each try, so it bounds the requests at once.
        cache: folder of answers; none asks each time.
        rates, prices, today: what the model charges; the dated list of the package, today, by default.

    Raises:
        NotConfigured: the provider is unknown, its SDK is not installed, or the key is not set.
    """

    def __init__(
        self,
        *,
        provider: str = "anthropic",
        model: str = "claude-sonnet-5-5",
        base_url: str | None = None,
        api_key_env: str | None = None,
        api_key: str | None = None,
        max_retries: int = 4,
        timeout_s: float = 900.0,
        temperature: float | None = None,
        semaphore: AbstractContextManager[object] | None = None,
        cache: Path | None = None,
        rates: Rates | None = None,
        prices: PriceList | None = None,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        self.provider = provider
        self.model = model
        self.cache = AnswerCache(cache) if cache else None
        self.chat = Chat(
            open_provider(provider, base_url, api_key_env, api_key),
            model,
            max_retries,
            timeout_s,
            rates=rates,
            prices=prices or read_prices(),
            today=today,
            semaphore=semaphore or nullcontext(),
        )
        self._temperature = temperature
        self._notes: dict[str, str] = {}
        self._lock = threading.Lock()
        if provider == "anthropic" and temperature is not None:
            self._not_sent("anthropic no longer takes one")

    @property
    def ledger(self) -> Ledger:
        """What was spent since the client was made."""
        return self.chat.ledger

    def notes(self) -> tuple[str, ...]:
        """What did not go as configured so far."""
        return tuple(self._notes.values())

    def ask(
        self,
        system: str,
        prompt: str,
        output: type[T],
        *,
        model: str | None = None,
        max_tokens: int = 16_000,
        sample: int = 0,
        again: bool = False,
    ) -> Answer[T]:
        """One question, one answer of type ``output``; the arguments are the fields of :class:`agentllm.question.Question`.

        ``system`` is marked for the provider's prompt cache, so a fixed text costs little from the second call on.

        Raises:
            ServiceFailure: no answer after every retry; ask again later.
            UnusableAnswer: refused, cut off, too long, or not of type ``output``. Billed answers count in the ledger.
            RequestRejected: HTTP 4xx; a person must change something.
        """
        question = Question(system, prompt, output, model, max_tokens, sample, again)
        stored = self.stored(question)
        if stored is not None:
            self.ledger.from_cache()
            return stored
        reply = self._reply(question)
        try:
            value = question.read(reply, reply.cost_usd)
        except Exception:
            self.ledger.failure()
            raise
        try:
            self.keep(self.key(question), reply, reply.cost_usd)
        except OSError as error:
            # The answer is there and paid for, kept or not.
            self._say("cache", f"answers are not kept: {error}; name a cache folder that can be written")
        return Answer(value, reply.model, reply.usage, reply.cost_usd, False)

    def key(self, question: Question[T]) -> str:
        """Name of its answer in the cache."""
        return question.key(self.provider, self.model, self._temperature)

    def stored(self, question: Question[T]) -> Answer[T] | None:
        """The answer in the cache; ``None`` where there is none that can be read."""
        return question.stored(self.cache, self.key(question)) if self.cache else None

    def keep(self, key: str, content: Content, cost_usd: float | None) -> None:
        """Put an answer into the cache.

        Raises:
            OSError: it cannot be written.
        """
        if self.cache:
            answer = {"text": content.text, "model": content.model, "usage": content.usage.model_dump(), "cost_usd": cost_usd}
            self.cache.put(key, answer)

    def _reply(self, question: Question[T]) -> Reply:
        chat = replace(self.chat, model=question.model or self.model)
        request = question.request(None if "temperature" in self._notes else self._temperature)
        try:
            return chat.reply(request)
        except RequestRejected as error:
            if request.temperature is None or "temperature" not in str(error).lower():
                raise
            self._not_sent(f"the service refuses it ({error.what[:200]})")
            return chat.reply(replace(request, temperature=None))

    def _not_sent(self, why: str) -> None:
        self._say("temperature", f"temperature {self._temperature} was not sent: {why}")

    def _say(self, matter: str, note: str) -> None:
        """Warn of a matter once."""
        with self._lock:
            if matter not in self._notes:
                self._notes[matter] = note
                warnings.warn(note, stacklevel=4)
