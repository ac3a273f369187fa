"""What a judge would cost, before it is asked."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from agentllm.prices import Rates
from agentllm.question import Question
from agentllm.usage import TokenUsage

from agentreward.judge.config import TOKENS_ASIDE

BYTES_A_TOKEN = 3
"""Assumed of code and terminal output; prose has four."""


@dataclass(frozen=True)
class JudgeEstimate:
    """Calls that would be made, their tokens, and US dollars (missing where a call has no known price)."""

    calls: int
    prompt_tokens: int
    answer_tokens: int
    cost_usd: float | None


def estimate(questions: Iterable[Question[Any]], rates: Callable[[int], Rates | None], factor: float = 1.0) -> JudgeEstimate:
    """Of ``questions``, each asked once: nothing is retried or judged again, and no prompt cache helps.

    ``rates`` gives what a call with so many prompt tokens is charged by; ``factor`` is that of a batch. A token is taken for
    three bytes, and an answer for all that is set aside for its scores.
    """
    used = [_usage(q) for q in questions]
    priced = [(u, rates(u.input)) for u in used]
    costs = [None if r is None else r.of(u) * factor for u, r in priced]
    total = sum(used, TokenUsage())
    known = [c for c in costs if c is not None]
    return JudgeEstimate(len(used), total.input, total.output, sum(known) if len(known) == len(costs) else None)


def _usage(question: Question[Any]) -> TokenUsage:
    read = sum(len(t.encode()) for t in (question.system, question.prompt, json.dumps(question.schema)))
    return TokenUsage(input=read // BYTES_A_TOKEN, output=max(question.max_tokens - TOKENS_ASIDE, 0))
