"""A registry on loopback that speaks the distribution protocol (version 2) to a real engine. It can misbehave.

Images are made here, layer by layer, from paths and contents. Each request takes the first fault that fits it.
"""

import gzip
import hashlib
import io
import json
import tarfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Literal, Self

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_CODES = {401: "UNAUTHORIZED", 403: "DENIED", 404: "MANIFEST_UNKNOWN", 429: "TOOMANYREQUESTS"}

Kind = Literal["manifest", "layer", "config"]


@dataclass
class Fault:
    """What goes wrong with the next ``times`` requests of a kind."""

    kind: Kind
    times: int = 1
    status: int = 0
    """Answer with this status instead."""
    retry_after: int = 0
    """Seconds in a Retry-After header."""
    cut: float = 1.0
    """Share of the body after which the connection is closed."""
    damaged: bool = False
    """Whether the body has other bytes than its digest says."""
    delay_s: float = 0.0
    """Seconds before the answer."""


@dataclass(frozen=True)
class Request:
    """A request as it came, and how it was answered."""

    kind: Kind
    digest: str
    range: str
    status: int
    sent: int


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _tar(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@dataclass
class Registry:
    """Serves what was added to it, and keeps a list of what it was asked."""

    faults: list[Fault] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    _blobs: dict[str, tuple[Kind, bytes]] = field(default_factory=dict)
    _tags: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, name: str, layers: Sequence[Mapping[str, bytes]]) -> str:
        """Put in an image of ``layers``, each a mapping of path to content. Returns its reference."""
        tars = [_tar(files) for files in layers]
        packed = [gzip.compress(tar, compresslevel=1, mtime=0) for tar in tars]
        config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {"Env": ["PATH=/usr/bin:/bin"]},
                "rootfs": {"type": "layers", "diff_ids": [_digest(tar) for tar in tars]},
                "history": [{"created_by": f"{name} layer {i}"} for i in range(len(tars))],
            }
        ).encode()
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": _MANIFEST,
                "config": self._part(_CONFIG, config, "config"),
                "layers": [self._part(_LAYER, data, "layer") for data in packed],
            }
        ).encode()
        self._blobs[_digest(manifest)] = ("manifest", manifest)
        repository, _, tag = name.partition(":")
        self._tags[f"{repository}:{tag or 'latest'}"] = _digest(manifest)
        return self.reference(name)

    def reference(self, name: str) -> str:
        """What the engine calls an image of this registry, in it or not."""
        return f"127.0.0.1:{self._server.server_address[1]}/{name}"

    def count(self, kind: Kind) -> int:
        """Requests of a kind."""
        with self._lock:
            return sum(r.kind == kind for r in self.requests)

    def _part(self, media: str, data: bytes, kind: Kind) -> dict[str, object]:
        self._blobs[_digest(data)] = (kind, data)
        return {"mediaType": media, "size": len(data), "digest": _digest(data)}

    def __enter__(self) -> Self:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                registry._answer(self, body=False)

            def do_GET(self) -> None:
                registry._answer(self, body=True)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _find(self, path: str) -> tuple[Kind, str, bytes | None]:
        """Kind, digest and content of what a path names."""
        parts = path.strip("/").split("/")
        name = parts[-1]
        if len(parts) > 3 and parts[-2] == "manifests":
            digest = name if ":" in name else self._tags.get(f"{'/'.join(parts[1:-2])}:{name}", "")
            return "manifest", digest, self._blobs.get(digest, ("manifest", None))[1]
        kind, data = self._blobs.get(name, ("layer", None))
        return kind, name, data

    def _fault(self, kind: Kind) -> Fault:
        with self._lock:
            for fault in self.faults:
                if fault.kind == kind and fault.times > 0:
                    fault.times -= 1
                    return fault
        return Fault(kind)

    def _answer(self, http: BaseHTTPRequestHandler, body: bool) -> None:
        if http.path == "/v2/":
            _send(http, 200, {}, b"{}", body)
            return
        kind, digest, data = self._find(http.path)
        fault = self._fault(kind)
        time.sleep(fault.delay_s)
        status = fault.status or (404 if data is None else 200)
        wanted = http.headers.get("Range", "")
        sent = 0
        if data is None or status != 200:
            headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after else {}
            problem = {"errors": [{"code": _CODES.get(status, "UNKNOWN"), "message": f"the stand-in says {status}"}]}
            _send(http, status, {"Content-Type": "application/json", **headers}, json.dumps(problem).encode(), body)
        else:
            start = int(wanted.removeprefix("bytes=").partition("-")[0] or 0) if wanted else 0
            headers = {"Docker-Content-Digest": digest, "Content-Type": _MANIFEST if kind == "manifest" else "application/octet-stream"}
            if wanted:
                status, headers["Content-Range"] = 206, f"bytes {start}-{len(data) - 1}/{len(data)}"
            content = data[start:]
            if fault.damaged:
                content = content[:-1] + bytes([content[-1] ^ 1])
            sent = _send(http, status, headers, content, body, fault.cut)
        with self._lock:
            self.requests.append(Request(kind, digest, wanted, status, sent))


def _send(http: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str], data: bytes, body: bool, share: float = 1.0) -> int:
    """Answer; with a ``share`` below 1 hang up in the middle. Returns the bytes of the body that went out."""
    http.send_response(status)
    for name, value in {"Docker-Distribution-API-Version": "registry/2.0", "Content-Length": str(len(data)), **headers}.items():
        http.send_header(name, value)
    http.end_headers()
    if not body:
        return 0
    part = data[: int(len(data) * share)]
    http.wfile.write(part)
    http.wfile.flush()
    if share < 1:
        http.close_connection = True
    return len(part)
