"""Parts of one message of OpenCode to steps: text, reasoning, tools with their state, and where an answer of the model ends."""

from collections.abc import Mapping

from agentrecorder.adapters.shared import shell_text
from agentrecorder.containers.json_values import Json, get, number, prose, string, whole
from agentrecorder.run import Row, Run, usage


class Parts:
    """Parts of the message that ``info`` describes, in order. Each stretch between step-start and step-finish is a turn."""

    def __init__(self, run: Run, info: Mapping[str, Json]) -> None:
        self.run = run
        self.user = info.get("role") == "user"
        self.summary = info.get("summary") is True
        self.turn: Row | None = None
        if not self.user:
            run.model = run.model or string(info.get("modelID") or get(info, "model", "modelID")) or None
            run.exit = string(get(info, "error", "name")) or string(info.get("finish"))

    def hear(self, part: Json) -> str | None:
        """Take the next part. The kind of one that is no part of a run."""
        kind = string(part.get("type"))
        match kind:
            case "text" if self.user:
                injected = part.get("synthetic") is True or part.get("ignored") is True
                self.run.say("user", prose(part.get("text")), ("copied_context",) if injected else ())
            case "text":
                row = self._speak()
                row["message"] = "\n".join(filter(None, (row["message"], prose(part.get("text")))))
            case "reasoning":
                row = self._speak()
                row["reasoning"] = "\n".join(filter(None, (row["reasoning"], prose(part.get("text"))))) or None
            case "tool":
                self._tool(part)
            case "step-start":
                self.turn = None
                self._speak()
                return kind
            case "step-finish":
                self._speak()["usage"] = _tokens(part)
                self.turn = None
                return kind
            case _:
                return kind or "no type"
        return None

    def _speak(self) -> Row:
        if self.turn is None:
            self.turn = self.run.turn(flags=("copied_context",) if self.summary else ())
        return self.turn

    def _tool(self, part: Json) -> None:
        state = part.get("state")
        given = get(state, "input")
        made = self.run.call(string(part.get("tool")), {} if given is None else given, string(part.get("callID")) or None, self._speak())
        status, output, failure = get(state, "status"), get(state, "output"), get(state, "error")
        if status == "error" or output is not None:
            text = prose(failure if output is None else output)
            why = string(failure) or "error" if status == "error" else None
            answer = shell_text.answer(self.run, text, made["tool_call_id"], why)
            answer["exit_code"] = whole(get(state, "metadata", "exit")) if answer["exit_code"] is None else answer["exit_code"]
            answer["truncated"] = answer["truncated"] or get(state, "metadata", "truncated") is True
            answer["seconds"] = _seconds(get(state, "time", "start"), get(state, "time", "end"))


def _seconds(start: Json, end: Json) -> float | None:
    begun, ended = number(start), number(end)
    return (ended - begun) / 1000 if begun is not None and ended is not None and ended >= begun else None


def _tokens(part: Json) -> Row | None:
    """Usage of a step; nothing if all is nought, as where the provider does not count."""
    sent, read, written = (whole(get(part, "tokens", *path)) or 0 for path in (("input",), ("cache", "read"), ("cache", "write")))
    received, cost = whole(get(part, "tokens", "output")) or 0, number(part.get("cost"))
    if not (sent or read or written or received or cost):
        return None
    return usage(max(sent, 0) + max(read, 0) + max(written, 0), max(received, 0), max(read, 0), cost)
