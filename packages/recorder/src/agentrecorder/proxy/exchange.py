"""What is written of an exchange: one JSON line, without keys."""

import gzip
import threading
import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentrecorder.containers.json_values import NotJson, dumps, get, loads, string, whole
from agentrecorder.proxy.answers import answer_of, protocol_of

FORMAT, VERSION = "agentrecorder-proxy", 1
_SECRET_HEADERS = ("authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie")
_ID_HEADERS = ("request-id", "x-request-id")
_SHORTEST_SECRET = 6
"""Shorter ones would stand in many a word, and are no keys."""


@dataclass
class Exchange:
    """A request and what became of it. Times are Unix seconds; ``None`` as long as it did not come to that."""

    number: int
    method: str
    path: str
    headers: Mapping[str, str]
    """Of the request, names in lower case. They are looked at and not written."""
    body: bytes
    began: float = field(default_factory=time.time)
    status: int | None = None
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    answer: bytearray = field(default_factory=bytearray)
    first_byte: float | None = None
    ended: float | None = None
    problem: str = ""
    """Why the answer is not whole; empty if it is."""

    def line(self) -> str:
        """The JSON line, its end included."""
        path = self.path.partition("?")[0]
        protocol = protocol_of(path)
        streamed = "text/event-stream" in self.answer_headers.get("content-type", "")
        told = answer_of(protocol, self._plain_answer(), streamed=streamed) if self.answer else None
        record: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "exchange": self.number,
            "at": self.began,
            "protocol": protocol,
            "method": self.method,
            "path": path,
            "retry": whole(self.headers.get("x-stainless-retry-count")) or 0,
            "request": _json_or_text(self.body) if self.body else None,
            "status": self.status,
            "answer": told,
            "usage": get(told, "usage"),
            "streamed": streamed,
            "problem": self.problem,
            "seconds_to_first_byte": _since(self.began, self.first_byte),
            "seconds": _since(self.began, self.ended),
            "request_id": next((self.answer_headers[name] for name in _ID_HEADERS if name in self.answer_headers), None),
        }
        text = dumps(record)
        for secret in self.secrets:
            text = text.replace(dumps(secret)[1:-1], "[key]")
        return text + "\n"

    @property
    def secrets(self) -> set[str]:
        """Keys that came with the request, and that nothing written may hold."""
        found = {word for name in _SECRET_HEADERS for word in self.headers.get(name, "").replace(";", " ").split()}
        query = self.path.partition("?")[2]
        found |= {pair.partition("=")[2] for pair in query.split("&") if "key" in pair.partition("=")[0].lower()}
        return {word for word in found if len(word) >= _SHORTEST_SECRET and word.lower() not in ("bearer", "digest")}

    def _plain_answer(self) -> bytes:
        """The answer's bytes as they were before the server packed them."""
        packed = self.answer_headers.get("content-encoding", "")
        try:
            if packed == "gzip":
                return gzip.decompress(bytes(self.answer))
            if packed == "deflate":
                return zlib.decompress(bytes(self.answer))
        except (OSError, EOFError, zlib.error):
            return b"(packed as " + packed.encode() + b" and not whole)"
        return bytes(self.answer)


class ExchangeLog:
    """A file that exchanges are added to, each with one write, so that what is killed has written whole lines."""

    def __init__(self, path: Path, secrets: Iterable[str] = ()) -> None:
        self.path = path
        self._file = path.open("ab", buffering=0)
        self._lock = threading.Lock()
        self._secrets = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]
        self._count = 0

    def number(self) -> int:
        """The number of the next exchange, from 1."""
        with self._lock:
            self._count += 1
            return self._count

    def write(self, exchange: Exchange) -> None:
        """Add an exchange."""
        line = exchange.line()
        for secret in self._secrets:
            line = line.replace(dumps(secret)[1:-1], "[key]")
        with self._lock:
            self._file.write(line.encode("utf-8", "surrogatepass"))

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _json_or_text(body: bytes) -> Any:
    try:
        return loads(body)
    except NotJson:
        return string(body.decode("utf-8", "replace"))


def _since(began: float, then: float | None) -> float | None:
    return None if then is None else round(max(0.0, then - began), 6)
