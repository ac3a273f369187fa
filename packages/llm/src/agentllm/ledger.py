"""What a client has spent since it was made."""

import threading
from dataclasses import dataclass, field, replace

from agentllm.usage import TokenUsage


@dataclass(frozen=True)
class Spending:
    """Sums over calls. ``cost_usd`` is missing as soon as one call has no price."""

    calls: int = 0
    cached: int = 0
    failed: int = 0
    retries: int = 0
    usage: TokenUsage = field(default_factory=TokenUsage)
    cost_usd: float | None = 0.0


class Ledger:
    """Thread-safe running sums."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sum = Spending()

    @property
    def total(self) -> Spending:
        """The sums so far."""
        return self._sum

    def answered(self, usage: TokenUsage, cost_usd: float | None, retries: int = 0) -> None:
        """A call that was billed, usable or not."""
        with self._lock:
            s = self._sum
            cost = None if s.cost_usd is None or cost_usd is None else s.cost_usd + cost_usd
            self._sum = replace(s, calls=s.calls + 1, retries=s.retries + retries, usage=s.usage + usage, cost_usd=cost)

    def from_cache(self) -> None:
        """An answer that cost nothing."""
        with self._lock:
            self._sum = replace(self._sum, cached=self._sum.cached + 1)

    def failure(self) -> None:
        """A call that gave no value."""
        with self._lock:
            self._sum = replace(self._sum, failed=self._sum.failed + 1)
