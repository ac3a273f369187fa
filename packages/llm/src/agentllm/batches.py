"""Many questions at once through the Message Batches API: half the price, an answer within a day.

A batch fills the cache of a client and nothing else, so whoever asks afterwards finds the answers there. What went wrong with
one question of a batch leaves no answer, and is asked again on its own. The id of every batch is kept in a file beside the
answers until they were taken: a process that was killed leaves its batch to the next.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trajruntime import atomic

from agentllm.client import Client
from agentllm.conversation import Content, Request
from agentllm.errors import NotConfigured, RequestRejected
from agentllm.question import Question

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
MOST_QUESTIONS = 10_000
MOST_BYTES = 100_000_000
"""The service takes ten times as many questions and twice the bytes; less is lost with a smaller batch that fails."""


@dataclass(frozen=True)
class Filled:
    """What became of a batch."""

    asked: int
    answered: int


class Batches:
    """Fills the cache of ``client``. ``on_progress`` hears how far a batch is.

    Raises:
        NotConfigured: the provider has no such service here, or the client has no cache.
    """

    def __init__(self, client: Client, on_progress: Callable[[str], None] = lambda line: None) -> None:
        from agentllm.providers.anthropic import AnthropicProvider
        from agentllm.providers.anthropic_batches import AnthropicBatches

        if client.cache is None or not isinstance(client.chat.provider, AnthropicProvider):
            raise NotConfigured("a batch needs provider anthropic and a cache", "ask one by one")
        self._client = client
        self._service = AnthropicBatches(client.chat.provider, client.chat.retries)
        self._folder = client.cache.folder / "batches"
        self._on_progress = on_progress

    def pending(self) -> dict[str, frozenset[str]]:
        """Batches whose answers were not taken yet, each with the keys of its questions. A file that cannot be read counts as absent."""
        found: dict[str, frozenset[str]] = {}
        for file in sorted(self._folder.glob("*.json")):
            with suppress(OSError, ValueError, TypeError):
                found[file.stem] = frozenset(json.loads(file.read_text("utf-8")))
        return found

    def fill(self, questions: Iterable[Question[Any]]) -> Filled:
        """Have ``questions`` answered as far as they are neither in the cache nor in a batch under way; wait, and keep the answers.

        Raises:
            ServiceFailure: the service gave no answer after every retry. A batch that was handed in is picked up next time.
            RequestRejected: HTTP 4xx; a person must change something.
            OSError: the cache cannot be written; nothing was handed in.
        """
        wanted = {self._client.key(q): q for q in questions if self._client.stored(q) is None}
        under_way = {batch: keys for batch, keys in self.pending().items() if keys & wanted.keys()}
        new = {key: q for key, q in wanted.items() if not any(key in keys for keys in under_way.values())}
        self._folder.mkdir(parents=True, exist_ok=True)  # before anything is paid for that could not be found again
        for part in _parts(self._items(new)):
            batch = self._service.create(part)
            under_way[batch] = frozenset(name for name, _, _ in part)
            self._remember(batch, under_way[batch])
        answered = sum(self._take(batch, len(keys)) for batch, keys in under_way.items())
        return Filled(sum(map(len, under_way.values())), answered)

    def _items(self, questions: dict[str, Question[Any]]) -> Iterator[tuple[str, str, Request]]:
        for key, question in questions.items():
            yield key, question.model or self._client.model, question.request(None)

    def _remember(self, batch: str, keys: frozenset[str]) -> None:
        file = self._folder / f"{batch}.json"
        atomic.write_text(file, json.dumps(sorted(keys)))

    def _take(self, batch: str, size: int) -> int:
        """Wait for a batch and keep its answers; how many there were. One that the service no longer knows is forgotten."""
        file: Path = self._folder / f"{batch}.json"
        pause = FIRST_PAUSE_S
        try:
            while (left := self._service.left(batch)) is not None:
                self._on_progress(f"batch {batch}: {size - left} of {size} answered")
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
            found = list(self._service.results(batch, self._client.model))
        except RequestRejected:
            file.unlink(missing_ok=True)
            raise
        answered = sum(self._keep(key, content) for key, content in found)
        self._on_progress(f"batch {batch}: ended, {answered} of {size} answered")
        file.unlink(missing_ok=True)
        return answered

    def _keep(self, key: str, content: Content | None) -> bool:
        if content is None:
            self._client.ledger.failure()
            return False
        cost = self._client.chat.cost(content, batch=True)
        self._client.ledger.answered(content.usage, cost)
        if content.stop in ("refusal", "length"):
            self._client.ledger.failure()
            return False
        self._client.keep(key, content, cost)
        return True


def _parts(items: Iterator[tuple[str, str, Request]]) -> Iterator[list[tuple[str, str, Request]]]:
    part: list[tuple[str, str, Request]] = []
    size = 0
    for item in items:
        length = len(item[2].system) + sum(len(getattr(m, "text", "").encode(errors="replace")) for m in item[2].messages)
        if part and (len(part) == MOST_QUESTIONS or size + length > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(item)
        size += length
    if part:
        yield part
