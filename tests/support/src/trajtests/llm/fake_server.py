"""A server on loopback that speaks the Messages and the Chat Completions protocol, for tests. It can misbehave.

The SDK under test makes real HTTP requests to it. Each request takes the next behaviour of the script (the last one
stays), or what a function of the request body returns. Behaviours are in :mod:`trajtests.llm.behaviour`, answers that both
protocols know in :mod:`trajtests.llm.turns`.
"""

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from trajtests.llm.behaviour import Behaviour
from trajtests.llm.fake_batches import FakeBatches

KEY_ENV = "AGENTLLM_FAKE_KEY"

Script = Sequence[Behaviour] | Callable[[dict[str, Any]], Behaviour]


@dataclass
class FakeServer:
    """The server. Use it as a context manager; ``url`` is its address, ``requests`` the bodies that it got."""

    script: Script
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    key_env: str = KEY_ENV
    batches: FakeBatches | None = None
    """Where batches are handed in; without one there are none."""
    most_at_once: int = 0
    """The largest number of requests that were under way together; one whose answer is being sent counts no more."""

    def __enter__(self) -> "FakeServer":
        os.environ.setdefault(KEY_ENV, "fake")
        self._lock = threading.Lock()
        self._under_way = 0
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Address to give to a client as ``base_url``."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def take(self, body: dict[str, Any], headers: dict[str, str]) -> Behaviour:
        """Note a request and choose what to do with it."""
        with self._lock:
            index = len(self.requests)
            self.requests.append(body)
            self.headers.append(headers)
        return self._scripted(body, index)

    def take_batch(self, method: str, path: str, body: Any) -> Behaviour | None:
        """What is sent for a request about batches; ``None`` where it is about none. Items count as no request."""
        if self.batches is None:
            return None
        with self._lock:
            return self.batches.answer(method, path, body, self.url, lambda item: self._scripted(item, 0))

    def _scripted(self, body: dict[str, Any], index: int) -> Behaviour:
        return self.script(body) if callable(self.script) else self.script[min(index, len(self.script) - 1)]

    @contextlib.contextmanager
    def under_way(self) -> Iterator[None]:
        """Count a request while its answer is made."""
        with self._lock:
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def _handler(server: FakeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the client had no more patience
                self._answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))

        def do_GET(self) -> None:
            self._answer({})

        def _answer(self, asked: dict[str, Any]) -> None:
            with server.under_way():
                behaviour = server.take_batch(self.command, self.path, asked)
                behaviour = behaviour or server.take(asked, {k.lower(): v for k, v in self.headers.items()})
                time.sleep(behaviour.seconds)
            self.close_connection = True
            if behaviour.how == "hang up":
                return
            chat = self.path.endswith("/chat/completions")
            body = behaviour.completion if chat and behaviour.completion is not None else behaviour.body
            self.send_response(behaviour.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.send_header("connection", "close")
            for name, value in behaviour.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if behaviour.how == "half" else body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler
