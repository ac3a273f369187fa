"""What a person sees while a run goes on."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """Told of each stage and partition as it happens."""

    def start(self, stage: str, todo: int, cached: int) -> None: ...

    def advance(self, stage: str, partition: str, failure: str | None) -> None: ...

    def note(self, stage: str, line: str) -> None: ...

    def finish(self, stage: str) -> None: ...


class Lines:
    """Plain lines for logs and pipes: one when a stage begins, one at most every few seconds, one when it ends."""

    def __init__(self, every: float = 5.0) -> None:
        self.every = every
        self.state: dict[str, tuple[int, int, float]] = {}
        self.said: dict[str, float] = {}

    def start(self, stage: str, todo: int, cached: int) -> None:
        now = time.monotonic()
        self.state[stage], self.said[stage] = (todo, 0, now), now
        if todo:
            self._say(f"{stage}: {todo} to compute, {cached} cached")
        else:
            self._say(f"{stage}: all {cached} cached")

    def advance(self, stage: str, partition: str, failure: str | None) -> None:
        todo, done, began = self.state[stage]
        self.state[stage] = (todo, done + 1, began)
        if failure:
            self._say(f"{stage}: {partition} failed: {failure}")
        if self._due(stage) and done + 1 < todo:
            self._say(f"{stage}: {done + 1}/{todo}, {time.monotonic() - began:.0f} s")

    def note(self, stage: str, line: str) -> None:
        """What goes on within partitions; told from any thread."""
        todo, done, _ = self.state[stage]
        if self._due(stage):
            self._say(f"{stage}: {done}/{todo}, {line}")

    def finish(self, stage: str) -> None:
        todo, done, began = self.state[stage]
        if todo:
            self._say(f"{stage}: {done}/{todo} done in {time.monotonic() - began:.1f} s")

    def _due(self, stage: str) -> bool:
        now = time.monotonic()
        if now - self.said[stage] < self.every:
            return False
        self.said[stage] = now
        return True

    def _say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)


_CURRENT: list[Progress] = [Lines()]


def current() -> Progress:
    """What is told in this process: plain lines, unless :func:`shown_by` says otherwise."""
    return _CURRENT[-1]


@contextmanager
def shown_by(progress: Progress) -> Iterator[Progress]:
    """Tell ``progress`` while the block runs."""
    _CURRENT.append(progress)
    try:
        yield progress
    finally:
        _CURRENT.remove(progress)
