"""Chat messages to steps: whose turn it is, which texts are calls, and which are answers to them."""

import re

from trajschema.trajectory import Flag

from agentrecorder.adapters.shared import blocks, shell_text
from agentrecorder.adapters.shared.text_calls import TextCall, json_call, split, split_thought
from agentrecorder.containers.json_values import Json, get, is_array, items, prose, string
from agentrecorder.run import Row, Run, flag

_OBSERVED = re.compile(r"\s*(?:OBSERVATION:|Observation:|EXECUTION RESULT of \[|<returncode>|<tool_response>|The output of the OS:)")
_COMPLAINTS = (
    "Please always provide EXACTLY ONE action",
    "output was not formatted correctly",
    "did not use any tool calls",
    "included multiple tool calls",
    "No tool call found",
    "No tool calls found",
    "tool call validation failed",
    "Function call validation failed",
    "issing required parameters for function",
)
"""How a harness says that an answer was not in the form that it asks for."""


class ChatParser:
    """Messages in order. Whether a text is a call shows only in what follows it, so the last answer waits for that.

    ``tools``: names that the agent may call; empty if the log does not say.
    """

    def __init__(self, run: Run, tools: frozenset[str]) -> None:
        self.run = run
        self.tools = tools
        self._turn: Row | None = None
        """The agent's turn, until something else is said."""
        self._unread = False
        """Its text may hold calls."""
        self._in_text = False
        """Its calls were found in its text, and answers have no role of their own: the user's next message is one."""

    def hear(self, message: Json) -> None:
        """Take the next message.

        Raises:
            ValueError: its role is not known.
        """
        role = get(message, "role") or get(message, "from")
        content = message.get("content") if "content" in message else message.get("value")
        flags: tuple[Flag, ...] = ("copied_context",) if message.get("is_demo") is True else ()
        match role:
            case "system" | "developer":
                self.settle()
                self.run.say("system", prose(content), flags)
            case "user" | "human":
                self._user(content, flags)
            case "assistant" | "gpt" | "ai" | "model" | "function_call":
                self._agent(content, message, flags)
                if role == "function_call":
                    self._find(acted=True, certain=True)
            case "tool" | "function" | "observation" | "ipython" | "environment":
                self.settle("OBSERVATION:")
                shell_text.answer(self.run, prose(content), _call_id(message))
            case _:
                raise ValueError(f"role {string(role)!r} is not known")

    def settle(self, following: str = "") -> bool:
        """Find the calls in the text of the last turn, now that it is known what follows. Whether that is their answer."""
        row, self._turn = self._turn, None
        observed = bool(following and _OBSERVED.match(following))
        if row is not None and following and not observed and _complains(following[:600]):
            flag(row, "malformed")
            return False
        if row is not None and self._unread:
            self._turn = row
            self._find(acted=observed)
            self._turn = None
        return observed or (row is not None and self._in_text and self.run.waits)

    def _user(self, content: Json, flags: tuple[Flag, ...]) -> None:
        if is_array(content) and any(get(block, "type") == "tool_result" for block in content):
            self.settle()
            said = blocks.hear(self.run, content)
            if said:
                self.run.say("user", said, flags)
            return
        text = prose(content)
        if self.settle(text):
            shell_text.answer(self.run, text)
        else:
            self.run.say("user", text, flags)

    def _agent(self, content: Json, message: Json, flags: tuple[Flag, ...]) -> None:
        calls, legacy = items(message.get("tool_calls")), message.get("function_call")
        old = legacy is not None and bool(get(legacy, "name"))
        if old:
            calls = [*calls, {"function": legacy}]
        row = self._turn
        if row is None or content or not (old and row["tool_calls"]):  # else one answer: a message for each of its calls
            self.settle()
            row = self.run.turn("", _reasoning(message), flags=flags)
        blocks.speak(self.run, row, "" if content is None else content)
        thought, row["message"] = split_thought(row["message"])
        row["reasoning"] = row["reasoning"] or thought
        for call in calls:
            function = get(call, "function")
            name = string(get(function, "name") or get(call, "name") or (function if isinstance(function, str) else None))
            given = get(call, "arguments") if get(function, "arguments") is None else get(function, "arguments")
            self._call(row, TextCall(name, {} if given in (None, "") else given), string(get(call, "id")) or None)
        self._turn, self._unread, self._in_text = row, not row["tool_calls"], False

    def _find(self, acted: bool, certain: bool = False) -> None:
        """Read the calls out of the turn's text. ``certain``: there is one, or the turn is malformed."""
        row = self._turn
        if row is None or not self._unread:
            return
        alone = json_call(row["message"]) if certain else None
        row["message"], found = ("", [alone]) if alone else split(row["message"], acted)
        for call in found:
            self._call(row, call, None)
        if certain and not found:
            flag(row, "malformed")
        self._unread, self._in_text = False, bool(found) and not certain

    def _call(self, row: Row, call: TextCall, call_id: str | None) -> None:
        self.run.call(call.name, call.arguments, call_id, row)
        if self.tools and call.name not in self.tools:
            flag(row, "malformed")


def _complains(text: str) -> bool:
    return any(complaint in text for complaint in _COMPLAINTS)


def _reasoning(message: Json) -> str | None:
    for key in ("reasoning_content", "reasoning", "thinking"):
        if isinstance(message.get(key), str) and message[key]:
            return str(message[key])
    return None


def _call_id(message: Json) -> str | None:
    several = items(message.get("tool_call_ids"))
    return string(message.get("tool_call_id") or (several[0] if several else None)) or None
