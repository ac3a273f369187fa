"""What the logs of OpenHands look like: which events, rows and folders are its, and of which generation."""

import re
from itertools import islice

from agentrecorder.containers.json_values import Json, NotJson, each, get, is_array, is_object, items, loads
from agentrecorder.containers.source import LogSource

EVENT_FILE = re.compile(r"(?:event-)?(\d{1,9})(?:-[\w-]+)?\.json")
"""Name of a file that holds one event; the number is its place."""
V1_KINDS = frozenset(
    {
        "SystemPromptEvent", "SystemPromptUpdateEvent", "MessageEvent", "ActionEvent", "ObservationEvent", "UserRejectObservation",
        "AgentErrorEvent", "Condensation", "CondensationRequest", "CondensationSummaryEvent", "ConversationStateUpdateEvent",
        "TokenEvent", "StreamingDeltaEvent", "LLMCompletionLogEvent", "PauseEvent", "InterruptEvent", "HookExecutionEvent",
        "ACPToolCallEvent", "ConversationErrorEvent",
    }
)  # fmt: skip
_LOOKED_AT = 8
"""Events at the start of a row by which it is recognised: old exports begin with what the server said."""


def version(source: LogSource) -> str | None:
    """The generation of a log of OpenHands; ``None`` if it is none."""
    if source.kind == "folder":
        return _folder(source)
    if source.kind not in ("document", "lines"):
        return None
    for value in source.sample:
        found = row_version(value) or event_version(value)
        if found:
            return found
    return None


def event_version(value: Json) -> str | None:
    """``v1-events`` or ``v0-events`` for an event that stands by itself."""
    if is_v1_event(value):
        return "v1-events"
    return "v0-events" if is_v0_event(value) and any(is_object(get(value, k)) for k in ("args", "extras")) else None


def row_version(row: Json) -> str | None:
    """The generation of a row that holds a whole run."""
    if not is_object(row):
        return None
    history = items(get(row, "history"))
    if not history:
        if any(is_v0_event(event) for event in islice(each(items(get(row, "trajectory"))), 4 * _LOOKED_AT)) and "info" not in row:
            return "v0-feedback" if isinstance(get(row, "feedback"), str) else "v0-export"
        evaluated = "instruction" in row and "test_result" in row and is_object(get(row, "metadata"))
        return None if not evaluated or "trajectory" in row else "v1-output" if "attempt" in row or "runtime_runs" in row else "v0"
    for event in islice(each(history), _LOOKED_AT):
        if is_v1_event(event):
            return "v1-output"
        if is_array(event) and any(is_v0_event(part) for part in event):
            return "v0-pairs"
        if is_v0_event(event):
            return "v0" if "args" in event or "extras" in event else "v0-flat"
    return None


def is_v1_event(value: Json) -> bool:
    """Whether a value is an event of the SDK."""
    return isinstance(get(value, "kind"), str) and value["kind"] in V1_KINDS and "source" in value


def is_v0_event(value: Json) -> bool:
    """Whether a value is an action or an observation; other agents have both in one."""
    if not is_object(value) or "response" in value or "role" in value:
        return False
    return isinstance(value.get("action"), str) != isinstance(value.get("observation"), str)


def _folder(source: LogSource) -> str | None:
    names = source.names
    events = source.path / "events"
    if "base_state.json" in names and "events" in names and events.is_dir():
        return "v1"
    numbered = sorted(name for name in names if EVENT_FILE.fullmatch(name))
    if not numbered or len(numbered) < len(names) - 2:
        return None
    try:
        first = loads((source.path / numbered[0]).read_bytes())
    except (OSError, NotJson):
        return None
    return "v1" if is_v1_event(first) else "v0-events" if event_version(first) else None
