"""The MCP server over standard input and output: ``python -m agentreward.mcp_server``, or ``agentreward mcp``."""

from __future__ import annotations

import sys
from typing import Any

_ABOUT = "Scores runs of code agents step by step. Paths are those of the machine that the server runs on."


def serve() -> int:
    """Serve until the client is gone. Returns 0; 2 where the library is missing."""
    try:
        import anyio
        import mcp  # noqa: F401
    except ImportError:
        print("error: the MCP server needs the mcp library; install agentreward[mcp]", file=sys.stderr)
        return 2
    anyio.run(_serve)
    return 0


async def _serve() -> None:
    import mcp.types as types
    from anyio.to_thread import run_sync
    from mcp.server.lowlevel import Server
    from mcp.server.stdio import stdio_server

    from agentreward.errors import RewardError
    from agentreward.mcp_tools import TOOLS, answer

    async def list_tools(context: Any, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        offered = [
            types.Tool(
                name=name,
                description=tool.takes.__doc__,
                input_schema=tool.takes.model_json_schema(),
                annotations=types.ToolAnnotations(read_only_hint=True),
            )
            for name, tool in TOOLS.items()
        ]
        return types.ListToolsResult(tools=offered)

    async def call_tool(context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        try:
            text, failed = await run_sync(answer, params.name, params.arguments or {}, abandon_on_cancel=True), False
        except RewardError as error:
            text, failed = f"{type(error).__name__}: {error}", True
        text = text.encode("utf-8", "backslashreplace").decode()  # no half of a surrogate pair goes over the wire
        return types.CallToolResult(content=[types.TextContent(text=text)], is_error=failed)

    server: Server[Any] = Server("agentreward", instructions=_ABOUT, on_list_tools=list_tools, on_call_tool=call_tool)
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


if __name__ == "__main__":
    raise SystemExit(serve())
