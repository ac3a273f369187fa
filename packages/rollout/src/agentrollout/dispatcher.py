"""Attempts of many tasks at once: as many requests as each model allows, as many working boxes as there are cores."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from agentllm.cost_limit import CostLimiter
from trajschema.rollout import Rollout

from agentrollout.agents import AgentConfig


class Dispatcher:
    """Threads for attempts. Agents without a model share ``workers``. Each model has a thread for each request that it may have open,
    and half as many more (at least ``workers``) for attempts whose boxes work meanwhile.

    Answers come in bursts, and an attempt that ends is followed by one whose box must be made first. With only ``workers`` more,
    the model would wait at each burst, and the last attempts would begin so late that most of its requests stay unused.

    ``slots`` is what an attempt holds while its box works, so that boxes use ``workers`` cores however many requests are open.
    """

    def __init__(
        self, agents: Sequence[AgentConfig], workers: int, cost_limiter: CostLimiter, on_message: Callable[[str], None] = lambda line: None
    ) -> None:
        self.slots = threading.BoundedSemaphore(workers)
        self.cost_limiter = cost_limiter
        self._on_message = on_message
        self._lock = threading.Lock()
        self._asked = self._begun = self._done = 0
        self._models = any(agent.concurrency for agent in agents)
        self._shared = ThreadPoolExecutor(workers, thread_name_prefix="attempt")
        sizes = {a.spec.agent.name: a.concurrency + max(workers, a.concurrency // 2) for a in agents if a.concurrency}
        self._lanes = {name: ThreadPoolExecutor(size, thread_name_prefix="model") for name, size in sizes.items()}
        self.tasks = workers + sum(sizes.values())
        """Tasks to work on at once so that no thread waits for work."""

    def submit(self, config: AgentConfig, run: Callable[[], Rollout]) -> Future[Rollout | None]:
        """Run an attempt when its agent has a thread free; nothing comes of one that there is no money for."""
        with self._lock:
            self._asked += 1
        return self._lanes.get(config.spec.agent.name, self._shared).submit(self._run, config, run)

    def stop(self) -> None:
        """Start no more attempts; running models get no further turn."""
        self.cost_limiter.close("the run was stopped")
        for pool in (self._shared, *self._lanes.values()):
            pool.shutdown(wait=False, cancel_futures=True)

    def line(self) -> str:
        """How far it is, in words."""
        line = f"{self._done} of {self._asked} attempts done, {self._begun - self._done} under way"
        return f"{line}, {self.cost_limiter.spent_usd:.2f} USD" if self._models else line

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pool in (self._shared, *self._lanes.values()):
            pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, config: AgentConfig, run: Callable[[], Rollout]) -> Rollout | None:
        if config.concurrency and self.cost_limiter.refusal:
            return None
        with self._lock:
            self._begun += 1
        try:
            return run()
        finally:
            with self._lock:
                self._done += 1
            self._on_message(self.line())
