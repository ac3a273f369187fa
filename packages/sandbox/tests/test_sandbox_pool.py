"""A pool hands out each box once, and leaves none behind."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from agentsandbox.box import Backend, Box
from agentsandbox.errors import BackendUnavailable, BoxLost, SandboxError
from agentsandbox.pool import Pool
from trajschema.rollout import Limits
from trajschema.task import Environment


class Counting:
    """A backend that remembers the boxes that the real one made, and fails when told to."""

    def __init__(self, real: Backend, fail: bool = False) -> None:
        self._real = real
        self._fail = fail
        self.made: list[Box] = []

    def open(self, limits: Limits, environment: Environment, trusted: bool = False) -> Box:
        if self._fail:
            raise BackendUnavailable("no box today", "come back tomorrow")
        self.made.append(self._real.open(limits, environment, trusted))
        return self.made[-1]


def _mark(box: Box) -> str:
    said = box.call("shell", {"command": "ls -A; touch used"}).content
    return said


def test_no_box_is_handed_out_twice(best_backend: Backend) -> None:
    counting = Counting(best_backend)
    with Pool(counting, Limits(), Environment(), 2) as pool, ThreadPoolExecutor(3) as threads:  # type: ignore[arg-type]
        taken = list(threads.map(lambda _: pool.take(), range(3)))
        assert len({id(box) for box in taken}) == 3
        assert [_mark(box) for box in taken] == [""] * 3
        for box in taken:
            box.close()
    for box in counting.made:
        with pytest.raises(BoxLost):
            box.diff()
    with pytest.raises(SandboxError, match="pool is closed"):
        pool.take()


def test_a_box_that_cannot_be_made_is_an_error_of_who_takes_it(best_backend: Backend) -> None:
    with Pool(Counting(best_backend, fail=True), Limits(), Environment(), 1) as pool:  # type: ignore[arg-type]
        for _ in range(2):
            with pytest.raises(BackendUnavailable, match="no box today"):
                pool.take()


def test_an_empty_pool_is_refused(best_backend: Backend) -> None:
    with pytest.raises(ValueError, match="one or more"):
        Pool(best_backend, Limits(), Environment(), 0)
