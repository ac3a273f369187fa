"""Events of OpenHands' software agent SDK."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from agentrecorder.adapters.openhands.rows import counted
from agentrecorder.adapters.openhands.shapes import V1_KINDS
from agentrecorder.containers.json_values import Json, each, fields, get, items, prose, string, whole
from agentrecorder.run import Row, Run, flag

_CUT = ("<response clipped>", "[... Observation truncated due to length ...]")


class V1Events:
    """Events in order. Those that share the id of a response are one turn."""

    def __init__(self, run: Run, usages: Mapping[str, Row] | None = None) -> None:
        self.run = run
        self._usages = usages or {}
        self._stats: Json = None
        """What the models of the conversation used, as it was told last."""
        self._turns: dict[str, Row] = {}
        """Id of a response → its turn."""
        self._turn: Row | None = None
        self._response = ""
        self._acp: dict[str, str] = {}
        """Call of another agent's protocol → its last state."""

    def read(self, events: Iterable[Json]) -> None:
        """Take all events. Of a tree, which must be a sequence, those on the way to its last leaf; others are put aside."""
        path = _path(events) if isinstance(events, Sequence) and is_tree(events) else None

        def hear(event: Json) -> str | None:
            if path is not None and _linked(event) and event["id"] not in path:
                return "event of another branch"
            return self.hear(event)

        self.run.take(events, hear, "event")
        if self._stats is not None:
            self._usages = {**self._usages, **counted(self.run, self._stats)}
        for response, row in self._turns.items():
            row["usage"] = self._usages.get(response)

    def hear(self, event: Mapping[str, Json]) -> str | None:
        """Take the next event. The kind of one that is no part of a run.

        Raises:
            ValueError: its kind is not known.
        """
        kind = event.get("kind")
        match kind:
            case "SystemPromptEvent" | "SystemPromptUpdateEvent":
                self.run.say("system", prose(event.get("system_prompt")))
                self._inject(event.get("dynamic_context"))
            case "MessageEvent":
                self._message(event)
            case "ActionEvent":
                self._act(event)
            case "ObservationEvent" | "AgentErrorEvent" | "UserRejectObservation":
                self._observe(string(kind), event)
            case "ACPToolCallEvent":
                self._foreign(event)
            case "ConversationStateUpdateEvent":
                self._state(event.get("key"), event.get("value"))
                return string(kind)
            case "ConversationErrorEvent":
                self.run.exit = string(event.get("code")) or "error"
                self.run.say("system", string(event.get("detail")))
            case str() if kind in V1_KINDS:
                return kind
            case _:
                raise ValueError(f"kind {string(kind)!r} is not known")
        return None

    def _message(self, event: Mapping[str, Json]) -> None:
        message = fields(event.get("llm_message"))
        text = prose(message.get("content") or "")
        if event.get("source") == "agent" and message.get("role") in ("assistant", None):
            self._speak(event, text, message)
        else:
            self.run.say("system" if message.get("role") == "system" else "user", text)
        self._inject(event.get("extended_content"))

    def _inject(self, content: Json) -> None:
        """What the harness adds to a message: skills, the state of the workspace."""
        if content:
            self.run.say("system", prose(content), ("copied_context",))

    def _speak(self, event: Mapping[str, Json], text: str, thinking: Mapping[str, Json]) -> Row:
        """The turn of an event: a new one, or the last if both come from one response."""
        response = string(event.get("llm_response_id"))
        row = self._turn
        if row is None or not response or response != self._response:
            row = self._turn = self.run.turn(text, _reasoning(thinking))
            self._response = response
            self._turns[response] = row
        elif text:
            row["message"] = f"{row['message']}\n{text}" if row["message"] else text
        return row

    def _act(self, event: Mapping[str, Json]) -> None:
        row = self._speak(event, prose(event.get("thought") or ""), event)
        call = fields(event.get("tool_call"))
        action = event.get("action")
        name = string(event.get("tool_name") or call.get("name") or get(action, "kind"))
        given = call.get("arguments") or get(call, "function", "arguments")
        if not given:
            given = {key: value for key, value in fields(action).items() if key != "kind"}
        self.run.call(name, given, string(event.get("tool_call_id") or call.get("id")) or None, row)
        if action is None:
            flag(row, "malformed")

    def _observe(self, kind: str, event: Mapping[str, Json]) -> None:
        call_id = string(event.get("tool_call_id")) or None
        if kind != "ObservationEvent":
            text = string(event.get("error") or event.get("rejection_reason"))
            if call_id is None and kind == "AgentErrorEvent":
                self.run.say("system", text)
            else:
                self.run.answer(text, call_id, error=text or kind)
            return
        seen = fields(event.get("observation"))
        metadata = fields(seen.get("metadata"))
        text = prose(seen.get("content") or seen.get("output") or "")
        code = whole(seen.get("exit_code") if seen.get("exit_code") is not None else metadata.get("exit_code"))
        suffix = string(metadata.get("suffix"))
        self.run.answer(
            f"{string(metadata.get('prefix'))}{text}{suffix}",
            call_id,
            exit_code=None if code == -1 else code,
            error=_failure(seen, text, suffix, code),
            truncated=any(mark in text for mark in _CUT),
        )
        self._inject(event.get("extended_content"))

    def _foreign(self, event: Mapping[str, Json]) -> None:
        """A call that an agent behind the protocol ACP reports, again whenever its state changes."""
        call_id = string(event.get("tool_call_id"))
        if call_id not in self._acp:
            row = self._speak(event, "", {}) if self._turn is None or self._turn is not self.run.steps[-1] else self._turn
            given = event.get("raw_input")
            name = string(event.get("title") or event.get("tool_kind"))
            self.run.call(name, given if isinstance(given, str | Mapping) else {}, call_id, row)
        done = event.get("status") in ("completed", "failed")
        if done and self._acp.get(call_id) != "done":
            text = prose(event.get("raw_output") or event.get("content") or "")
            self.run.answer(text, call_id, error=(text or "failed") if event.get("is_error") or event.get("status") == "failed" else None)
        self._acp[call_id] = "done" if done or self._acp.get(call_id) == "done" else "begun"

    def _state(self, key: Json, value: Json) -> None:
        if key == "execution_status" and isinstance(value, str):
            self.run.exit = value
        elif key == "stats":
            self._stats = value
        elif key == "full_state":
            self.run.model = self.run.model or string(get(value, "agent", "llm", "model")) or None
            if isinstance(get(value, "execution_status"), str):
                self.run.exit = value["execution_status"]


def is_tree(events: Sequence[Json]) -> bool:
    """Whether the events name their parents."""
    return any("parent_id" in fields(event) for event in islice(each(events), 3))


def _path(events: Sequence[Json]) -> frozenset[str]:
    """Ids of the events from the root of a tree to its last leaf."""
    parents = {event["id"]: event["parent_id"] for event in each(events) if _linked(event)}
    found: dict[str, None] = {}
    step = next(reversed(parents), None)
    while isinstance(step, str) and step in parents and step not in found:
        found[step] = None
        step = parents[step]
    return frozenset(found)


def _linked(event: Json) -> bool:
    return isinstance(get(event, "id"), str) and isinstance(get(event, "parent_id"), str)


def _reasoning(event: Mapping[str, Json]) -> str | None:
    told = prose(event.get("reasoning_content") or "")
    blocks = (string(get(block, "thinking")) for block in items(event.get("thinking_blocks")))
    return told or "\n".join(filter(None, blocks)) or None


def _failure(seen: Mapping[str, Json], text: str, suffix: str, code: int | None) -> str | None:
    if seen.get("timeout") is True or "timed out" in suffix:
        return suffix.strip() or "timed out"
    return (text or "error") if seen.get("is_error") is True and code in (None, -1) else None
