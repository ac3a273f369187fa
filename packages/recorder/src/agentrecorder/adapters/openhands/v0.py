"""Events of OpenHands before its SDK: actions and observations."""

from collections.abc import Iterable, Mapping

from agentrecorder.adapters.openhands.rows import tokens_of
from agentrecorder.containers.json_values import Json, fields, get, is_array, items, prose, string, whole
from agentrecorder.run import Row, Run

_ASIDE = frozenset(
    {
        "recall", "null", "initialize", "change_agent_state", "agent_state_changed", "condensation", "condensation_request", "condense",
        "loop_recovery", "start", "pause", "resume", "stop", "success",
    }
)  # fmt: skip
"""Actions and observations of the controller, the memory and the user's screen."""
_OWN = frozenset(
    {
        "action", "observation", "id", "source", "timestamp", "message", "cause", "tool_call_metadata", "llm_metrics", "timeout",
        "thought", "is_confirmed", "confirmation_state", "keep_prompt", "kernel_init_code", "action_risk", "security_risk", "blocking",
        "hidden", "is_static", "impl_source", "translated_ipython_code",
    }
)  # fmt: skip
"""What stands in an action beside the arguments that the agent gave."""
_CUT = "[... Observation truncated due to length ...]"


class V0Events:
    """Events in order. Observations go to the action that caused them; where the log has no causes, to the last that waits."""

    def __init__(self, run: Run, usages: Mapping[str, Row] | None = None) -> None:
        self.run = run
        self._usages = usages or {}
        self._causes: dict[int | str, str | None] = {}
        """Id of an action → id of its call; ``None`` if a person acted."""
        self._waiting: dict[str, tuple[str, Row]] = {}
        """Call that has no answer → its action, and its turn."""
        self._turn: Row | None = None
        self._response = ""
        """Of the last turn."""

    def read(self, events: Iterable[Json]) -> None:
        """Take all events, each of them an object or a pair of an action and its observation."""
        self.run.take(events, self.hear, "event")
        if not self.run.exit and self.run.steps:
            calls = self.run.steps[-1]["tool_calls"]
            self.run.exit = calls[-1]["raw_name"] if calls and calls[-1]["name"] == "submit" else ""

    def hear(self, event: Json) -> str | None:
        """Take the next event. The kind of one that is no part of a run.

        Raises:
            ValueError: it is no event.
        """
        if is_array(event):
            kinds = [self.hear(part) for part in event if part]
            return None if None in kinds else kinds[0] if kinds else "empty pair"
        action, observation = event.get("action"), event.get("observation")
        if isinstance(action, str):
            return self._act(action, event)
        if isinstance(observation, str):
            return self._observe(observation, event)
        if any(event.get(key) is not None for key in ("status", "error_code")):
            return "status of the server"
        raise ValueError("neither an action nor an observation")

    def _act(self, action: str, event: Mapping[str, Json]) -> str | None:
        args = fields(event.get("args")) or event
        if action == "initialize":
            self.run.model = self.run.model or string(args.get("LLM_MODEL")) or None
            self.run.agent = self.run.agent or string(args.get("AGENT"))
        if action in _ASIDE:
            return action
        if action == "system":
            self.run.say("system", prose(args.get("content") or event.get("message")))
            return None
        source = event.get("source") or self._speaker(action, args)
        if action == "message" and not get(event, "tool_call_metadata", "function_name"):
            text = prose(args.get("content") or event.get("message"))
            if source == "agent":
                self._turn, self._response = self.run.turn(text), ""
            else:
                self.run.say("user", text)
        elif source == "agent":
            self._call(action, event, args)
        else:
            self._note(event, None)
            self.run.say("user", string(event.get("message")) or string(_arguments(args)))
        return None

    def _speaker(self, action: str, args: Mapping[str, Json]) -> str:
        """Who acts, where the log does not say. An agent that ends its answer waits for a response, and what comes is the user's."""
        last = self.run.steps[-1] if self.run.steps else None
        if action != "message":
            return "agent"
        asked = last is not None and last["source"] == "agent" and not last["tool_calls"]
        return "user" if last is None or (asked and args.get("wait_for_response") is False) else "agent"

    def _call(self, action: str, event: Mapping[str, Json], args: Mapping[str, Json]) -> None:
        metadata = fields(event.get("tool_call_metadata"))
        response = fields(metadata.get("model_response"))
        answer = _message(response)
        name, call_id = string(metadata.get("function_name")) or action, string(metadata.get("tool_call_id")) or None
        given = _given(answer, call_id) if answer else None
        response_id = string(response.get("id"))
        row = self._turn
        if row is None or not response_id or response_id != self._response or whole(metadata.get("total_calls_in_response")) == 1:
            thought = "" if action == "think" else prose(args.get("thought"))
            reasoning = prose(answer.get("reasoning_content")) or None
            row = self.run.turn(prose(answer.get("content")) or thought, reasoning, self._usage(response_id, response))
            self._turn, self._response = row, response_id
        made = self.run.call(name, given or _arguments(args, action == "think"), call_id, row)
        key = call_id or str(made["tool_call_id"])
        self._note(event, key)
        self._waiting[key] = (action, row)

    def _note(self, event: Mapping[str, Json], call_id: str | None) -> None:
        number = event.get("id")
        if isinstance(number, (int, str)):
            self._causes[number] = call_id

    def _usage(self, response_id: str, response: Mapping[str, Json]) -> Row | None:
        known = self._usages.get(response_id)
        counts = response.get("usage")
        if counts is None or (known is not None and known["prompt_tokens"] is not None):
            return known
        details = fields(get(counts, "prompt_tokens_details"))
        made = tokens_of({**fields(counts), **details} if details else counts, "cached_tokens")
        if made is not None and known is not None:
            made["seconds"] = known["seconds"]
        return made

    def _observe(self, kind: str, event: Mapping[str, Json]) -> str | None:
        extras = fields(event.get("extras"))
        if kind in _ASIDE:
            if kind == "agent_state_changed" and extras.get("agent_state") in ("finished", "rejected", "error", "stopped"):
                self.run.exit = self.run.exit or string(extras["agent_state"])
            return kind
        text = prose(event.get("content"))
        cause = event.get("cause")
        if isinstance(cause, (int, str)) and cause in self._causes and self._causes[cause] is None:
            self.run.say("user", text)
            return None
        call_id = self._answered(kind, event)
        if kind == "error" and call_id is None:
            self._refuse(text, event)
            return None
        self._waiting.pop(call_id or "", None)
        metadata = fields(extras.get("metadata"))
        prefix, suffix = string(metadata.get("prefix")), string(metadata.get("suffix"))
        self.run.answer(
            f"{prefix}{text}{suffix}" if prefix or suffix else text,
            call_id,
            exit_code=_exit_code(metadata, extras, event),
            error=_error(kind, text, suffix),
            truncated=_CUT in text,
        )
        return None

    def _answered(self, kind: str, event: Mapping[str, Json]) -> str | None:
        """The call that an observation answers."""
        call_id, cause = get(event, "tool_call_metadata", "tool_call_id"), event.get("cause")
        if isinstance(call_id, str) and call_id:
            return call_id
        if isinstance(cause, (int, str)):
            return self._causes.get(cause) or f"event-{cause}"
        alike = [key for key, (action, _) in self._waiting.items() if action == kind]
        return alike[-1] if alike else next((key for key, (_, turn) in self._waiting.items() if turn is self._turn), None)

    def _refuse(self, complaint: str, event: Mapping[str, Json]) -> None:
        """An error that answers no call. Of an answer that it could not read, the harness logs its complaint alone."""
        if event.get("source") in ("agent", None):
            self.run.turn(flags=("malformed", "synthetic"))
            self._turn = None
        self.run.say("system", complaint)


def _message(response: Mapping[str, Json]) -> Mapping[str, Json]:
    choices = items(response.get("choices"))
    return fields(get(choices[0], "message")) if choices else {}


def _given(answer: Mapping[str, Json], call_id: str | None) -> Json:
    return next((get(call, "function", "arguments") for call in items(answer.get("tool_calls")) if get(call, "id") == call_id), None)


def _arguments(args: Mapping[str, Json], thinks: bool = False) -> dict[str, Json]:
    kept = {key: value for key, value in args.items() if key not in _OWN and value is not None}
    return {"thought": args.get("thought"), **kept} if thinks else kept


def _exit_code(*places: Mapping[str, Json]) -> int | None:
    for place in places:
        if place.get("exit_code") is not None:
            code = whole(place["exit_code"])
            return None if code == -1 else code
    return None


def _error(kind: str, text: str, suffix: str) -> str | None:
    if kind in ("error", "user_rejected"):
        return text or kind
    if text.startswith("ERROR:"):
        return text[6:].strip() or "error"
    return suffix.strip() if "timed out" in suffix else None
