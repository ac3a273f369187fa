"""Answer requests, one at a time: JSON lines on standard input and output, until the client closes its end."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from typing import Any

from agentsandbox.server import confine, files, processes, search
from agentsandbox.server.commands import pytest_command
from agentsandbox.server.cutting import HeadTail
from agentsandbox.server.mapping import OutwardStream
from agentsandbox.server.repository import Repository, empty
from agentsandbox.server.settings import BadTree, Rejected, Settings, ToolError, Unable
from agentsandbox.server.testing import Testing

_GIT_READS = frozenset(
    {"annotate", "blame", "branch", "cat-file", "describe", "diff", "grep", "log", "ls-files", "ls-tree", "rev-list", "rev-parse",
     "shortlog", "show", "status", "tag"}
)  # fmt: skip
_GIT_FORBIDDEN = ("--output", "-O", "--open-files-in-pager", "--ext-diff", "--textconv")
_LISTING_ONLY = {"branch": {"-a", "-r", "-v", "-vv", "--list", "--all", "--show-current"}, "tag": {"-l", "--list", "-n"}}


class Server:
    """One box."""

    def __init__(self, settings: Settings, client: int) -> None:
        self._s = settings
        self._client = client
        self._repository = Repository(settings)
        self._testing = Testing(settings, self._repository)

    def answer(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Result of one request."""
        if method == "tool":
            return self._tool(params["tool"], params["arguments"], params["timeout_s"])
        if method == "load":
            processes.kill_all()
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
            out = HeadTail(self._s.output_bytes)
            return {**self._testing.run(params, out, self._client), "output": out.text()}
        raise ValueError(f"unknown method {method!r}")

    def _tool(self, tool: str, arguments: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        out = HeadTail(self._s.output_bytes)
        started = time.monotonic()
        exit_code, error = None, None
        try:
            exit_code, error = self._work(tool, arguments, timeout_s, out)
        except ToolError as e:
            error = str(e)
        if error:
            text = out.text()
            content = text + ("\n" if text and not text.endswith("\n") else "") + error
        else:
            content = out.text()
        return {
            "content": content,
            "exit_code": exit_code,
            "error": error,
            "truncated": out.truncated,
            "total_bytes": out.total,
            "content_sha256": out.sha256 if out.truncated else None,
            "seconds": time.monotonic() - started,
        }

    def _work(self, tool: str, a: dict[str, Any], timeout_s: float, out: HeadTail) -> tuple[int | None, str | None]:
        if tool == "file_read":
            files.read(self._s, a["path"], a.get("start_line"), a.get("end_line"), out)
        elif tool == "file_write":
            out.feed(files.write(self._s, a["path"], a["content"]).encode("utf-8", "replace"))
        elif tool == "file_edit":
            out.feed(files.edit(self._s, a["path"], a["old_string"], a["new_string"]).encode("utf-8", "replace"))
        elif tool == "shell":
            limit = min(timeout_s, a.get("timeout_s") or timeout_s)
            return self._ended(self._shell(a["command"], limit, out), limit)
        elif tool == "search":
            return self._search(a, timeout_s, out)
        elif tool == "git":
            return self._ended(self._git(a["args"], timeout_s, out), timeout_s)
        elif tool == "submit":
            out.feed(b"submitted")
        else:
            raise ToolError(f"unknown tool {tool!r}")
        return None, None

    def _ended(self, ended: processes.Ended, limit: float) -> tuple[int | None, str | None]:
        if ended.timed_out:
            return None, f"timed out after {limit:g} s; the command and everything it started were killed"
        return ended.exit_code, None

    def _shell(self, command: str, timeout_s: float, out: HeadTail) -> processes.Ended:
        plain = pytest_command(command, self._s.workdir)
        if plain is not None and not self._testing.problem() and not self._starts_with_hooks(plain.variables):
            inward = self._s.paths.inward
            mapped = plain._replace(
                variables={name: inward(value) for name, value in plain.variables.items()}, arguments=[inward(a) for a in plain.arguments]
            )
            return self._testing.command(mapped, timeout_s, out, self._client)
        if "\0" in command:
            raise ToolError("the command holds a zero byte")
        return self._run(["bash", "-c", self._s.paths.inward(command)], timeout_s, out)

    def _starts_with_hooks(self, variables: dict[str, str]) -> bool:
        """Whether a real interpreter would run code of the repository before anything else."""
        entries = (variables.get("PYTHONPATH") or self._s.env.get("PYTHONPATH", "")).split(os.pathsep)
        roots = [os.path.join(self._s.workdir, e) for e in entries if e]
        return any(os.path.exists(os.path.join(r, f"{n}.py")) for r in roots for n in ("sitecustomize", "usercustomize"))

    def _run(self, argv: list[str], timeout_s: float, out: HeadTail) -> processes.Ended:
        stream = OutwardStream(self._s.paths, out.feed)
        try:
            child = processes.spawn(argv, self._s.env, self._s.workdir)
        except OSError as e:
            raise ToolError(f"cannot start {argv[0]}: {e.strerror}") from e
        ended = processes.supervise(child, timeout_s, stream.feed, client=self._client)
        stream.finish()
        return ended

    def _git(self, arguments: list[str], timeout_s: float, out: HeadTail) -> processes.Ended:
        problem = git_problem(arguments)
        if problem:
            raise ToolError(problem)
        return self._run(["git", "--no-pager", *[self._s.paths.inward(a) for a in arguments]], timeout_s, out)

    def _search(self, a: dict[str, Any], timeout_s: float, out: HeadTail) -> tuple[int | None, str | None]:
        pattern = search.compiled(a["pattern"])
        shown = a.get("path") or "."
        root = files.real_path(self._s, shown)
        if not os.path.exists(root):
            raise ToolError(f"{shown}: no such file")

        self._testing.problem()  # no thread may run while this one forks

        def work(report: int) -> int:
            os.close(report)
            with open(1, "wb", closefd=False) as f:
                for line in search.found(pattern, root, shown, a.get("glob")):
                    f.write(line.encode("utf-8", "replace") + b"\n")
            return 0

        stream = OutwardStream(self._s.paths, out.feed)
        child = processes.fork(work, self._s.env, self._s.workdir)
        ended = processes.supervise(child, timeout_s, stream.feed, lambda data: None, self._client)
        stream.finish()
        if ended.timed_out:
            return None, f"timed out after {timeout_s:g} s; the pattern or the files are too large"
        if ended.exit_code:
            return None, "the search failed"
        if not out.total:
            out.feed(b"no matches")
        return None, None


def git_problem(arguments: list[str]) -> str | None:
    """Why a git call is not among those that look, or that undo edits; nothing if it is."""
    if not arguments:
        return "git: no arguments"
    command, rest = arguments[0], arguments[1:]
    if any(a.startswith(_GIT_FORBIDDEN) for a in rest):
        return f"git {command}: an option among {', '.join(_GIT_FORBIDDEN)} is not allowed"
    if any("\0" in a for a in arguments):
        return "git: an argument holds a zero byte"
    if command == "checkout":
        return None if rest[:1] == ["--"] and len(rest) > 1 else "git checkout: only `checkout -- PATH` is allowed"
    if command == "restore":
        return None if rest else "git restore: name a path"
    if command in _LISTING_ONLY:
        return None if set(rest) <= _LISTING_ONLY[command] else f"git {command}: only listing is allowed"
    if command not in _GIT_READS:
        return f"git {command} is not allowed; allowed: {', '.join(sorted(_GIT_READS))}, checkout -- PATH, restore PATH"
    return None


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
        return {"id": request["id"], "error": type(e).__name__, "message": server._s.paths.outward_text(str(e))}
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
        data = os.read(fd, 1 << 20)
        if not data:
            return
        parts.append(data)


def _send(fd: int, message: dict[str, Any]) -> None:
    data = json.dumps(message).encode() + b"\n"
    while data:
        data = data[os.write(fd, data) :]
