"""Calls the tools of the box that a program is offered. Standard library alone, so that any interpreter can run it."""

import json
import os
import socket
from pathlib import Path
from typing import Any


class ToolClient:
    """Client of the :class:`agentrollout.external.tool_server.ToolServer` at the socket ``path``. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def call(self, tool: str, arguments: dict[str, Any], message: str = "") -> dict[str, Any]:
        """The answer of a tool: the fields of an observation that are set.

        Raises:
            OSError: the session is over, or its box is lost.
        """
        answer = self._ask({"tool": tool, "arguments": arguments, "message": message})
        if "lost" in answer:
            raise ConnectionError(answer["lost"])
        return answer

    def interrupt(self) -> None:
        """End the call that is under way.

        Raises:
            OSError: the session is over.
        """
        self._ask({"interrupt": True})

    def _connect(self, s: socket.socket) -> None:
        folder = os.open(self._path.parent, os.O_PATH | os.O_DIRECTORY)  # its name may be longer than a socket's may be
        try:
            s.connect(f"/proc/self/fd/{folder}/{self._path.name}")
        finally:
            os.close(folder)

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX) as s:
            self._connect(s)
            s.sendall(json.dumps(request).encode() + b"\n")
            with s.makefile("rb") as answers:
                line = answers.readline()
        if not line:
            raise ConnectionError("the session is over")
        answer: dict[str, Any] = json.loads(line)
        return answer
