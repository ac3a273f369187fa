"""An MCP server over a table of tools: each takes a pydantic model, whose docstring describes it, and answers with text."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

ANSWER_CHARACTERS = 400_000
"""A longer answer is refused: a client would pay for it with its context."""


class ToolFailed(Exception):
    """A tool cannot answer; the message is for the client."""


@dataclass(frozen=True)
class McpTool:
    """A tool: what it takes and what answers."""

    takes: type[BaseModel]
    answer: Callable[[Any], str]


def answer(tools: Mapping[str, McpTool], name: str, arguments: Mapping[str, Any]) -> str:
    """What a tool says.

    Raises:
        ToolFailed: there is no such tool, or its arguments are wrong.
        Exception: whatever the tool raises.
    """
    if name not in tools:
        raise ToolFailed(f"unknown tool {name!r}; there are: {', '.join(tools)}")
    try:
        given = tools[name].takes.model_validate(arguments)
    except ValidationError as problem:
        wrong = problem.errors(include_url=False, include_input=False)
        raise ToolFailed("; ".join(f"{'.'.join(map(str, w['loc']))}: {w['msg']}" for w in wrong)) from problem
    return tools[name].answer(given)


def bounded(text: str, instead: str) -> str:
    """``text``, unless it is too long for an answer; ``instead`` says what to ask for.

    Raises:
        ToolFailed: it is.
    """
    if len(text) > ANSWER_CHARACTERS:
        raise ToolFailed(f"the answer has {len(text)} characters, too many; ask for less ({instead})")
    return text


def serve(server: str, about: str, tools: Mapping[str, McpTool], failures: type[Exception], *, read_only: bool = False) -> int:
    """Serve over standard input and output until the client is gone. Returns 0; 2 where the library is missing.

    An error of type ``failures`` is the answer of a call; ``read_only`` says that no tool changes anything.
    """
    try:
        import anyio
        import mcp  # noqa: F401
    except ImportError:
        print(f"error: the MCP server needs the mcp library; install {server}[mcp]", file=sys.stderr)
        return 2
    anyio.run(_serve, server, about, tools, (ToolFailed, failures), read_only)
    return 0


async def _serve(name: str, about: str, tools: Mapping[str, McpTool], failures: tuple[type[Exception], ...], read_only: bool) -> None:
    import mcp.types as types
    from anyio.to_thread import run_sync
    from mcp.server.lowlevel import Server
    from mcp.server.stdio import stdio_server

    notes = types.ToolAnnotations(read_only_hint=True) if read_only else None
    offered = [
        types.Tool(name=key, description=tool.takes.__doc__, input_schema=tool.takes.model_json_schema(), annotations=notes)
        for key, tool in tools.items()
    ]

    async def list_tools(context: Any, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=offered)

    async def call_tool(context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        try:
            text, failed = await run_sync(answer, tools, params.name, params.arguments or {}, abandon_on_cancel=True), False
        except failures as error:
            text, failed = f"{type(error).__name__}: {error}", True
        text = text.encode("utf-8", "backslashreplace").decode()  # no half of a surrogate pair goes over the wire
        return types.CallToolResult(content=[types.TextContent(text=text)], is_error=failed)

    server: Server[Any] = Server(name, instructions=about, on_list_tools=list_tools, on_call_tool=call_tool)
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())
