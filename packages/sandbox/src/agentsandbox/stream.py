"""JSON lines, each with bytes after it, over two file descriptors, with a deadline on every read and write."""

import json
import os
import select
import time
from collections.abc import Callable
from typing import Any

from agentsandbox.errors import BoxLost

_PIECE = 1 << 18
_ERRORS_KEPT = 4000
_FRAME_HEADER = 8  # docker: 1 byte stream (1 output, 2 errors), 3 zero bytes, 4 bytes length, big endian


class Stream:
    """The client's end of a box's protocol."""

    def __init__(self, read_fd: int, write_fd: int, *, framed: bool = False, errors: Callable[[], str] = str) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._framed = framed
        self._raw = bytearray()
        self._held = bytearray()
        self._errors = bytearray()
        self._other_errors = errors
        for fd in {read_fd, write_fd}:
            os.set_blocking(fd, False)

    def send(self, data: bytes, deadline: float) -> None:
        """Write bytes.

        Raises:
            BoxLost: the box does not take them before ``deadline`` (monotonic seconds), or is gone.
        """
        view = memoryview(data)
        while view:
            self._await(self._write_fd, select.POLLOUT, deadline)
            try:
                view = view[os.write(self._write_fd, view[:_PIECE]) :]
            except BlockingIOError:
                continue
            except OSError as e:
                raise self._lost(f"the box is gone ({e.strerror})") from e

    def receive(self, deadline: float) -> tuple[dict[str, Any], bytes]:
        """The next message, and the bytes that came with it.

        Raises:
            BoxLost: none came before ``deadline``, or the box is gone.
        """
        searched = 0
        while (end := self._held.find(b"\n", searched)) < 0:
            searched = len(self._held)
            self._read(deadline)
        message = self._message(bytes(self._held[:end]))
        del self._held[: end + 1]
        size = message["body"]
        while len(self._held) < size:
            self._read(deadline)
        with memoryview(self._held) as held:
            body = bytes(held[:size])
        del self._held[:size]
        return message, body

    def _read(self, deadline: float) -> None:
        self._await(self._read_fd, select.POLLIN, deadline)
        try:
            data = os.read(self._read_fd, _PIECE)
        except BlockingIOError:
            return
        except OSError as e:
            raise self._lost(f"the box is gone ({e.strerror})") from e
        if not data:
            raise self._lost("the box ended")
        self._take(data)

    def _message(self, line: bytes) -> dict[str, Any]:
        try:
            message = json.loads(line)
        except ValueError as e:
            raise self._lost(f"the box answers with something that is no message: {line[:200]!r}") from e
        if not isinstance(message, dict) or not isinstance(message.get("body"), int):
            raise self._lost("the box answers with something that is no message")
        return message

    def _take(self, data: bytes) -> None:
        if not self._framed:
            self._held += data
            return
        self._raw += data
        while len(self._raw) >= _FRAME_HEADER:
            size = int.from_bytes(self._raw[4:8], "big")
            if len(self._raw) < _FRAME_HEADER + size:
                return
            body = self._raw[_FRAME_HEADER : _FRAME_HEADER + size]
            (self._held if self._raw[0] == 1 else self._errors).extend(body)
            del self._errors[:-_ERRORS_KEPT]
            del self._raw[: _FRAME_HEADER + size]

    def _await(self, fd: int, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(fd, event)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise self._lost("the box does not answer")

    def _lost(self, what: str) -> BoxLost:
        said = (self._errors.decode("utf-8", "replace") + self._other_errors()).strip()
        return BoxLost(what + (f": {said[-_ERRORS_KEPT:]}" if said else ""), "open a new box and load the tree again")
