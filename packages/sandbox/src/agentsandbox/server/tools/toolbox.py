"""The tools of an agent, in the box."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from agentsandbox.server.mapping import OutwardStream
from agentsandbox.server.process import supervisor
from agentsandbox.server.process.shell import Shell
from agentsandbox.server.process.truncation import HeadTail
from agentsandbox.server.settings import Settings, ToolError
from agentsandbox.server.tools import editing, git_tool, reading, search, symbols
from agentsandbox.server.tools.opening import real_path

_USED_UP = frozenset({errno.EAGAIN, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE})
"""What the operating system says when the agent has used up what the box has."""


class Tools:
    """Does what an agent asks for. What the agent did wrong comes back as an error in the answer."""

    def __init__(self, settings: Settings, shell: Shell, client: int) -> None:
        self._s = settings
        self._shell = shell
        self._client = client

    def call(self, tool: str, arguments: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """Answer of one call, with the fields of an observation."""
        out = HeadTail(self._s.output_bytes)
        started = time.monotonic()
        exit_code, error, detail = None, None, ""
        try:
            exit_code, error = self._work(tool, arguments, timeout_s, out)
        except ToolError as e:
            error, detail = str(e), e.detail
        except OSError as e:
            if e.errno not in _USED_UP:
                raise
            error = f"a limit of the box is reached: {e.strerror}; end background processes or remove files"
        except UnicodeEncodeError as e:
            error = f"an argument holds half a character: {e.object[e.start : e.end]!r}"
        content = out.text()
        told = not out.truncated and "\ufffd" not in content
        if error:
            content += ("\n" if content and not content.endswith("\n") else "") + error + ("\n" + detail if detail else "")
        return {
            "content": _encodable(content),
            "exit_code": exit_code,
            "error": error and _encodable(error),
            "truncated": out.truncated,
            "total_bytes": out.total,
            "content_sha256": None if told else out.sha256,
            "seconds": time.monotonic() - started,
        }

    def _work(self, tool: str, a: dict[str, Any], timeout_s: float, out: HeadTail) -> tuple[int | None, str | None]:
        if tool == "file_read":
            reading.read(self._s, a["path"], a.get("start_line"), a.get("end_line"), out)
        elif tool == "file_write":
            out.feed(editing.write(self._s, a["path"], a["content"]).encode("utf-8", "replace"))
        elif tool == "file_edit":
            out.feed(editing.edit(self._s, a["path"], a["old_string"], a["new_string"]).encode("utf-8", "replace"))
        elif tool == "shell":
            limit = min(timeout_s, a.get("timeout_s") or timeout_s)
            return self._ended(self._shell.run(self._s.paths.inward(a["command"]), limit, out, self._client), limit)
        elif tool == "search":
            return self._search(a, timeout_s, out)
        elif tool == "symbols":
            return self._symbols(a, timeout_s, out)
        elif tool == "git":
            return self._ended(self._git(a["args"], timeout_s, out), timeout_s)
        elif tool == "submit":
            out.feed(b"submitted")
        else:
            raise ToolError(f"unknown tool {tool!r}")
        return None, None

    def _ended(self, ended: supervisor.Ended, limit: float) -> tuple[int | None, str | None]:
        if ended.timed_out:
            return None, f"timed out after {limit:g} s; the command and everything it started were killed"
        return ended.exit_code, None

    def _git(self, arguments: list[str], timeout_s: float, out: HeadTail) -> supervisor.Ended:
        argv, env = git_tool.command(self._s, [self._s.paths.inward(a) for a in arguments])
        stream = OutwardStream(self._s.paths, out.feed)
        try:
            child = supervisor.spawn(argv, env, self._s.workdir)
        except FileNotFoundError as e:
            raise ToolError("there is no git in this box") from e
        ended = supervisor.supervise(child, timeout_s, stream.feed, client=self._client)
        stream.finish()
        return ended

    def _search(self, a: dict[str, Any], timeout_s: float, out: HeadTail) -> tuple[int | None, str | None]:
        pattern = search.compiled(a["pattern"])
        shown, root = self._place(a)
        return self._looked(lambda: search.report(pattern, root, shown, a.get("glob")), timeout_s, out)

    def _symbols(self, a: dict[str, Any], timeout_s: float, out: HeadTail) -> tuple[int | None, str | None]:
        shown, root = self._place(a)
        return self._looked(lambda: symbols.report(root, shown, a.get("name")), timeout_s, out)

    def _place(self, a: dict[str, Any]) -> tuple[str, str]:
        """Path as the agent named it, and the real one."""
        shown = a.get("path") or "."
        root = real_path(self._s, shown)
        if not os.path.exists(root):
            raise ToolError(f"{shown}: no such file")
        return shown, root

    def _looked(self, report: Callable[[], Iterator[str]], timeout_s: float, out: HeadTail) -> tuple[int | None, str | None]:
        """Feed the lines of ``report``, which is made in a fork: it may take long, or a lot of memory."""

        def work(side: int) -> int:
            os.close(side)
            with open(1, "wb", closefd=False) as f:
                for line in report():
                    f.write(line.encode("utf-8", "replace") + b"\n")
            return 0

        stream = OutwardStream(self._s.paths, out.feed)
        child = supervisor.fork(work, self._s.env, self._s.workdir)
        ended = supervisor.supervise(child, timeout_s, stream.feed, lambda data: None, self._client)
        stream.finish()
        if ended.timed_out:
            return None, f"timed out after {timeout_s:g} s; name a smaller folder or a simpler pattern"
        if ended.exit_code:
            return None, f"it ended with status {ended.exit_code}; name a smaller folder or a file"
        if not out.total:
            out.feed(b"no matches")
        return None, None


def _encodable(text: str) -> str:
    """``text`` without the stand-ins for bytes that are no UTF-8, which names of files may hold."""
    return text.encode("utf-8", "replace").decode()
