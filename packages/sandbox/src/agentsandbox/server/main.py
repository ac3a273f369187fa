"""Answer requests, one at a time: JSON lines on standard input and output, until the client closes its end."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import traceback
from typing import Any

from agentsandbox.server import confine, leftovers, processes
from agentsandbox.server.archive import empty
from agentsandbox.server.cutting import HeadTail
from agentsandbox.server.repository import Repository
from agentsandbox.server.session import Session
from agentsandbox.server.settings import BadTree, Rejected, Settings, Unable
from agentsandbox.server.testing import Testing
from agentsandbox.server.toolbox import Tools


class Server:
    """One box."""

    def __init__(self, settings: Settings, client: int) -> None:
        self._output_bytes = settings.output_bytes
        self._client = client
        self.paths = settings.paths
        self._repository = Repository(settings)
        self._testing = Testing(settings, self._repository)
        self._session = Session(settings)
        self._tools = Tools(settings, self._testing, self._session, client)

    def answer(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Result of one request."""
        if method == "tool":
            return self._tools.call(params["tool"], params["arguments"], params["timeout_s"])
        if method == "load":
            processes.kill_all()
            self._session.clear()
            self._repository.load(base64.b64decode(params["tree"]), params["patches"])
            return {}
        if method == "diff":
            return {"diff": self._repository.diff()}
        if method == "apply":
            self._repository.apply(params["patch"])
            return {}
        if method == "restore":
            return {"paths": self._repository.restore(params["patterns"])}
        if method == "run_tests":
            out = HeadTail(self._output_bytes)
            return {**self._testing.run(params, out, self._client), "output": out.text()}
        raise ValueError(f"unknown method {method!r}")


def serve(raw: dict[str, Any], rest: bytes) -> None:
    """Serve until the client is gone. ``rest`` is what was read of the stream beyond the first line."""
    settings = Settings(raw)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the first process of a namespace gets no signal that it does not handle
    processes.harden()
    if settings.confined:
        confine.confine(settings.doomed, settings.network)
    _limit(settings.rlimits)
    client, answers = _private(0, os.O_RDONLY), _private(1, os.O_WRONLY)
    processes.PRIVATE[:] = [client, answers]
    for folder in (settings.workdir, settings.base, settings.home, settings.tmp):
        os.makedirs(folder, exist_ok=True)
    server = Server(settings, client)
    _send(answers, {"ready": os.getpid(), "python": sys.version.split()[0]})
    try:
        for line in _lines(client, rest):
            if line:  # an empty one interrupts what runs; here it came too late
                _send(answers, _answered(server, json.loads(line)))
    except (processes.Hangup, BrokenPipeError):
        pass
    finally:
        processes.kill_all()
        if settings.doomed:
            empty(settings.doomed, keep_files=True)  # the file that names the owner lets the folder be reaped
    os._exit(0)


def _answered(server: Server, request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"id": request["id"], "result": server.answer(request["method"], request["params"])}
    except processes.Hangup:
        raise
    except (Rejected, BadTree, Unable) as e:
        return {"id": request["id"], "error": type(e).__name__, "message": server.paths.outward_text(str(e))}
    except subprocess.CalledProcessError as e:
        said = e.stderr.decode("utf-8", "replace") if e.stderr else ""
        return {"id": request["id"], "error": "Fault", "message": f"{' '.join(e.cmd)}: exit {e.returncode}: {said}"}
    except Exception:
        return {"id": request["id"], "error": "Fault", "message": traceback.format_exc()}


def _private(fd: int, mode: int) -> int:
    """Move an end of the protocol to a descriptor that no child inherits; leave the null device in its place."""
    moved = os.dup(fd)
    null = os.open(os.devnull, mode)
    os.dup2(null, fd)
    os.close(null)
    return moved


def _limit(limits: dict[str, int]) -> None:
    import resource

    for name, value in limits.items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (wanted, wanted))


def _lines(fd: int, rest: bytes) -> Any:
    parts = [rest]
    while True:
        while b"\n" in parts[-1]:
            line, _, left = b"".join(parts).partition(b"\n")
            yield line
            parts = [left]
        leftovers.wait_for(fd)
        data = os.read(fd, 1 << 20)
        if not data:
            return
        parts.append(data)


def _send(fd: int, message: dict[str, Any]) -> None:
    data = json.dumps(message).encode() + b"\n"
    while data:
        data = data[os.write(fd, data) :]
