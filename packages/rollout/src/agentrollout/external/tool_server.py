"""A box that programs of this user may call: one JSON object a line over a Unix socket, every call recorded."""

import json
import socketserver
import threading
import time
from pathlib import Path
from typing import Any, Self

from agentsandbox import unixsocket
from agentsandbox.errors import SandboxError
from agentsandbox.sandbox import Sandbox
from agentsandbox.session import Calls
from trajschema.event import EventSink

from agentrollout.tool_loop import Slots

LINE = 64 << 20
"""Longest request, bytes."""


class ToolServer:
    """Answers ``{"tool": NAME, "arguments": {…}, "message": TEXT}`` with the fields of the observation, and ``{"interrupt": true}`` by
    ending the call that is under way. A context manager; once it is left, no call is under way and none will be recorded.
    """

    def __init__(self, box: Sandbox, sink: EventSink, path: Path, most: float, slots: Slots) -> None:
        """Offer ``box`` at the socket ``path`` for at most ``most`` calls; ``slots`` are held while it works."""
        self._box = box
        self._calls = Calls(box, sink)
        self._most = most
        self._slots = slots
        self._path = path
        self.submitted_at: float | None = None
        """Monotonic time at which the work was handed in."""
        self.spent = False
        """Whether more calls were asked for than there are."""
        self.lost = ""
        """Why the box failed, if it did."""

    def __enter__(self) -> Self:
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while line := self.rfile.readline(LINE):
                    self.wfile.write(json.dumps(server.answer(line)).encode() + b"\n")

        self._server = _Server(str(self._path), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._calls.stop()

    def answer(self, line: bytes) -> dict[str, Any]:
        """The answer to a request."""
        try:
            request = json.loads(line)
            if request.get("interrupt"):
                self._box.interrupt()
                return {}
            tool, arguments, message = str(request["tool"]), dict(request["arguments"]), str(request.get("message", ""))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
            return {"content": "", "error": f"no request: {type(problem).__name__}: {problem}"}
        if self._calls.made >= self._most and not self._calls.submitted:
            self.spent = True
            return {"content": "", "error": f"not run: {self._most:g} calls were made, and that is all"}
        try:
            with self._slots:
                seen = self._calls.call(tool, arguments, message)
        except SandboxError as lost:
            self.lost = str(lost)
            return {"lost": self.lost}
        if self._calls.submitted and self.submitted_at is None:
            self.submitted_at = time.monotonic()
        return seen.model_dump(mode="json", exclude_none=True)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def server_bind(self) -> None:
        """Bind, even where the path is too long for a socket address."""
        unixsocket.bind(self.socket, Path(str(self.server_address)))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that disconnects before its answer is not an error."""
