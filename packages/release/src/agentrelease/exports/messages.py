"""A run as chat messages, and the tools that it had, as chat templates and trainers read them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trajschema.event import FORMAT
from trajschema.messages import Message, step_messages
from trajschema.trajectory import Step, Trajectory


def messages_of(trajectory: Trajectory) -> list[Message]:
    """The run from its first message to the agent's last turn.

    What stands after the last turn of the agent is left out: no one answers it. A run without an agent turn gives its
    opening messages only.
    """
    messages = [message for step in trajectory.steps for message in step_messages(step)]
    last = max((i for i, m in enumerate(messages) if m["role"] == "assistant"), default=len(messages) - 1)
    return messages[: last + 1]


def tools_of(trajectory: Trajectory, definitions: Sequence[Mapping[str, Any]]) -> str:
    """The tools of a run as a JSON array of function definitions.

    A run in our own sandbox had ``definitions``. What an outside agent was told is not in its log: for it, the names and
    argument types are those of the calls that it made.
    """
    own = trajectory.source_format == FORMAT and bool(definitions)
    tools = [_function(d) for d in definitions] if own else _observed(trajectory.steps)
    return json.dumps(tools, sort_keys=True, ensure_ascii=False)


def _function(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    return definition if "function" in definition else {"type": "function", "function": dict(definition)}


def _observed(steps: Iterable[Step]) -> list[Mapping[str, Any]]:
    calls: dict[str, list[dict[str, Any]]] = {}
    for call in (c for s in steps for c in s.tool_calls):
        calls.setdefault(call.raw_name, []).append(_arguments(call.arguments))
    return [
        _function({"name": name, "description": "As observed in this run.", "parameters": _parameters(calls[name])})
        for name in sorted(calls)
    ]


def _arguments(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _parameters(calls: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    names = sorted({name for call in calls for name in call})
    return {
        "type": "object",
        "properties": {name: {"type": _json_type(next(c[name] for c in calls if name in c))} for name in names},
        "required": [name for name in names if all(name in call for call in calls)],
    }


def _json_type(value: Any) -> str:
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"), (dict, "object")):
        if isinstance(value, kind):
            return name
    return "null"
