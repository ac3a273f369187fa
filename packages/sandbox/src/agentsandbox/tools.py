"""The tools of an agent: one table of names, descriptions and argument schemas."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Tool:
    """One tool. ``parameters`` is a JSON schema of its arguments."""

    name: str
    description: str
    parameters: dict[str, Any]


def _tool(name: str, description: str, required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> Tool:
    properties = {**required, **(optional or {})}
    schema = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    return Tool(name, description, schema)


def _string(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


_PATH = _string("Path, absolute or relative to the repository.")

TOOLS: tuple[Tool, ...] = (
    _tool(
        "file_read",
        "Read a text file, or a range of its lines.",
        {"path": _PATH},
        {
            "start_line": {"type": "integer", "minimum": 1, "description": "First line, 1-based."},
            "end_line": {"type": "integer", "minimum": 1, "description": "Last line, included."},
        },
    ),
    _tool(
        "file_write",
        "Write a file, replacing what is there. Folders are made as needed.",
        {"path": _PATH, "content": _string("The whole content.")},
    ),
    _tool(
        "file_edit",
        "Replace a text that occurs exactly once in a file.",
        {"path": _PATH, "old_string": _string("Text to replace; must occur exactly once."), "new_string": _string("Text to put there.")},
    ),
    _tool(
        "shell",
        "Run a command with bash in the repository. Output is standard output and error together.",
        {"command": _string("The command.")},
        {"timeout_s": {"type": "number", "exclusiveMinimum": 0, "description": "Seconds after which it is killed."}},
    ),
    _tool(
        "search",
        "Search files for a regular expression (Python syntax). Answers path:line:text.",
        {"pattern": _string("Regular expression.")},
        {
            "path": _string("File or folder to search; the repository if left out."),
            "glob": _string("Only files that match, for example *.py."),
        },
    ),
    _tool(
        "git",
        "Look at the repository with git (status, diff, log, show, blame, grep), or undo edits with `checkout -- PATH` or `restore PATH`.",
        {"args": {"type": "array", "items": {"type": "string"}, "description": "Arguments after `git`."}},
    ),
    _tool("submit", "End the work and hand in the state of the repository.", {}),
)

BY_NAME: dict[str, Tool] = {tool.name: tool for tool in TOOLS}

_TYPES: dict[str, tuple[type[Any], ...]] = {"string": (str,), "integer": (int,), "number": (int, float), "array": (list, tuple)}


def problem_of(tool: str, arguments: Mapping[str, Any]) -> str | None:
    """What is wrong with a call, in words for the agent; nothing if it fits the schema."""
    if tool not in BY_NAME:
        return f"unknown tool {tool!r}; the tools are {', '.join(BY_NAME)}"
    schema = BY_NAME[tool].parameters
    properties: dict[str, Any] = schema["properties"]
    for name in schema["required"]:
        if name not in arguments:
            return f"{tool}: argument {name!r} is missing"
    for name, value in arguments.items():
        if name not in properties:
            known = ", ".join(properties) or "none"
            return f"{tool}: unknown argument {name!r}; known: {known}"
        if value is None and name not in schema["required"]:
            continue
        wrong = _value_problem(properties[name], value)
        if wrong:
            return f"{tool}: argument {name!r} {wrong}"
    return None


def _value_problem(schema: Mapping[str, Any], value: Any) -> str | None:
    kind = schema["type"]
    if not isinstance(value, _TYPES[kind]) or isinstance(value, bool):
        return f"must be of type {kind}"
    if "minimum" in schema and value < schema["minimum"]:
        return f"must be at least {schema['minimum']}"
    if "exclusiveMinimum" in schema and not value > schema["exclusiveMinimum"]:
        return f"must be greater than {schema['exclusiveMinimum']}"
    if isinstance(value, list | tuple) and not all(isinstance(v, str) for v in value):
        return "must be a list of strings"
    return None
