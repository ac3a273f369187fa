"""Conversations of Cline and its forks: ``api_conversation_history.json``, where results of tools come back as text of the user."""

import re
from collections.abc import Iterator, Mapping

from agentrecorder.adapters.adapter import Lost
from agentrecorder.adapters.shared import blocks, shell_text
from agentrecorder.adapters.shared.jsonl import cut
from agentrecorder.containers.json_values import Json, fields, get, is_array, is_object, items, number, prose, string
from agentrecorder.containers.source import LogSource, cut_of
from agentrecorder.run import Row, Run, flag, usage

_TOOLS = (
    "execute_command|read_file|write_to_file|replace_in_file|apply_diff|insert_content|search_and_replace|search_files|list_files"
    "|list_code_definition_names|browser_action|web_fetch|web_search|use_mcp_tool|access_mcp_resource|load_mcp_documentation"
    "|ask_followup_question|attempt_completion|plan_mode_respond|switch_mode|new_task|update_todo_list|fetch_instructions|codebase_search"
)
_CALL = re.compile(rf"<({_TOOLS})>(.*?)(?:</\1>|\Z)", re.DOTALL)
_PARAMETER = re.compile(r"<(\w+)>(.*?)(?:</\1>|\Z)", re.DOTALL)
_RESULT = re.compile(r"\[(\w+)(?: .*?)?\] Result:\s?", re.DOTALL)
_FAILED = re.compile(r"\s*(?:The tool execution failed|The user denied this operation|Error )")
_COMPLAINT = ("[ERROR] You did not use a tool", "[ERROR] You must use a tool")
_DETAILS = "<environment_details>"
_CONTEXT = ("# task_progress", "# TODO LIST", "[TASK RESUMPTION]")
_TASK = re.compile(r"\s*<task>\n?(.*?)\n?</task>\s*", re.DOTALL)


class Cline:
    """A list of messages: one run. ``ui_messages.json`` beside it is what was shown, and no trajectory."""

    name = "cline"
    priority = 170

    def version(self, source: LogSource) -> str | None:
        """``native`` where calls are blocks of their own, ``xml`` where they stand in the text."""
        if source.kind != "document":
            return None
        messages = [m for m in source.sample if get(m, "role") in ("user", "assistant")]
        if 2 * len(messages) < len(source.sample) or not any(_marked(m) for m in messages):
            return None
        native = any(get(b, "type") == "tool_use" for m in messages for b in items(get(m, "content")))
        return "native" if native else "xml"

    def runs(self, source: LogSource) -> Iterator[Run | Lost]:
        """The one run."""
        run = Run("cline", agent="cline")
        messages = _Messages(run)
        for item in source.items():
            run.take(items(item.value), messages.hear, "message")
            if item.problem:
                run.leave(item.where, cut_of(item.value) or item.problem)
                cut(run)
        if messages.details:
            run.notes.append(f"{messages.details} x environment_details, which the editor adds to what the user says, are left out")
        yield run


def _marked(message: Mapping[str, Json]) -> bool:
    if not is_array(get(message, "content")):
        return False
    if message["role"] == "assistant":
        return is_object(get(message, "modelInfo"))
    texts = [string(get(b, "text")) for b in message["content"] if get(b, "type") == "text"]
    return any(t.lstrip().startswith(("<task>", "<environment_details>")) or _RESULT.match(t[:400]) for t in texts)


class _Messages:
    """Messages in order."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.row: Row | None = None
        """The last turn."""
        self.open: list[Row] = []
        """Its calls that have no result yet."""
        self.details = 0
        """How often the editor said what is open in it."""

    def hear(self, message: Json) -> None:
        """Take the next message."""
        content = message.get("content")
        match message.get("role"):
            case "assistant":
                self._turn(message, content)
            case "user":
                self._user(content if is_array(content) else [content])
            case role:
                raise ValueError(f"role {string(role)!r} is not known")

    def _turn(self, message: Json, content: Json) -> None:
        row = self.row = self.run.turn(usage=_usage(message.get("metrics")))
        self.run.model = self.run.model or string(get(message, "modelInfo", "modelId")) or None
        blocks.speak(self.run, row, "" if content is None else content)
        if not row["tool_calls"]:
            for found in _CALL.finditer(row["message"]):
                self.run.call(found[1], {p[1]: p[2].strip("\n") for p in _PARAMETER.finditer(found[2])}, None, row)
            if row["tool_calls"]:
                row["message"] = _CALL.sub("", row["message"]).strip()
        self.open = [*row["tool_calls"]]

    def _user(self, content: list[Json]) -> None:
        waiting: Row | None = None
        for block in content:
            text = prose(block)
            header = _RESULT.match(text)
            if get(block, "type") == "tool_result":
                blocks.result(self.run, block)
            elif text.lstrip().startswith(_DETAILS):
                self.details += 1
            elif header:
                waiting = self._result(header[1], text[header.end() :])
            elif waiting is not None and not waiting["content"] and not text.lstrip().startswith(_CONTEXT):
                waiting["content"] = text  # the header is a block of its own
                waiting["error"] = _failure(text)
            else:
                self._say(text)

    def _result(self, tool: str, text: str) -> Row:
        call = next((c for c in self.open if c["raw_name"] == tool), None)
        if call is not None:
            self.open.remove(call)
        return shell_text.answer(self.run, text, call["tool_call_id"] if call else f"call of {tool}", _failure(text))

    def _say(self, text: str) -> None:
        if text.lstrip().startswith(_COMPLAINT) and self.row is not None:
            flag(self.row, "malformed")
        task = _TASK.fullmatch(text)
        self.run.say("user", task[1] if task else text, ("copied_context",) if text.lstrip().startswith(_CONTEXT) else ())


def _failure(text: str) -> str | None:
    return text.strip().split("\n", 1)[0] if _FAILED.match(text) else None


def _usage(metrics: Json) -> Row | None:
    told = fields(get(metrics, "tokens"))
    prompt, completion, cached = (blocks.count(told.get(key)) for key in ("prompt", "completion", "cached"))
    return usage(prompt, completion, cached, number(get(metrics, "cost")))


ADAPTER = Cline()
