"""Maps: every item with its result or its exception, however many workers."""

from collections.abc import Callable

import pytest
from agenttasks.mapping import Map, serial, threads


def halve(number: int) -> int:
    if number % 2:
        raise ValueError(number)
    return number // 2


@pytest.mark.parametrize("make", [lambda: serial, lambda: threads(1), lambda: threads(3)])
def test_every_item_comes_back_with_its_result_or_its_exception(make: Callable[[], Map]) -> None:
    results = dict(make()(halve, range(6)))
    assert [results[n] for n in (0, 2, 4)] == [0, 1, 2]
    assert all(isinstance(results[n], ValueError) for n in (1, 3, 5))
