"""What the differential oracle asks of a box: outlines of files, calls recorded while tests run, and calls made."""

from __future__ import annotations

import json
import os
from typing import Any

from agentsandbox.server.cutting import HeadTail
from agentsandbox.server.outline import outline
from agentsandbox.server.records import sender
from agentsandbox.server.settings import Settings, Unable
from agentsandbox.server.testing import Testing

_MAX_BYTES = 32 << 20


class Probes:
    """Of one box."""

    def __init__(self, settings: Settings, testing: Testing) -> None:
        self._s = settings
        self._testing = testing

    def outlines(self, paths: list[str]) -> dict[str, Any]:
        """Path → outline (see :mod:`agentsandbox.server.outline`); null for a file that is not there or no Python."""
        return {path: self._outline(path) for path in paths}

    def _outline(self, path: str) -> dict[str, Any] | None:
        try:
            with open(os.path.join(self._s.workdir, path), encoding="utf-8") as f:
                return outline(f.read())
        except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
            return None

    def record(self, request: dict[str, Any], client: int) -> dict[str, Any]:
        """Run tests and return the calls of ``targets`` (path → keys) as records."""

        session = self._testing.session(request["arguments"], [object()])

        def work(report: int, token: str) -> int:
            from agentsandbox.server.calling import sources_below
            from agentsandbox.server.recording import Recorder
            from agentsandbox.server.values import Encoder

            send = sender(report, token)
            targets = {os.path.realpath(os.path.join(self._s.workdir, p)): keys for p, keys in request["targets"].items()}
            recorder = Recorder(targets, Encoder(False, sources_below(self._s.workdir, list(request["left_out"]))))
            recorder.install()
            code = session()
            for record in recorder.records():
                send({**record, "path": os.path.relpath(record["path"], os.path.realpath(self._s.workdir))})
            return code

        return self._gathered(work, request, client)

    def call(self, request: dict[str, Any], client: int) -> dict[str, Any]:
        """Make ``calls`` and return the answers as records (see :class:`agentsandbox.server.calling.Caller`)."""
        calls = json.loads(self._s.paths.inward(json.dumps(request["calls"])))
        plugins: list[Any] = []
        session = self._testing.session(request["arguments"], plugins)

        def work(report: int, token: str) -> int:
            from agentsandbox.server.calling import Caller, sources_below
            from agentsandbox.server.rebuilding import Rebuilder
            from agentsandbox.server.values import Encoder

            sources = sources_below(self._s.workdir, list(request["left_out"]))
            plugins.append(Caller(sender(report, token), {**request, "calls": calls}, Rebuilder(sources), Encoder(True, sources)))
            return session()

        return self._gathered(work, request, client)

    def _gathered(self, work: Any, request: dict[str, Any], client: int) -> dict[str, Any]:
        if self._testing.problem():
            raise Unable(f"pytest cannot be imported ({self._testing.problem()})")
        out = HeadTail(4000)
        gathered = bytearray()
        token = os.urandom(16).hex()

        def take(data: bytes) -> None:
            if len(gathered) < _MAX_BYTES:
                gathered.extend(data)

        ended = self._testing.forked(lambda report: work(report, token), request["timeout_s"], out, client, take)
        records = []
        for line in self._s.paths.outward(bytes(gathered)).splitlines():
            try:
                sent, record = json.loads(line)
            except (ValueError, TypeError, RecursionError):
                continue
            if sent == token and isinstance(record, dict):
                records.append(record)
        return {"records": records, "exit_code": ended.exit_code, "timed_out": ended.timed_out, "output": out.text()}
