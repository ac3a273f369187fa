"""The recording proxy on a port of the loopback interface, in a thread of its own."""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Self

import uvicorn

from agentrecorder.proxy.exchange import ExchangeLog
from agentrecorder.proxy.forward import Forward

ANTHROPIC, OPENAI = "https://api.anthropic.com", "https://api.openai.com/v1"
KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OPENAI_API_KEY")
_GRACE_S = 5
"""Seconds that open exchanges have to end when the proxy is stopped."""


def upstreams_of(environ: Mapping[str, str], anthropic: str | None = None, openai: str | None = None) -> dict[str, str]:
    """The real base URLs: what is given, else what the environment says, else those of the makers."""
    return {
        "anthropic": anthropic or environ.get("ANTHROPIC_BASE_URL") or ANTHROPIC,
        "openai": openai or environ.get("OPENAI_BASE_URL") or OPENAI,
    }


class RecordingProxy:
    """The proxy. A context manager; ``secrets`` are texts, such as keys, that are never written.

    Raises:
        OSError: the log cannot be written, or the port is taken.
    """

    def __init__(
        self,
        log: Path,
        upstreams: dict[str, str],
        port: int = 0,
        secrets: Iterable[str] = (),
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._log = ExchangeLog(log, secrets)
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind(("127.0.0.1", port))
        except OSError:
            self._socket.close()
            self._log.close()
            raise
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        """Address of the proxy; the name of an API comes behind it."""
        self._upstreams, self._say = upstreams, say
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def base_urls(self) -> dict[str, str]:
        """What a client is to be told: the variables that its library reads."""
        return {"ANTHROPIC_BASE_URL": f"{self.url}/anthropic", "OPENAI_BASE_URL": f"{self.url}/openai"}

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        forward = Forward(self._upstreams, self._log, self._say)
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # a connection that we break off is no error of ours
        config = uvicorn.Config(
            forward,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
        self._server = uvicorn.Server(config)
        self._socket.listen(2048)
        self._ready.set()
        await self._server.serve(sockets=[self._socket])
        await forward.close()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
        self._log.close()
