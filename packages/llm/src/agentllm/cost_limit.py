"""A cost limit that calls of many threads share, and that at most one call can exceed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from agentllm.errors import OutOfMoney


class CostLimiter:
    """What a run may spend, in US dollars. Without a limit it only counts.

    A call is let in with the most that it may cost. While others are under way it waits until what is spent, what they may
    cost and what it may cost fit in the limit; alone it goes as long as anything is left. So the limit is passed by one call
    at most, however many threads there are.
    """

    def __init__(self, limit_usd: float | None = None, on_progress: Callable[[], None] = lambda: None) -> None:
        self.limit_usd = limit_usd
        self._on_progress = on_progress
        self._changed = threading.Condition()
        self._spent = 0.0
        self._held = 0.0
        self._under_way = 0
        self._closed = ""

    @property
    def spent_usd(self) -> float:
        """What was paid so far."""
        return self._spent

    @property
    def refusal(self) -> str:
        """Why no call is let in any more; empty while calls are."""
        if self._closed:
            return self._closed
        empty = self.limit_usd is not None and self._spent >= self.limit_usd
        return f"the money limit of the run, {self.limit_usd:g} USD, is reached" if empty else ""

    def close(self, reason: str) -> None:
        """Let no further call in."""
        with self._changed:
            self._closed = self._closed or reason
            self._changed.notify_all()

    @contextmanager
    def call(self, most_usd: float) -> Iterator[Callable[[float], None]]:
        """Room for one call that costs ``most_usd`` at most; yields what it is paid with.

        Raises:
            OutOfMoney: nothing is left, or the limiter was closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self.refusal or self._fits(most_usd))
            if self.refusal:
                raise OutOfMoney(self.refusal, "run again, with a higher limit or the same one anew")
            self._held += most_usd
            self._under_way += 1
        try:
            yield self._pay
        finally:
            with self._changed:
                self._held -= most_usd
                self._under_way -= 1
                self._changed.notify_all()
            self._on_progress()

    def _fits(self, most_usd: float) -> bool:
        return self.limit_usd is None or self._under_way == 0 or self._spent + self._held + most_usd <= self.limit_usd

    def _pay(self, usd: float) -> None:
        with self._changed:
            self._spent += usd
