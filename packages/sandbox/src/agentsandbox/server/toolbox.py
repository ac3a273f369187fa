"""The tools of an agent, in the box."""

from __future__ import annotations

import os
import time
from typing import Any

from agentsandbox.server import files, processes, search
from agentsandbox.server.commands import pytest_command, starts_alike
from agentsandbox.server.cutting import HeadTail
from agentsandbox.server.mapping import OutwardStream
from agentsandbox.server.session import Session
from agentsandbox.server.settings import Settings, ToolError
from agentsandbox.server.testing import Testing

_GIT_READS = frozenset(
    {"annotate", "blame", "branch", "cat-file", "describe", "diff", "grep", "log", "ls-files", "ls-tree", "rev-list", "rev-parse",
     "shortlog", "show", "status", "tag"}
)  # fmt: skip
_GIT_FORBIDDEN = ("--output", "-O", "--open-files-in-pager", "--ext-diff", "--textconv")
_LISTING_ONLY = {"branch": {"-a", "-r", "-v", "-vv", "--list", "--all", "--show-current"}, "tag": {"-l", "--list", "-n"}}


class Tools:
    """Does what an agent asks for. What the agent did wrong comes back as an error in the answer."""

    def __init__(self, settings: Settings, testing: Testing, session: Session, client: int) -> None:
        self._s = settings
        self._testing = testing
        self._session = session
        self._client = client

    def call(self, tool: str, arguments: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """Answer of one call, with the fields of an observation."""
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
        inward = self._s.paths.inward
        plain = pytest_command(command, self._session.cwd)
        if plain is not None and not self._testing.problem():
            variables = {name: inward(value) for name, value in plain.variables.items()}
            env = {**self._session.env, **variables}
            if starts_alike(env, self._s.env) and not self._starts_with_hooks(env):
                mapped = plain._replace(variables=variables, arguments=[inward(a) for a in plain.arguments])
                return self._testing.command(mapped, self._session.folder(out), env, timeout_s, out, self._client)
        return self._session.run(inward(command), timeout_s, out, self._client)

    def _starts_with_hooks(self, env: dict[str, str]) -> bool:
        """Whether a real interpreter would run code of the repository before anything else."""
        roots = [os.path.join(self._session.cwd, e) for e in env.get("PYTHONPATH", "").split(os.pathsep) if e]
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
