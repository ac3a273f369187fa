"""A sample of Inspect AI: its messages, and what its events add to them."""

from collections.abc import Collection, Iterable, Mapping

from agentrecorder.adapters.inspect.events import Events, spent_by
from agentrecorder.containers.json_values import Json, each, fields, get, is_array, is_object, items, number, prose, string
from agentrecorder.run import Row, Run, flag

_CUT = "was too long to be displayed"
_ATTACHED = "attachment://"
_SCORES = {"C": True, "I": False, "N": False}
"""Correct, incorrect, no answer. A partial answer (``P``) is neither solved nor unsolved."""


def read_sample(sample: Mapping[str, Json], header: Mapping[str, Json]) -> Run:
    """The run of a sample. ``header``: the log without its samples."""
    run = Run("inspect", string(get(header, "version")))
    run.task_id = string(get(sample, "id")) or None
    run.agent = string(get(header, "eval", "solver"))
    run.model = string(get(header, "eval", "model")) or None
    run.exit = string(get(sample, "error", "message") or get(sample, "limit", "type") or get(header, "status"))
    run.claimed, run.claimed_by = _claim(sample)
    run.totals.seconds = number(get(sample, "total_time"))
    events = Events(sample)
    _count(run, fields(get(sample, "model_usage")).values(), events.usages.values())
    talk = _Talk(run, sample, events.usages)
    messages = events.conversation(items(get(sample, "messages")))
    if not messages and isinstance(get(sample, "input"), str):
        run.say("user", talk.resolved(sample["input"]))
    run.take(messages, talk.hear, "message")
    for kind, count in events.others.items():
        run.notes.append(f"{count} x {kind}")
    return run


def _count(run: Run, usages: Iterable[Json], calls: Collection[Row]) -> None:
    """Sum up what the calls of the agent's model used; where the log does not have them, what all of the sample used, scorers too."""
    counted = calls or [made for spent in usages if (made := spent_by(spent)) is not None]
    for made in counted:
        for key in ("prompt_tokens", "completion_tokens"):
            if made[key] is not None:
                setattr(run.totals, key, (getattr(run.totals, key) or 0) + made[key])


def _claim(sample: Mapping[str, Json]) -> tuple[bool | None, str]:
    """What the scorers say, if they agree."""
    scores = dict(fields(get(sample, "scores"))) or ({"score": sample["score"]} if get(sample, "score") is not None else {})
    said = {name: _scored(get(score, "value")) for name, score in scores.items()}
    verdicts = set(said.values())
    return (verdicts.pop(), f"scores.{', '.join(said)}") if len(verdicts) == 1 and None not in verdicts else (None, "")


def _scored(value: Json) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _SCORES.get(value)
    return bool(value) if isinstance(value, int | float) and value in (0, 1) else None


class _Talk:
    """Messages in order."""

    def __init__(self, run: Run, sample: Mapping[str, Json], usages: Mapping[str, Row]) -> None:
        self.run = run
        self._usages = usages
        self._attachments = fields(get(sample, "attachments"))
        self._shown = [prose(get(m, "content")) for m in each(items(get(sample, "input"))) if get(m, "role") == "assistant"]
        """Answers that are part of the question: examples."""

    def resolved(self, text: str) -> str:
        """The text itself, where another part of the sample holds it."""
        if not text.startswith(_ATTACHED):
            return text
        return string(self._attachments.get(text.removeprefix(_ATTACHED), text))

    def hear(self, message: Json) -> str | None:
        """Take the next message.

        Raises:
            ValueError: its role is not known.
        """
        content = message.get("content")
        match message.get("role"):
            case "system" | "developer":
                self.run.say("system", self._text(content))
            case "user":
                self.run.say("user", self._text(content))
            case "assistant":
                self._speak(message, content)
            case "tool":
                self._answer(message, self._text(content))
            case role:
                raise ValueError(f"role {string(role)!r} is not known")
        return None

    def _text(self, content: Json) -> str:
        return "\n".join(self._part(part) for part in (content if is_array(content) else [content]))

    def _part(self, part: Json) -> str:
        text = part if isinstance(part, str) else get(part, "text")
        return self.resolved(text) if isinstance(text, str) else prose(part)

    def _speak(self, message: Mapping[str, Json], content: Json) -> None:
        parts = content if is_array(content) else [content]
        said = [part for part in parts if get(part, "type") not in ("reasoning", "tool_use")]
        thought = "\n".join(string(get(part, "reasoning")) for part in parts if get(part, "type") == "reasoning")
        row = self.run.turn(self._text(said), thought or prose(message.get("reasoning") or ""), self._usages.get(string(message.get("id"))))
        if message.get("source") == "input" or self._example(message, content):
            flag(row, "copied_context")
        for call in items(message.get("tool_calls")):
            self._call(row, call)
        for part in parts:
            if get(part, "type") == "tool_use":
                made = self.run.call(string(get(part, "name")), get(part, "arguments") or {}, string(get(part, "id")) or None, row)
                self.run.answer(prose(get(part, "result") or ""), made["tool_call_id"], error=string(get(part, "error")) or None)

    def _example(self, message: Mapping[str, Json], content: Json) -> bool:
        if self._shown and message.get("source") is None and prose(content) == self._shown[0]:
            self._shown.pop(0)
            return True
        return False

    def _call(self, row: Row, call: Json) -> None:
        function, given = get(call, "function"), get(call, "arguments")
        if is_object(function):
            given, function = function.get("arguments") if given is None else given, function.get("name")
        if is_object(given):
            given = {key: self.resolved(value) if isinstance(value, str) else value for key, value in given.items()}
        self.run.call(string(function), {} if given is None else given, string(get(call, "id")) or None, row)
        if get(call, "parse_error"):
            flag(row, "malformed")

    def _answer(self, message: Mapping[str, Json], text: str) -> None:
        error = message.get("error") or message.get("tool_error")
        why = string(get(error, "message") or get(error, "type") if is_object(error) else error) or None
        self.run.answer(
            text or why or "",
            string(message.get("tool_call_id")) or None,
            error=why,
            truncated=_CUT in text or get(error, "type") == "output_limit",
        )
