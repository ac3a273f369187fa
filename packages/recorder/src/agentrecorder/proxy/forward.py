"""The proxy itself, an ASGI application: a request is passed on, its answer passed back as it comes, and both are written down."""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import httpx2

from agentrecorder.proxy.exchange import Exchange, ExchangeLog

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
_OF_ONE_HOP = {
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te", b"trailer",
    b"transfer-encoding", b"upgrade",
}  # fmt: skip
_NOT_SENT_ON = _OF_ONE_HOP | {b"host", b"content-length", b"accept-encoding", b"expect"}


class ClientGone(Exception):
    """The client went away before it had the whole answer."""


class Forward:
    """Passes ``/NAME/rest`` on to the base URL of NAME. ``upstreams``: name → base URL."""

    def __init__(self, upstreams: dict[str, str], log: ExchangeLog, say: Callable[[str], None]) -> None:
        self._upstreams = {name: url.rstrip("/") for name, url in upstreams.items()}
        self._log = log
        self._say = say
        timeout = httpx2.Timeout(None, connect=30.0)  # how long an answer may take is for the client to decide
        self._client = httpx2.AsyncClient(timeout=timeout, limits=httpx2.Limits(max_connections=None))

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request. Called by the server."""
        if scope["type"] != "http":
            return
        name, _, rest = str(scope["path"]).lstrip("/").partition("/")
        query = scope["query_string"].decode("latin-1")
        if name not in self._upstreams:
            known = ", ".join(f"/{known}" for known in self._upstreams)
            await _refuse(send, f"no such API here; base URLs begin with one of {known}")
            return
        body = await _body(receive)
        path = f"/{rest}" + (f"?{query}" if query else "")
        headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
        exchange = Exchange(self._log.number(), scope["method"], path, headers, body)
        try:
            sent_on = [(key, value) for key, value in scope["headers"] if key.lower() not in _NOT_SENT_ON]
            sent_on.append((b"accept-encoding", b"identity"))
            request = self._client.build_request(scope["method"], self._upstreams[name] + path, headers=sent_on, content=body)
            await self._pass(exchange, request, receive, send)
        except httpx2.HTTPError as problem:
            exchange.problem = f"the server broke off ({type(problem).__name__}: {problem})"
            _hang_up(send)
        except ClientGone:
            exchange.problem = "the client went away"
        except asyncio.CancelledError:
            exchange.problem = "the proxy was stopped"
            raise
        finally:
            exchange.ended = time.time()
            self._log.write(exchange)
            if exchange.problem:
                self._say(f"exchange {exchange.number}, {exchange.path.partition('?')[0]}: {exchange.problem}")

    async def _pass(self, exchange: Exchange, request: httpx2.Request, receive: Receive, send: Send) -> None:
        """Race the answer against the client's going away.

        Raises:
            httpx2.HTTPError: the server cannot be reached, or its answer is not whole.
            ClientGone: the client did not wait.
        """
        answered = asyncio.ensure_future(self._answer(exchange, request, send))
        gone = asyncio.ensure_future(_until_gone(receive))
        try:
            await asyncio.wait({answered, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not answered.done() and exchange.ended is None:
                raise ClientGone
            await answered
        finally:
            for task in (answered, gone):
                task.cancel()
            await asyncio.gather(answered, gone, return_exceptions=True)

    async def _answer(self, exchange: Exchange, request: httpx2.Request, send: Send) -> None:
        response = await self._client.send(request, stream=True)
        try:
            exchange.status = response.status_code
            exchange.answer_headers = {key.lower(): value for key, value in response.headers.items()}
            headers = [(key, value) for key, value in response.headers.raw if key.lower() not in _OF_ONE_HOP]
            await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
            async for piece in response.aiter_raw():
                exchange.first_byte = exchange.first_byte or time.time()
                exchange.answer += piece
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            exchange.ended = time.time()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await response.aclose()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _hang_up(send: Send) -> None:
    """Break the connection off as the server did. ASGI has no word for it, so this asks the connection that ``send`` belongs to."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.close()


async def _refuse(send: Send, why: str) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": [(b"content-type", b"text/plain; charset=utf-8")]})
    await send({"type": "http.response.body", "body": why.encode()})
