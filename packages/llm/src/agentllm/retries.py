"""Tries of one request, with pauses that grow, that the service can set, and that end at the caller's deadline."""

import time
from collections.abc import Callable
from random import uniform
from typing import TypeVar

from agentllm.errors import OutOfTime, ServiceFailure

T = TypeVar("T")
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
LONGEST_WAIT_S = 600.0
"""A service that asks to be left alone for longer is not waited for."""


def with_retries(send: Callable[[float], T], retries: int, timeout_s: float, deadline: float | None) -> tuple[T, int]:
    """The first answer of ``send``, and how many tries failed before it.

    ``send`` is given the seconds that its try may take: ``timeout_s``, or less where ``deadline`` (monotonic clock) comes first.

    Raises:
        ServiceFailure: no try of ``1 + retries`` had an answer, or the service asked for too long a pause.
        OutOfTime: the deadline came during a try. That is the caller's limit, not the service's fault.
    """

    def left_s() -> float:
        return float("inf") if deadline is None else deadline - time.monotonic()

    for tries in range(retries + 1):
        try:
            return send(min(timeout_s, max(left_s(), 0.001))), tries
        except ServiceFailure as failure:
            if left_s() <= 0:
                raise OutOfTime("the model had not answered at the deadline", "allow more seconds") from failure
            pause = min(FIRST_PAUSE_S * 2**tries, LONGEST_PAUSE_S) * uniform(0.75, 1.0)
            pause = failure.retry_after_s if failure.retry_after_s is not None else pause
            if tries == retries or pause > min(LONGEST_WAIT_S, left_s()):
                raise
            time.sleep(pause)
    raise AssertionError("every try returns or raises")
