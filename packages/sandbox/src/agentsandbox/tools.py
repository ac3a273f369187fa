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
        "Read a text file. Without end_line you get 100 lines from start_line on, and a last line "
        "`[lines 1-100 of 523; 0 above, 423 below]` if that is not the whole file; read on with start_line=101. "
        "With end_line you get exactly the lines asked for.",
        {"path": _PATH},
        {
            "start_line": {"type": "integer", "minimum": 1, "description": "First line, 1-based; 1 if left out."},
            "end_line": {"type": "integer", "minimum": 1, "description": "Last line, included."},
        },
    ),
    _tool(
        "file_write",
        "Write a whole file, replacing what is there. Folders are made as needed. To change a part of a file use file_edit.",
        {"path": _PATH, "content": _string("The whole content.")},
    ),
    _tool(
        "file_edit",
        "Replace a text that occurs exactly once in a file. Copy old_string from the file with its white space, and add lines "
        "around it until it is unique. An edit that would leave a syntax error in Python or JSON is refused and changes nothing.",
        {"path": _PATH, "old_string": _string("Text to replace; must occur exactly once."), "new_string": _string("Text to put there.")},
    ),
    _tool(
        "shell",
        "Run a command with bash. Output is standard output and error together; of a long one you see head and tail. "
        "The working directory and exported variables carry over to the next shell call; the first starts in the repository. "
        "There is no terminal and no input. A process started with & goes on after the call: send its output to a file if you want "
        "to see it.",
        {"command": _string("The command; may have several lines.")},
        {"timeout_s": {"type": "number", "exclusiveMinimum": 0, "description": "Seconds after which it is killed."}},
    ),
    _tool(
        "search",
        "Search files for a regular expression (Python syntax), line by line. Answers path:line:text. With more than 50 matches you "
        "get the number in each file and the first 50.",
        {"pattern": _string("Regular expression.")},
        {
            "path": _string("File or folder to search; the repository if left out."),
            "glob": _string("Only files whose name or path matches, for example *.py."),
        },
    ),
    _tool(
        "symbols",
        "Find where Python classes, functions, methods and variables are defined, with signature and first line of the docstring: "
        "all of a file, or those of one name in the repository. Answers path:line: kind name(signature) - docstring.",
        {},
        {
            "path": _string("File or folder to look in; the repository if left out."),
            "name": _string("Only definitions of this name, for example parse or Parser.parse; all if left out."),
        },
    ),
    _tool(
        "git",
        "Look at the repository with git (status, diff, log, show, blame, grep, ls-files and the like), or undo edits with "
        "`checkout -- PATH` or `restore PATH`. Runs at the top of the repository.",
        {"args": {"type": "array", "items": {"type": "string"}, "description": 'Arguments after `git`, for example ["diff", "--stat"].'}},
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
