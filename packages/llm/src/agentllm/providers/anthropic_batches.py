"""Batches by the ``anthropic`` SDK."""

from collections.abc import Iterator, Sequence
from typing import Any

from agentllm.conversation import Content, Request
from agentllm.errors import BadResponse, LLMError
from agentllm.providers.anthropic import AnthropicProvider, content_of, in_our_words, wire


class AnthropicBatches:
    """The Message Batches API behind ``provider``. The SDK retries rate limits, 5xx and lost connections with its own back-off."""

    def __init__(self, provider: AnthropicProvider, retries: int) -> None:
        self._batches = provider.sdk.with_options(max_retries=retries).messages.batches
        self._address = str(provider.sdk.base_url)

    def create(self, items: Sequence[tuple[str, str, Request]]) -> str:
        """Hand in questions, each with its name and its model; the id of the batch."""
        requests: Any = [
            {"custom_id": name, "params": {"model": model, "max_tokens": request.max_tokens, **wire(request)}}
            for name, model, request in items
        ]
        with in_our_words("batches", self._address):
            return self._batches.create(requests=requests).id

    def left(self, batch: str) -> int | None:
        """Questions that are still at work; ``None`` once the batch has ended."""
        with in_our_words("batches", self._address):
            found = self._batches.retrieve(batch)
        return None if found.processing_status == "ended" else found.request_counts.processing

    def results(self, batch: str, model: str) -> Iterator[tuple[str, Content | None]]:
        """Name and answer of every question; no answer where it errored, expired or was cancelled.

        Raises:
            BadResponse: the results broke off, or are none.
        """
        try:
            with in_our_words("batches", self._address):
                for row in self._batches.results(batch):
                    yield row.custom_id, _content(row.result, model)
        except LLMError:
            raise
        except Exception as error:  # lines that are no JSON, and what the transport raises while they come
            raise BadResponse(f"the results of batch {batch} cannot be read", "run again, or ask one by one") from error


def _content(result: Any, model: str) -> Content | None:
    if result.type != "succeeded":
        return None
    try:
        return content_of(result.message.to_json().encode(), model)
    except BadResponse:
        return None
