"""One function over many independent tasks: one small interface that threads implement here, and a cluster can elsewhere."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Executor(Protocol):
    """Maps a function over items. What it raises comes back as a value, so that one item never costs the others."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result | Exception]]:
        """Pairs of item and result, or of item and the exception that it raised, in any order."""


class SerialExecutor:
    """One item after the other, in this thread."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result | Exception]]:
        """See :class:`Executor`."""
        for item in items:
            try:
                result: Result | Exception = function(item)
            except Exception as error:  # handed on as a value: the caller decides what it means
                result = error
            yield item, result


SERIAL = SerialExecutor()


class ThreadExecutor:
    """A pool of threads in this process: enough for work that waits for boxes, models or disks.

    ``workers`` is the number of threads, 0 for one a core. ``on_leave`` is called before the pool waits for its threads to end.
    """

    def __init__(self, workers: int = 0, on_leave: Callable[[], None] = lambda: None) -> None:
        self.workers = workers or os.cpu_count() or 1
        self._on_leave = on_leave

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result | Exception]]:
        """See :class:`Executor`. Results come as they are ready; left early (Ctrl-C), what has not begun is dropped."""
        pool = ThreadPoolExecutor(self.workers, thread_name_prefix="task")
        try:
            futures = {pool.submit(function, item): item for item in items}
            for future in as_completed(futures):
                error = future.exception()
                if error is not None and not isinstance(error, Exception):
                    raise error
                yield futures[future], error if error is not None else future.result()
        finally:
            self._on_leave()
            pool.shutdown(wait=True, cancel_futures=True)
