"""Items of OpenAI's Responses API to steps: messages, reasoning, calls and their outputs."""

from collections.abc import Mapping

from agentrecorder.adapters.shared import shell_text
from agentrecorder.containers.json_values import Json, NotJson, get, is_object, items, loads, number, prose, string, whole
from agentrecorder.run import Row, Run


class Items:
    """Items in order. One answer of the model is what it gives between two things that it is given."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.turn: Row | None = None
        """The agent's turn, until it is given something."""

    def hear(self, item: Json) -> str | None:
        """Take the next item. The kind of one that is no part of a run.

        Raises:
            ValueError: its type is not known.
        """
        kind = get(item, "type") or ("message" if get(item, "role") else None)
        match kind:
            case "message":
                self._message(string(item.get("role")), prose(item.get("content")))
            case "reasoning":
                self._think(item)
            case "function_call" | "custom_tool_call":
                given = item.get("arguments") if kind == "function_call" else {"input": item.get("input")}
                self._call(string(item.get("name")), {} if given in (None, "") else given, _call_id(item))
            case str() if kind.endswith("_output"):
                self._answer(item.get("output") if "output" in item else item.get("content"), _call_id(item))
            case str() if kind.endswith("_call"):
                self._hosted(kind.removesuffix("_call"), item)
            case "ghost_snapshot" | "compaction" | "compaction_summary" | "item_reference":
                return string(kind)
            case _:
                raise ValueError(f"type {string(kind)!r} is not known")
        return None

    def speak(self) -> Row:
        """The agent's turn, begun if need be."""
        if self.turn is None:
            self.turn = self.run.turn()
        return self.turn

    def _message(self, role: str, text: str) -> None:
        if role == "assistant":
            row = self.speak()
            row["message"] = f"{row['message']}\n{text}" if row["message"] else text
            return
        self.turn = None
        self.run.say("user" if role == "user" else "system", text)

    def _think(self, item: Json) -> None:
        parts = [prose(part) for key in ("summary", "content") for part in items(item.get(key))]
        text = parts[0] if len(parts) == 1 else "\n".join(dict.fromkeys(filter(None, parts)))
        row = self.speak()
        row["reasoning"] = "\n".join(filter(None, (row["reasoning"], text))) or None

    def _call(self, name: str, arguments: Json, call_id: str | None) -> str:
        return str(self.run.call(name, arguments, call_id, self.speak())["tool_call_id"])

    def _hosted(self, name: str, item: Json) -> None:
        """A call of a tool that runs at the provider: its output stands in the item, if anywhere."""
        given: Json = next((item[key] for key in ("arguments", "action", "queries", "code", "input") if item.get(key)), {})
        made = self._call(
            string(item.get("name")) or name,
            given if is_object(given) or (isinstance(given, str) and "arguments" in item) else {"input": given},
            _call_id(item) or string(item.get("id")) or None,
        )
        found = next((item[key] for key in ("output", "outputs", "results", "error") if item.get(key)), None)
        if found is not None:
            shell_text.answer(self.run, prose(found), made, string(item.get("error")) or None)

    def _answer(self, output: Json, call_id: str | None) -> None:
        self.turn = None
        said = _unwrapped(output)
        if said is None:
            failed = get(output, "success") is False
            text = prose(output)
            shell_text.answer(self.run, text, call_id, (text.split("\n", 1)[0] or "failed") if failed else None)
            return
        made = self.run.answer(prose(said.get("output")), call_id)
        made["exit_code"] = whole(get(said, "metadata", "exit_code"))
        made["seconds"] = number(get(said, "metadata", "duration_seconds"))


def _unwrapped(output: Json) -> Mapping[str, Json] | None:
    """The object in a text such as ``{"output": "...", "metadata": {"exit_code": 0}}``."""
    if not (isinstance(output, str) and output.startswith("{") and output[1:40].lstrip().startswith(('"output"', '"metadata"'))):
        return None
    try:
        value = loads(output)
    except NotJson:
        return None
    return value if is_object(value) and "output" in value and value.keys() <= {"output", "metadata"} else None


def _call_id(item: Json) -> str | None:
    return string(item.get("call_id") or item.get("tool_call_id")) or None
