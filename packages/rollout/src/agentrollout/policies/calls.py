"""Turns and tool calls, spelt as an agent writes them."""

import json
from typing import Any

from trajschema.event import AgentTurn
from trajschema.trajectory import Tool, ToolCall


def turn(message: str, *calls: ToolCall) -> AgentTurn:
    """A turn that says ``message`` and makes ``calls`` in order."""
    return AgentTurn(message=message, tool_calls=calls)


def call(name: Tool, **arguments: Any) -> ToolCall:
    """A call of a tool; arguments that are None are left out. The loop gives it its id."""
    given = {key: value for key, value in arguments.items() if value is not None}
    return ToolCall(tool_call_id="", name=name, raw_name=name, arguments=json.dumps(given))


def file_read(path: str, first: int | None = None, last: int | None = None) -> ToolCall:
    """Read lines ``first`` to ``last`` of a file, both included."""
    return call("file_read", path=path, start_line=first, end_line=last)


def file_write(path: str, content: str) -> ToolCall:
    """Write a file."""
    return call("file_write", path=path, content=content)


def file_edit(path: str, old: str, new: str) -> ToolCall:
    """Replace the one place where ``old`` occurs."""
    return call("file_edit", path=path, old_string=old, new_string=new)


def shell(command: str, timeout_s: float | None = None) -> ToolCall:
    """Run a command."""
    return call("shell", command=command, timeout_s=timeout_s)


def search(pattern: str, path: str | None = None, glob: str | None = None) -> ToolCall:
    """Search the files for a regular expression."""
    return call("search", pattern=pattern, path=path, glob=glob)


def git(*arguments: str) -> ToolCall:
    """Run git."""
    return call("git", args=list(arguments))


def submit() -> ToolCall:
    """Hand the work in."""
    return call("submit")
