"""Boxes made ahead of time, so that the next one is there at once."""

import contextlib
import queue
import threading
from types import TracebackType
from typing import Self

from trajschema.rollout import Limits
from trajschema.task import Environment

from agentsandbox.box import Backend, Box
from agentsandbox.errors import SandboxError


class Pool:
    """Keeps up to ``size`` warm boxes of one kind. A thread refills it; each box is handed out once.

    Whoever takes a box closes it. Closing the pool closes the boxes that nobody took.
    """

    def __init__(self, backend: Backend, limits: Limits, environment: Environment, size: int, trusted: bool = False) -> None:
        """Start to fill.

        Raises:
            ValueError: ``size`` is not positive.
        """
        if size < 1:
            raise ValueError(f"a pool of {size} boxes; give it one or more")
        self._backend = backend
        self._kind = (limits, environment, trusted)
        self._ready: queue.Queue[Box | SandboxError] = queue.Queue()
        self._wanted = threading.Semaphore(size)
        self._closed = threading.Event()
        self._refiller = threading.Thread(target=self._refill, name="box-pool", daemon=True)
        self._refiller.start()

    def take(self) -> Box:
        """A box that nobody used; waits for one that is being made.

        Raises:
            SandboxError: the box could not be made, or the pool is closed.
        """
        if self._closed.is_set():
            raise SandboxError("the pool is closed", "open a new one")
        made = self._ready.get()
        if self._closed.is_set():
            self._drop(made)
            self._ready.put(SandboxError("the pool is closed", "open a new one"))  # for whoever else waits
            raise SandboxError("the pool is closed", "open a new one")
        self._wanted.release()
        if isinstance(made, SandboxError):
            raise made
        return made

    def close(self) -> None:
        """Close every box that was not taken. Idempotent."""
        self._closed.set()
        self._wanted.release()
        self._refiller.join()
        with contextlib.suppress(queue.Empty):
            while True:
                self._drop(self._ready.get_nowait())
        self._ready.put(SandboxError("the pool is closed", "open a new one"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _refill(self) -> None:
        while True:
            self._wanted.acquire()
            if self._closed.is_set():
                return
            try:
                self._ready.put(self._backend.open(*self._kind))
            except SandboxError as e:
                self._ready.put(e)

    @staticmethod
    def _drop(made: Box | SandboxError) -> None:
        if not isinstance(made, SandboxError):
            with contextlib.suppress(SandboxError):  # reap finds what cannot be removed now
                made.close()
