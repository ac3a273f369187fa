"""Executors: every item with its result or its exception, however many workers."""

from collections.abc import Callable

import pytest
from trajruntime.executor import Executor, SerialExecutor, ThreadExecutor


def halve(number: int) -> int:
    if number % 2:
        raise ValueError(number)
    return number // 2


@pytest.mark.parametrize("make", [SerialExecutor, lambda: ThreadExecutor(1), lambda: ThreadExecutor(3)])
def test_every_item_comes_back_with_its_result_or_its_exception(make: Callable[[], Executor]) -> None:
    results = dict(make().map(halve, range(6)))
    assert [results[n] for n in (0, 2, 4)] == [0, 1, 2]
    assert all(isinstance(results[n], ValueError) for n in (1, 3, 5))
