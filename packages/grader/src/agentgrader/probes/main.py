"""What the grader asks of a box: tests run in a fork, outlines of files, and calls recorded while tests run."""

from __future__ import annotations

import ast
import json
import os
import stat
from collections.abc import Callable
from typing import Any

from agentsandbox.server.globs import matches
from agentsandbox.server.host import Host

from agentgrader.probes.blocks import blocks
from agentgrader.probes.fork_server import ForkServer
from agentgrader.probes.outline import outline
from agentgrader.probes.report_records import sender

_SOURCE_BYTES = 2 << 20
"""A source file longer than this has no outline."""


def start(host: Host) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
    """The handlers (see :class:`agentsandbox.messages.Probe`). Importing pytest begins at once."""
    server = ForkServer(host)
    calls = _Calls(host, server)
    return {"run_tests": server.run, "outlines": calls.outlines, "blocks": calls.blocks, "record": calls.record}


class _Calls:
    """The questions of differential testing."""

    def __init__(self, host: Host, server: ForkServer) -> None:
        self._s = host.settings
        self._host = host
        self._server = server

    def outlines(self, request: dict[str, Any]) -> dict[str, Any]:
        """Path → outline (see :mod:`agentgrader.probes.outline`); null for a file that is not there or no Python."""
        return {path: self._read(path, outline) for path in request["paths"]}

    def blocks(self, request: dict[str, Any]) -> dict[str, Any]:
        """Path → blocks (see :mod:`agentgrader.probes.blocks`); null as for outlines."""
        return {path: self._read(path, blocks) for path in request["paths"]}

    def _read(self, path: str, what: Callable[[ast.Module], Any]) -> Any:
        try:
            with open(os.path.join(self._s.workdir, path), "rb", opener=_regular) as f:
                return what(ast.parse(f.read(_SOURCE_BYTES)))
        except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
            return None

    def record(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run tests and return what :class:`agentgrader.probes.call_trace.CallTracer` sends, as records.

        ``runner`` and ``arguments`` and ``ids`` say which tests, ``fixing`` which of them are to be fixed, ``tests`` the patterns of files
        whose functions are not recorded, ``wanted`` (path → keys) those that come first, ``before`` (path → text) the files
        of whose inner functions only those are handed over that stand in that text.
        """
        from agentgrader.probes.call_replay import sources_below
        from agentgrader.probes.call_trace import CallTracer
        from agentgrader.probes.codes import standing_in
        from agentgrader.probes.serialize import Encoder

        root = os.path.realpath(self._s.workdir)
        tests = tuple(request["tests"])
        known: dict[str, bool] = {}

        def is_source(path: str) -> bool:
            if path not in known:
                known[path] = path.startswith(root + os.sep) and not matches(os.path.relpath(path, root), tests)
            return known[path]

        def tracer(report: int, token: str) -> CallTracer:
            encoder = Encoder(False, sources_below(self._s.workdir, []), standing_in(root, request["before"]))
            fixing = set(request["fixing"])
            made = CallTracer(self._s.workdir, is_source, request["wanted"], fixing, sender(report, token), encoder)
            made.install()
            return made

        if request["runner"] == "unittest":
            unittest = self._server.unittest(request["arguments"], request["ids"])

            def run(report: int, token: str) -> int:
                made = tracer(report, token)
                code = unittest(made)
                made.tell_exports()
                return code

            return self._gathered(run, request["timeout_s"])
        plugins: list[Any] = []
        # plain assertions, because pytest compiles what it rewrites itself: modules with doctests too
        session = self._server.session([*request["arguments"], "--assert=plain", *request["ids"]], plugins)

        def work(report: int, token: str) -> int:
            plugins.append(tracer(report, token))
            code = session()
            plugins[0].tell_exports()
            return code

        return self._gathered(work, request["timeout_s"])

    def _gathered(self, work: Callable[[int, str], int], timeout_s: float) -> dict[str, Any]:
        token = os.urandom(16).hex()
        ended = self._host.fork(lambda report: work(report, token), timeout_s)
        records = []
        for line in self._s.paths.outward(ended["report"].encode("utf-8", "surrogateescape")).splitlines():
            try:
                sent, record = json.loads(line)
            except (ValueError, TypeError, RecursionError):
                continue
            if sent == token and isinstance(record, dict):
                records.append(record)
        return {"records": records}


def _regular(path: str, flags: int) -> int:
    """Open a regular file and nothing else: a link may lead to a device, a pipe may never say anything."""
    fd = os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(path)
    return fd
