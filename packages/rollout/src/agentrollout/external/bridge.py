"""``python -m agentrollout.external.bridge SOCKET FILE``: the box at a socket as an MCP server; FILE holds the problem statement."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from agentsandbox.cli.mcp import speak
from agentsandbox.errors import BoxLost
from trajschema.trajectory import Observation

from agentrollout.external.tool_client import ToolClient


def main(socket: Path, statement: Path) -> None:
    """Serve until the client is gone."""
    client = ToolClient(socket)

    def call(tool: str, arguments: dict[str, Any]) -> Observation:
        try:
            return Observation.model_validate(client.call(tool, arguments))
        except OSError as problem:
            raise BoxLost(f"no box answers ({problem})", "the session is over") from problem

    def interrupt() -> None:
        try:
            client.interrupt()
        except OSError:
            return

    anyio.run(partial(speak, call, interrupt, interrupt, statement.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
    os._exit(0)
