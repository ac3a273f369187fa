"""Messages of mini-swe-agent. A user message may be the task, an observation, a complaint about the format, or the end of the run."""

import re
from collections.abc import Mapping, Sequence

from agentrecorder.containers.json_values import Json, fields, get, is_object, items, number, prose, string, whole
from agentrecorder.run import Row, Run, flag, usage

FENCES = ("mswea_bash_command", "bash")
_FINISHED = ("COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", "MINI_SWE_AGENT_FINAL_OUTPUT")
"""A command that prints one of these hands in what else it prints."""
_HANDS_IN = tuple(f"echo {word}" for word in _FINISHED)
_STATUS = re.compile(r"\s*(?:<exception>.*?</exception>\s*)?<returncode>\s*(-?\d+)", re.DOTALL)
_TIMED_OUT = "The last command <command>"
_PERSON = ("Interrupted by user", "Command not executed", "The user added a new task")
_COMPLAINT = "FormatError"
_PROMPT_AND_COMPLETION, _INPUT_AND_OUTPUT = ("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens")


def fence_of(messages: Sequence[Json]) -> str:
    """The language of the fence that the prompts ask for."""
    prompts = [prose(get(message, "content")) for message in messages[:2]]
    return next((fence for fence in FENCES if any(f"```{fence}" in text for text in prompts)), FENCES[1])


class Messages:
    """Puts the messages of one run into it. ``count`` is how many there are; :meth:`end` comes last."""

    def __init__(self, run: Run, fence: str, count: int, submission: Json) -> None:
        self._run = run
        self._command = re.compile(rf"```{fence}[ \t]*\n([^\n]*+(?:\n(?!```)[^\n]*+)*+)\n```")
        self._count = count
        self._number = 0
        self._ending = submission
        self._waiting = 0
        """Calls of the last turn that no message has answered."""
        self._served: set[str] = set()
        self.submission = ""
        """What the last message hands in."""

    def message(self, message: Json) -> str | None:
        """A handler for :meth:`Run.take`."""
        self._number += 1
        extra = fields(message.get("extra"))
        if message.get("type") == "function_call_output":
            self._answered(string(message.get("output")), message.get("call_id"), extra)
        elif message.get("object") == "response":
            self._response(message, extra)
        else:
            return self._chat(message, string(message["role"]), extra)
        return None

    def _chat(self, message: Mapping[str, Json], role: str, extra: Mapping[str, Json]) -> str | None:
        text = prose(message.get("content"))
        if role == "assistant":
            self._turn(text, message, extra)
        elif role == "exit" or (role == "user" and self._is_end(text)):
            self.submission = string(extra.get("submission")) or text
            self._run.exit = self._run.exit or string(extra.get("exit_status"))
            return "end of the run"
        elif role == "tool":
            self._answered(text, message.get("tool_call_id"), extra)
        elif role == "user" and _COMPLAINT in string(extra.get("interrupt_type")):
            self._complaint(text, extra)
        elif role == "user" and self._is_answer(text, extra):
            self._answered(text, None, extra)
        else:
            self._run.say("system" if role in ("system", "developer") else "user", text)
        return None

    def end(self) -> None:
        """After the last message."""
        served = sorted(self._served - {(self._run.model or "").rpartition("/")[2], self._run.model or ""})
        self._run.model = self._run.model or next(iter(served), None)
        if served and served != [self._run.model]:
            self._run.notes.append(f"the server calls the model {', '.join(served)}")

    def _turn(self, text: str, message: Mapping[str, Json], extra: Mapping[str, Json]) -> None:
        response = fields(extra.get("response"))
        reasoning = _reasoning(message) or (_reasoning(_answer(response)) if response else None)
        row = self._run.turn(text, reasoning, _usage(response, extra))
        self._serve(response)
        calls = items(message.get("tool_calls"))
        for call in calls:
            function = fields(get(call, "function"))
            self._call(function.get("name"), function.get("arguments"), get(call, "id"))
        if not calls:
            self._text_calls(row, text, extra)
        self._waiting = len(row["tool_calls"])

    def _text_calls(self, row: Row, text: str, extra: Mapping[str, Json]) -> None:
        found = list(self._command.finditer(text))
        actions = [a.get("command", a.get("action")) if is_object(a) else a for a in items(extra.get("actions"))]
        if not actions and len(found) == 1:
            actions = [found[0][1].strip()]
        for action in actions:
            self._call("bash", {"command": action}, None)
        if not actions:
            flag(row, "malformed")
        elif len(found) == 1:
            row["message"] = (text[: found[0].start()] + text[found[0].end() :]).strip()

    def _call(self, name: Json, arguments: Json, call_id: Json) -> None:
        made = self._run.call(string(name), {} if arguments is None else arguments, call_id if isinstance(call_id, str) else None)
        if any(word in made["arguments"] for word in _HANDS_IN):
            made["name"] = "submit"

    def _response(self, message: Mapping[str, Json], extra: Mapping[str, Json]) -> None:
        """An answer as the Responses API gives it: a list of items."""
        output = [fields(part) for part in items(message.get("output"))]
        said = [prose(part.get("content")) for part in output if part.get("type") == "message"]
        thoughts = [prose(part.get("summary")) for part in output if part.get("type") == "reasoning"]
        row = self._run.turn("\n".join(said), "\n".join(t for t in thoughts if t), _usage(message, extra))
        self._serve(message)
        for part in output:
            if part.get("type") == "function_call":
                self._call(part.get("name"), part.get("arguments"), part.get("call_id") or part.get("id"))
        if not row["tool_calls"]:
            flag(row, "malformed")
        self._waiting = len(row["tool_calls"])

    def _complaint(self, text: str, extra: Mapping[str, Json]) -> None:
        """An answer in a wrong format is kept beside the complaint, if at all, and not among the messages."""
        last = self._run.steps[-1] if self._run.steps else None
        if last is not None and last["source"] == "agent" and not last["observations"]:
            flag(last, "malformed")
        else:
            self._rejected(extra)
        self._waiting = 0
        self._run.say("user", text)

    def _rejected(self, extra: Mapping[str, Json]) -> None:
        response = fields(extra.get("response"))
        answer = _answer(response)
        if response.get("object") == "response":
            self._response(response, extra)
        elif answer:
            self._turn(prose(answer.get("content")), answer, extra)
        else:
            self._run.turn(string(extra.get("model_response")), usage=_usage(response, extra))
            if not extra.get("model_response"):
                self._run.notes.append(f"the answer before message {self._number} was rejected and is not in the log")
        flag(self._run.steps[-1], "malformed")

    def _serve(self, response: Mapping[str, Json]) -> None:
        served = response.get("model")
        if isinstance(served, str):
            self._served.add(served)

    def _is_end(self, text: str) -> bool:
        """In version 1 the last message is what the run hands in."""
        if self._number != self._count or not self._run.turns:
            return False
        if isinstance(self._ending, str) and text == self._ending:
            return True
        last = self._run.steps[-1]["tool_calls"]
        return bool(last) and any(word in last[-1]["arguments"] for word in _FINISHED) and not _STATUS.match(text)

    def _is_answer(self, text: str, extra: Mapping[str, Json]) -> bool:
        if "returncode" in extra or "raw_output" in extra:
            return True
        return self._waiting > 0 and not text.startswith(_PERSON) and "interrupt_type" not in extra

    def _answered(self, text: str, call_id: Json, extra: Mapping[str, Json]) -> None:
        failure = string(extra.get("exception_info")) or ("timed out" if text.startswith(_TIMED_OUT) else None)
        cut = "<elided_chars>" in text
        raw = extra.get("raw_output") if cut else None
        if self._waiting:
            self._waiting -= 1
        self._run.answer(
            text,
            call_id if isinstance(call_id, str) else None,
            exit_code=None if failure else _exit_code(text, extra),
            error=failure,
            truncated=cut,
            total_bytes=len(raw.encode("utf-8", "replace")) if isinstance(raw, str) else None,
        )


def _exit_code(text: str, extra: Mapping[str, Json]) -> int | None:
    if "returncode" in extra:
        return whole(extra["returncode"])
    status = _STATUS.match(text)
    return whole(status[1]) if status else None


def _answer(response: Mapping[str, Json]) -> Mapping[str, Json]:
    """The message in a response of the chat API."""
    choices = items(response.get("choices"))
    return fields(get(choices[0], "message")) if choices else {}


def _reasoning(message: Mapping[str, Json]) -> str | None:
    said = message.get("reasoning_content") or message.get("reasoning")
    return string(said) if said else None


def _usage(response: Mapping[str, Json], extra: Mapping[str, Json]) -> Row | None:
    """Tokens in the names of either API. Prompts include what was cached."""
    stated = fields(response.get("usage"))
    cost = number(extra.get("cost"))
    if not stated:
        return usage(cost=cost)
    sent, received = _PROMPT_AND_COMPLETION if "prompt_tokens" in stated else _INPUT_AND_OUTPUT
    cached = _count(get(stated.get(f"{sent}_details"), "cached_tokens"))
    return usage(_count(stated.get(sent)), _count(stated.get(received)), cached, number(stated.get("cost")) if cost is None else cost)


def _count(value: Json) -> int | None:
    """A number of tokens, which no honest log has below zero."""
    return value if type(value) is int and value >= 0 else None
