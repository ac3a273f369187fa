"""What the grader asks of a box: tests run in a fork, outlines of files, calls recorded while tests run, and calls made."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Callable
from typing import Any

from agentsandbox.server.host import Host

from agentgrader.probes.fork_server import ForkServer
from agentgrader.probes.outline import outline
from agentgrader.probes.report_records import sender


def start(host: Host) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
    """The handlers (see :class:`agentsandbox.messages.Probe`). Importing pytest begins at once."""
    server = ForkServer(host)
    calls = _Calls(host, server)
    return {"run_tests": server.run, "outlines": calls.outlines, "record": calls.record, "replay": calls.replay}


class _Calls:
    """The questions of differential testing."""

    def __init__(self, host: Host, server: ForkServer) -> None:
        self._s = host.settings
        self._host = host
        self._server = server

    def outlines(self, request: dict[str, Any]) -> dict[str, Any]:
        """Path → outline (see :mod:`agentgrader.probes.outline`); null for a file that is not there or no Python."""
        return {path: self._outline(path) for path in request["paths"]}

    def _outline(self, path: str) -> dict[str, Any] | None:
        try:
            with open(os.path.join(self._s.workdir, path), encoding="utf-8") as f:
                return outline(ast.parse(f.read()))
        except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
            return None

    def record(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run tests and return the calls of ``targets`` (path → keys) as records."""
        session = self._server.session(request["arguments"], [object()])

        def work(report: int, token: str) -> int:
            from agentgrader.probes.call_replay import sources_below
            from agentgrader.probes.call_trace import CallTracer
            from agentgrader.probes.serialize import Encoder

            send = sender(report, token)
            targets = {os.path.realpath(os.path.join(self._s.workdir, p)): keys for p, keys in request["targets"].items()}
            tracer = CallTracer(targets, Encoder(False, sources_below(self._s.workdir, list(request["left_out"]))))
            tracer.install()
            code = session()
            for record in tracer.records():
                send({**record, "path": os.path.relpath(record["path"], os.path.realpath(self._s.workdir))})
            return code

        return self._gathered(work, request["timeout_s"])

    def replay(self, request: dict[str, Any]) -> dict[str, Any]:
        """Make ``calls`` and return the answers as records (see :class:`agentgrader.probes.call_replay.Caller`)."""
        calls = json.loads(self._s.paths.inward(json.dumps(request["calls"])))
        plugins: list[Any] = []
        session = self._server.session(request["arguments"], plugins)

        def work(report: int, token: str) -> int:
            from agentgrader.probes.call_replay import Caller, sources_below
            from agentgrader.probes.deserialize import Rebuilder
            from agentgrader.probes.serialize import Encoder

            sources = sources_below(self._s.workdir, list(request["left_out"]))
            plugins.append(Caller(sender(report, token), {**request, "calls": calls}, Rebuilder(sources), Encoder(True, sources)))
            return session()

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
