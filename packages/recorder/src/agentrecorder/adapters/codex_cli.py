"""Rollouts of Codex CLI: items of the Responses API in lines, with events that say the same again."""

from collections.abc import Iterator, Mapping

from agentrecorder.adapters.adapter import Lost
from agentrecorder.adapters.shared.jsonl import lines
from agentrecorder.adapters.shared.response_items import Items
from agentrecorder.containers.json_values import Json, fields, get, is_object, prose, string, whole
from agentrecorder.containers.source import LogSource
from agentrecorder.run import Run, usage

_TYPES = ("session_meta", "response_item", "event_msg", "turn_context", "compacted")
_BARE = ("message", "reasoning", "function_call", "function_call_output", "local_shell_call")
_INJECTED = (
    "<environment_context>",
    "<user_instructions>",
    "<INSTRUCTIONS>",
    "# AGENTS.md instructions",
    "<permissions instructions>",
    "<turn_aborted>",
    "<user_shell_command>",
    "<skill>",
    "<subagent_notification>",
    "<collaboration_mode>",
)
_REQUEST = "## My request for Codex:"
_ENDS = ("task_complete", "turn_aborted")


class Codex:
    """Rollout files: one run each. The old form has bare items after a first line without a type."""

    name = "codex-cli"
    priority = 150

    def version(self, source: LogSource) -> str | None:
        """Of the program; ``bare`` for the old form."""
        if source.kind != "lines":
            return None
        sample = [line for line in source.sample if is_object(line)]
        wrapped = [line for line in sample if line.get("type") in _TYPES and is_object(line.get("payload"))]
        if wrapped:
            return next((string(v) for line in wrapped if (v := get(line, "payload", "cli_version"))), "")
        head = sample[0] if sample else {}
        meta = "type" not in head and {"id", "timestamp"} <= head.keys() and ("instructions" in head or "git" in head)
        state = any(line.get("record_type") == "state" for line in sample)
        return "bare" if (meta or state) and any(line.get("type") in _BARE for line in sample) else None

    def runs(self, source: LogSource) -> Iterator[Run | Lost]:
        """The one run."""
        run = Run("codex-cli", agent="codex-cli")
        lines(run, source, _Rollout(run).hear)
        yield run


class _Rollout:
    """Lines in order."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.items = Items(run)
        self.counted: Json = None
        """The last sum of tokens: it is told twice for each answer."""

    def hear(self, line: Json) -> str | None:
        """Take the next line. The kind of one that is no part of a run."""
        kind = line.get("type")
        if kind not in _TYPES:
            return self._bare(line, kind)
        payload = fields(line.get("payload"))
        match kind:
            case "response_item":
                return self._item(payload)
            case "compacted":
                self.items.turn = None
                self.run.say("user", prose(payload.get("message")), ("copied_context",))
                return None
            case "turn_context":
                self._model(payload.get("model"))
            case "event_msg":
                return self._event(payload)
        return string(kind)

    def _bare(self, line: Json, kind: Json) -> str | None:
        if line.get("record_type") == "state":
            return "state"
        return "session_meta" if kind is None and "role" not in line and "id" in line else self._item(line)

    def _item(self, item: Json) -> str | None:
        if item.get("role") == "user" and item.get("type", "message") == "message":
            self.items.turn = None
            self._user(prose(item.get("content")))
            return None
        return self.items.hear(item)

    def _user(self, text: str) -> None:
        context, mark, request = text.partition(_REQUEST)
        if mark:
            if context.strip():
                self.run.say("user", context, ("copied_context",))
            self.run.say("user", request.strip())
        else:
            self.run.say("user", text, ("copied_context",) if text.lstrip().startswith(_INJECTED) else ())

    def _event(self, event: Mapping[str, Json]) -> str:
        kind = string(event.get("type"))
        if kind == "token_count":
            self._count(fields(event.get("info")))
        elif kind in _ENDS:
            self.run.exit = ": ".join(filter(None, (kind, string(event.get("reason")))))
        return f"event {kind}"

    def _count(self, info: Mapping[str, Json]) -> None:
        total, last = info.get("total_token_usage"), fields(info.get("last_token_usage"))
        if total is not None:
            if total == self.counted:
                return
            self.counted = total
            self.run.totals.prompt_tokens = whole(get(total, "input_tokens"))
            self.run.totals.completion_tokens = whole(get(total, "output_tokens"))
        row = next((step for step in reversed(self.run.steps) if step["source"] == "agent"), None)
        if row is not None and row["usage"] is None:
            counts = (whole(last.get(key)) for key in ("input_tokens", "output_tokens", "cached_input_tokens"))
            row["usage"] = usage(*(count if count is not None and count >= 0 else None for count in counts))

    def _model(self, name: Json) -> None:
        if not isinstance(name, str) or not name or name == self.run.model:
            return
        if self.run.model is None:
            self.run.model = name
        elif f"the model changes to {name!r}" not in self.run.notes:
            self.run.notes.append(f"the model changes to {name!r}")


ADAPTER = Codex()
