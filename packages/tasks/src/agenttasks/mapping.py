"""Ways to spread independent work: one small interface, so that a pool of threads, of processes or a cluster can stand behind it."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Map(Protocol):
    """Calls ``work`` on every item and yields each item with its result, or with the exception that it raised, in any order."""

    def __call__(self, work: Callable[[Item], Result], items: Iterable[Item], /) -> Iterator[tuple[Item, Result | Exception]]: ...


def serial(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result | Exception]]:
    """One item after the other, in this thread."""
    for item in items:
        try:
            result: Result | Exception = work(item)
        except Exception as error:  # handed on as a value: the caller decides what it means
            result = error
        yield item, result


def threads(workers: int) -> Map:
    """A map over that many threads. The work waits for boxes, so threads are enough."""

    def mapped(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result | Exception]]:
        with ThreadPoolExecutor(workers, thread_name_prefix="agenttasks") as pool:
            running: dict[Future[Result], Item] = {pool.submit(work, item): item for item in items}
            for future in as_completed(running):
                error = future.exception()
                if error is not None and not isinstance(error, Exception):
                    raise error
                yield running[future], error if error is not None else future.result()

    return mapped
