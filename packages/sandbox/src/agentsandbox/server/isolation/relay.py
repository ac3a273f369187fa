"""Pass the bytes of connections on: from an address in the box to a socket that the host listens on, and back."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Sequence

_PIECE = 1 << 16
_WAITING = 16


def start(ways: Sequence[Sequence[str | int]], private: Sequence[int]) -> int | None:
    """Listen on each (address, port) and pass what comes to the Unix socket at its path, in a process of its own.

    ``ways`` holds triples of address, port and path. ``private`` are descriptors that the process must not hold. Returns its
    id; nothing without ways.

    Raises:
        OSError: an address or port cannot be listened on.
    """
    if not ways:
        return None
    listening = [socket.create_server((str(address), int(port)), backlog=_WAITING) for address, port, _ in ways]
    pid = os.fork()
    if pid:
        for s in listening:
            s.close()
        return pid
    try:
        for fd in private:
            os.close(fd)
        os.setsid()
        threads = [
            threading.Thread(target=relay, args=(s, lambda path=str(path): _to(path)))
            for s, (_, _, path) in zip(listening, ways)  # noqa: B905  (3.9 has no strict=)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        os._exit(0)


def relay(listening: socket.socket, connect: Callable[[], socket.socket]) -> None:
    """Accept callers until ``listening`` is shut down. Each gets a connection of its own."""
    while True:
        try:
            caller, _ = listening.accept()
        except OSError:
            return
        threading.Thread(target=_join, args=(caller, connect), daemon=True).start()


def _to(path: str) -> socket.socket:
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    return s


def _join(caller: socket.socket, connect: Callable[[], socket.socket]) -> None:
    with caller, contextlib.suppress(OSError), connect() as other:
        back = threading.Thread(target=_pump, args=(other, caller), daemon=True)
        back.start()
        _pump(caller, other)
        back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(_PIECE):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:  # one end is gone: the other has nobody to talk to
        for s in (source, target):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
