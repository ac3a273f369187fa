"""Messages of a SWE-agent run: what comes before the first answer, and each answer with what was said to it."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agentrecorder.adapters.shared.shell_text import is_cut
from agentrecorder.adapters.shared.text_calls import TextCall
from agentrecorder.adapters.swe_agent.commands import from_command, from_xml, in_text
from agentrecorder.containers.json_values import Json, each, get, is_object, items, prose, string
from agentrecorder.run import Row, Run, flag

_LABELS = ("OBSERVATION:\n", "Observation: ", "OBSERVATION: ")


@dataclass(slots=True)
class Answer:
    """An assistant message of the history and the messages after it."""

    message: Mapping[str, Json]
    replies: list[Mapping[str, Json]] = field(default_factory=list)

    @property
    def action(self) -> str | None:
        """``None`` in versions that keep no action in the history."""
        action = self.message.get("action")
        return action if isinstance(action, str) else None


def answers(history: Sequence[Json]) -> deque[Answer]:
    """The model's answers, demonstrations left out."""
    found: deque[Answer] = deque()
    for message in each(history):
        if not is_object(message) or message.get("is_demo") is True:
            continue
        if message.get("role") == "assistant":
            found.append(Answer(message))
        elif found:
            found[-1].replies.append(message)
    return found


class History:
    """Puts messages into a run: the prompts alone, or everything where the log has no steps."""

    def __init__(self, run: Run, prompts_only: bool) -> None:
        self._run = run
        self._prompts_only = prompts_only
        self._begun = False

    def message(self, message: Json) -> str | None:
        """A handler for :meth:`Run.take`."""
        role, text = string(message["role"]), prose(message.get("content"))
        if message.get("is_demo") is True:
            _demonstrate(self._run, role, text)
            return None
        if role == "assistant":
            self._begun = True
        if self._begun and self._prompts_only:
            return "history message that a step holds"
        if role == "assistant":
            turn(self._run, text, string(message.get("thought")), string(message.get("action")), message)
        elif self._begun:
            observe(self._run, message)
        else:
            self._run.say("system" if role == "system" else "user", text)
        return None


def _demonstrate(run: Run, role: str, text: str) -> None:
    if role == "assistant":
        run.turn(text, flags=("copied_context",))
    else:
        run.say("system" if role == "system" else "user", text, ("copied_context",))


def turn(run: Run, response: str, thought: str, action: str, message: Mapping[str, Json]) -> Row:
    """A turn and its calls: as the model made them, else as the harness understood them. Without any it is malformed."""
    row = run.turn(response or thought, _reasoning(message))
    calls = items(message.get("tool_calls"))
    for call in calls:
        given = get(call, "function", "arguments")
        call_id = get(call, "id")
        name = string(get(call, "function", "name"))
        run.call(name, {} if given is None or given == "" else given, call_id if isinstance(call_id, str) else None)
    if calls:
        return row
    if not action.strip():
        action_said = in_text(response) if "action" not in message else None
        if action_said is None:
            flag(row, "malformed")
            return row
        row["message"], made = action_said
    else:
        row["message"], made = _understood(response, thought, action)
    run.call(made.name, made.arguments)
    return row


def _understood(response: str, thought: str, action: str) -> tuple[str, TextCall]:
    said = from_xml(response)
    if said is not None:
        return said.message, said.call
    return thought if thought or not response else response, from_command(action)


def observe(run: Run, message: Mapping[str, Json]) -> None:
    """A reply of the environment, which says whom it answers where the model calls functions."""
    text = unlabelled(prose(message.get("content")))
    ids: list[str | None] = [i for i in items(message.get("tool_call_ids")) if isinstance(i, str)]
    last = run.steps[-1] if run.steps else None
    if last is not None and last["source"] == "agent" and not last["tool_calls"] and not ids:
        run.say("user", text)
        return
    for call_id in ids or [None]:
        run.answer(text, call_id, truncated=is_cut(text))


def unlabelled(text: str) -> str:
    """An observation without the word that the harness puts before it."""
    return next((text[len(label) :] for label in _LABELS if text.startswith(label)), text)


def _reasoning(message: Mapping[str, Json]) -> str | None:
    blocks = items(message.get("thinking_blocks"))
    return "\n".join(string(get(block, "thinking")) for block in blocks) or None
