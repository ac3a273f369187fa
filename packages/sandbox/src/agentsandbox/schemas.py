"""The tools in the words of those who call models: Anthropic, OpenAI (chat and responses) and MCP, all from one table.

Plain dicts, as the clients take them; no client library is needed.
"""

from typing import Any

from agentsandbox.tools import TOOLS, Tool

_READ_ONLY = frozenset({"file_read", "search", "symbols"})
_NOT_IN_STRICT = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
"""Keywords that strict schemas of Anthropic refuse. The box checks them in any case."""


def anthropic_tools(*, strict: bool = False) -> list[dict[str, Any]]:
    """``tools`` of a Messages request. ``strict`` makes the model keep to the schema."""
    if not strict:
        return [{"name": t.name, "description": t.description, "input_schema": t.parameters} for t in TOOLS]
    return [{"name": t.name, "description": t.description, "input_schema": _without_bounds(t), "strict": True} for t in TOOLS]


def openai_chat_tools(*, strict: bool = False) -> list[dict[str, Any]]:
    """``tools`` of a Chat Completions request. ``strict`` makes the model keep to the schema; what is optional may be null."""
    return [{"type": "function", "function": _function(t, strict)} for t in TOOLS]


def openai_response_tools(*, strict: bool = False) -> list[dict[str, Any]]:
    """``tools`` of a Responses request. ``strict`` as in :func:`openai_chat_tools`."""
    return [{"type": "function", **_function(t, strict)} for t in TOOLS]


def mcp_tools() -> list[dict[str, Any]]:
    """``tools`` of an MCP ``tools/list`` result. Nothing reaches beyond the box, so no tool is open-world."""
    return [
        {
            "name": t.name,
            "description": t.description,
            "inputSchema": t.parameters,
            "annotations": {"readOnlyHint": t.name in _READ_ONLY, "openWorldHint": False},
        }
        for t in TOOLS
    ]


def _function(tool: Tool, strict: bool) -> dict[str, Any]:
    parameters = _all_required(tool) if strict else tool.parameters
    return {"name": tool.name, "description": tool.description, "parameters": parameters, "strict": strict}


def _without_bounds(tool: Tool) -> dict[str, Any]:
    properties = {
        name: {key: value for key, value in schema.items() if key not in _NOT_IN_STRICT}
        for name, schema in tool.parameters["properties"].items()
    }
    return {**tool.parameters, "properties": properties}


def _all_required(tool: Tool) -> dict[str, Any]:
    """OpenAI's strict form: every property is required, and one that need not be given may be null."""
    required = tool.parameters["required"]
    properties = {
        name: schema if name in required else {**schema, "type": [schema["type"], "null"]}
        for name, schema in tool.parameters["properties"].items()
    }
    return {**tool.parameters, "properties": properties, "required": list(properties)}
