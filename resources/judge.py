"""The judge that the settings ask for, or why there is none."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentllm.cache import AnswerCache
from agentllm.client import Client
from agentllm.ledger import Spending
from agentllm.question import Question
from agentreward.judge.config import JudgeConfig

from resources.settings import Settings


@dataclass(frozen=True)
class JudgeResource:
    """How the model is asked, what was asked already, and a client to ask with."""

    settings: Settings

    @property
    def config(self) -> JudgeConfig:
        """How the model is asked."""
        asked = self.settings.judge
        return JudgeConfig(
            model=asked.model,
            rubrics=self.settings.rubric_set,
            replicates=asked.replicates,
            rejudge_above=asked.rejudge_above,
            max_tokens=asked.max_tokens,
            provider=asked.provider,
            temperature=asked.temperature,
        )

    @property
    def at_once(self) -> int:
        """Requests that may be under way together."""
        return self.settings.judge.concurrency

    @property
    def why_not(self) -> str:
        """Why there is no judge; empty if there is one."""
        asked = self.settings.judge
        if asked.enabled == "never":
            return "the settings say judge.enabled: never"
        return "" if asked.active else f"no key in ${asked.key_name}"

    @property
    def cache(self) -> AnswerCache:
        """Answers that were paid for."""
        return AnswerCache(self.settings.data_dir / "judge-cache")

    def open(self) -> Client | None:
        """A client with a ledger of its own, or nothing where judging is off or the key is not set.

        Raises:
            NotConfigured: the SDK of the provider is not installed.
        """
        asked = self.settings.judge
        if not asked.active:
            return None
        return Client(
            provider=asked.provider,
            model=asked.model,
            base_url=asked.base_url,
            api_key_env=asked.key_name,
            max_retries=asked.max_retries,
            temperature=asked.temperature,
            semaphore=threading.BoundedSemaphore(asked.concurrency),
            cache=self.cache.folder,
            rates=asked.price.rates if asked.price else None,
        )

    def missing(self, questions: Sequence[Question[Any]]) -> list[Question[Any]]:
        """Those that no stored answer settles. Needs no key."""
        asked = self.settings.judge
        cache = self.cache
        return [q for q in questions if q.stored(cache, q.key(asked.provider, asked.model, asked.temperature)) is None]

    def in_batch(self, missing: int) -> bool:
        """Whether so many missing judgements are handed in as a batch."""
        return self.settings.judge.batch == "auto" and missing >= self.settings.judge.batch_from


def spent(total: Spending) -> dict[str, Any]:
    """A ledger as plain values; dollars are left out where a call has no price."""
    priced = {} if total.cost_usd is None else {"cost_usd": total.cost_usd}
    return {
        "calls": total.calls,
        "cached": total.cached,
        "failed": total.failed,
        "retries": total.retries,
        "prompt_tokens": total.usage.prompt,
        "answer_tokens": total.usage.output,
        **priced,
    }
