"""Answer requests, one at a time: JSON lines with bytes on standard input and output, until the client closes its end."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from agentsandbox.server import copying
from agentsandbox.server.archive import empty
from agentsandbox.server.git.history import Leak
from agentsandbox.server.git.repository import Repository
from agentsandbox.server.host import Host
from agentsandbox.server.isolation import identity, landlock, relay, seccomp
from agentsandbox.server.process import pipe_drain, supervisor
from agentsandbox.server.process.command import run_command
from agentsandbox.server.process.process_tree import paused
from agentsandbox.server.process.shell import Shell
from agentsandbox.server.settings import BadTree, Rejected, Settings, Unable
from agentsandbox.server.tools.toolbox import Tools
from agentsandbox.server.tree import Oversize


class Server:
    """One box."""

    def __init__(self, settings: Settings, client: int, sources: dict[str, str]) -> None:
        self._settings = settings
        self._client = client
        self.paths = settings.paths
        self._repository = Repository(settings)
        self._shell = Shell(settings)
        self._tools = Tools(settings, self._shell, client)
        self._sources = sources
        self._probes: dict[str, dict[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {}

    def answer(self, method: str, params: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Result of one request, as fields and bytes."""
        if method == "tool":
            return self._tools.call(params["tool"], params["arguments"], params["timeout_s"]), b""
        if method == "run":
            return run_command(self._settings, params, self._client), b""
        if method == "install":
            self._install(params["package"], params["sources"])
            return {}, b""
        if method == "ask":
            return self._probes[params["package"]][params["question"]](params["params"]), b""
        if method == "load":
            self._forget_agent()
            self._repository.load(body, params["patches"])
            return {}, b""
        if method == "reset":
            self._forget_agent()
            return {"tree_hash": self._repository.reset(params["snapshot"])}, b""
        if method == "apply":
            self._repository.apply(params["patch"])
            return {}, b""
        with paused():
            return self._look(method, params, body)

    def _look(self, method: str, params: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Result of a request that sees the workdir at one moment."""
        workdir, limit = self._settings.workdir, self._settings.tree_bytes
        if method == "diff":
            return {"diff": self._repository.diff()}, b""
        if method == "restore":
            return {"paths": self._repository.restore(params["patterns"])}, b""
        if method == "snapshot":
            name, tree_hash = self._repository.snapshot()
            return {"id": name, "tree_hash": tree_hash}, b""
        if method == "tree_hash":
            return {"tree_hash": self._repository.tree_hash()}, b""
        if method == "copy_in":
            copying.copy_in(workdir, params["path"], body, params["archive"], min(limit, params["limit"]))
            return {}, b""
        if method == "copy_out":
            return {}, copying.copy_out(workdir, params["path"], min(limit, params["limit"]))
        raise ValueError(f"unknown method {method!r}")

    def _install(self, package: str, sources: dict[str, str]) -> None:
        """Start a probe (see :class:`agentsandbox.messages.Probe`)."""
        self._sources.update(sources)
        module = importlib.import_module(f"{package}.main")
        self._probes[package] = module.start(Host(self._settings, self._repository, self._client))

    def _forget_agent(self) -> None:
        """No process of the agent, and nothing that one of them left in this one."""
        supervisor.kill_all()
        self._shell.clear()


def serve(first: dict[str, Any], rest: bytes) -> None:
    """Serve until the client is gone.

    ``first`` is the first line of the stream: settings, and sources by module name, which more are added to when a probe comes.
    ``rest`` is what was read beyond it.
    """
    settings = Settings(first["settings"])
    if settings.user:
        identity.become(settings.user, {settings.workdir, settings.base, settings.home, settings.tmp, *settings.scratch})
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the first process of a namespace gets no signal that it does not handle
    supervisor.harden()
    if settings.confined:
        landlock.drop_capabilities()
        landlock.confine(settings.doomed)
    seccomp.refuse(internet=settings.network or not settings.confined)
    _limit(settings.rlimits)
    os.umask(0o022)
    client, answers = _private(0, os.O_RDONLY), _private(1, os.O_WRONLY)
    supervisor.PRIVATE[:] = [client, answers]
    passing = relay.start(settings.ways, supervisor.PRIVATE)
    supervisor.KEPT.update({passing} if passing else ())
    for folder in (settings.workdir, settings.base, settings.home, settings.tmp):
        os.makedirs(folder, exist_ok=True)
    server = Server(settings, client, first["sources"])
    _send(answers, {"ready": os.getpid(), "python": sys.version.split()[0]})
    try:
        for request, body in _requests(client, rest):
            _send(answers, *_answered(server, request, body))
    except (supervisor.Hangup, BrokenPipeError):
        pass
    finally:
        supervisor.kill_all()
        if settings.doomed:
            empty(settings.doomed, keep_files=True)  # the file that names the owner lets the folder be reaped
    os._exit(0)


def _answered(server: Server, request: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        result, back = server.answer(request["method"], request["params"], body)
        return {"id": request["id"], "result": result}, back
    except supervisor.Hangup:
        raise
    except (Rejected, BadTree, Unable, Oversize, Leak, copying.Refused) as e:
        return {"id": request["id"], "error": type(e).__name__, "message": server.paths.outward_text(str(e))}, b""
    except subprocess.CalledProcessError as e:
        said = e.stderr.decode("utf-8", "replace") if e.stderr else ""
        return {"id": request["id"], "error": "Fault", "message": f"{' '.join(e.cmd)}: exit {e.returncode}: {said}"}, b""
    except Exception:
        return {"id": request["id"], "error": "Fault", "message": traceback.format_exc()}, b""


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


def _requests(fd: int, rest: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Requests with their bytes: a line, and then as many bytes as its ``body`` says."""
    held = bytearray(rest)
    while True:
        while (end := held.find(b"\n")) < 0:
            if not _read_more(fd, held):
                return
        line = bytes(held[:end])
        del held[: end + 1]
        if not line:  # an empty one interrupts what runs; here it came too late
            continue
        request = json.loads(line)
        while len(held) < request["body"]:
            if not _read_more(fd, held):
                return
        with memoryview(held) as view:
            body = bytes(view[: request["body"]])
        del held[: request["body"]]
        yield request, body


def _read_more(fd: int, held: bytearray) -> int:
    pipe_drain.wait_for(fd)
    data = os.read(fd, 1 << 20)
    held += data
    return len(data)


def _send(fd: int, message: dict[str, Any], body: bytes = b"") -> None:
    for data in (json.dumps({**message, "body": len(body)}).encode() + b"\n", body):
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
