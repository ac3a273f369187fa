"""``agentsandbox mcp``: the tools of a box for any MCP client, over standard input and output.

One process is one session, one box and one log. The log is written call by call, so a killed server loses no more than
the call that ran. When the client goes away, the session ends with the final diff and the box is closed.
"""

import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from trajschema.rollout import Limits
from trajschema.trajectory import Observation

from agentsandbox import bootstrap
from agentsandbox.cli.setup import errors, leave, limits_of, opened, setup_of
from agentsandbox.errors import BoxLost, SandboxError
from agentsandbox.sandbox import Sandbox
from agentsandbox.schemas import mcp_tools
from agentsandbox.session import Session

Call = Callable[[str, dict[str, Any]], Observation]
"""Answers a tool call by name and arguments.

Raises:
    BoxLost: the box died, or whoever stands between.
"""
FAILED = 2
_ABOUT = "The tools act in an isolated box on a copy of a repository; nothing outside of it changes. Call submit when the work is done."


def serve(
    backend: str, task: Path | None, task_id: str | None, tree: Path | None, image: str, limits: list[str], record: Path | None
) -> int:
    """Serve until the client is gone. Returns 0; 2 where no box can be had."""
    with errors(FAILED):
        try:
            import anyio
            import mcp  # noqa: F401
        except ImportError as error:
            raise SandboxError("the MCP server needs the mcp library", "install agentsandbox[mcp]") from error
        setup = setup_of(backend, task, task_id, tree, image, limits_of(limits, Limits()), record)
        with opened(setup) as (box, session):
            anyio.run(partial(speak, session.call, box.interrupt, partial(_end, box, session), setup.task.problem_statement))
        return 0


async def speak(call: Call, interrupt: Callable[[], None], end: Callable[[], None], statement: str = "") -> None:
    """Offer the tools over standard input and output until the client is gone.

    ``call`` answers one at a time in a thread, and ``interrupt`` ends the one that is under way; a signal brings ``end``, and with it
    the end of the process.
    """
    import anyio
    import mcp.types as types
    from anyio.to_thread import run_sync
    from mcp.server.lowlevel import Server
    from mcp.server.stdio import stdio_server

    one_at_a_time = anyio.Lock()

    async def list_tools(context: Any, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[types.Tool.model_validate(t) for t in mcp_tools()])

    async def call_tool(context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        async with one_at_a_time:
            work = partial(_answered, call, params.name, params.arguments or {})
            try:
                answer = await run_sync(work, abandon_on_cancel=True)
            except anyio.get_cancelled_exc_class():
                with anyio.CancelScope(shield=True):
                    await run_sync(interrupt)
                raise
        texts = [answer.content, *([f"exit status: {answer.exit_code}"] if answer.exit_code else [])]
        return types.CallToolResult(content=[types.TextContent(text=t) for t in texts], is_error=answer.error is not None)

    about = f"{_ABOUT}\n\n{statement}" if statement else _ABOUT
    server: Server[Any] = Server(
        "agentsandbox", version=bootstrap.VERSION, instructions=about, on_list_tools=list_tools, on_call_tool=call_tool
    )
    async with anyio.create_task_group() as group:
        group.start_soon(_end_on_signal, end)
        async with stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())
        group.cancel_scope.cancel()


def _answered(call: Call, tool: str, arguments: dict[str, Any]) -> Observation:
    try:
        return call(tool, arguments)
    except BoxLost as lost:
        return Observation(content=str(lost), error=str(lost))


async def _end_on_signal(end: Callable[[], None]) -> None:
    """On a signal the client may still hold our input open, and the thread that reads it cannot be stopped."""
    import anyio
    from anyio.to_thread import run_sync

    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        async for number in signals:
            await run_sync(end)
            os._exit(128 + number)


def _end(box: Sandbox, session: Session) -> None:
    box.interrupt()
    leave(session, "the server was told to stop")
    box.close()
