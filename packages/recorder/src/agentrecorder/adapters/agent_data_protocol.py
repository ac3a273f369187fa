"""Agent Data Protocol, the standard of 2025: items that are told apart by ``class_``."""

from collections.abc import Iterator, Mapping
from itertools import islice

from agentrecorder.adapters.adapter import Lost, claim, rows
from agentrecorder.adapters.atif import verdict
from agentrecorder.containers.json_values import Json, each, get, items, prose, string
from agentrecorder.containers.source import LogSource
from agentrecorder.run import Run

_SHELLS = ("bash", "sh", "shell", "zsh")
_VERDICTS = ("resolved", "target", "reward", "score")
_PATCHES = ("generated_patch", "model_patch", "git_patch", "patch")


class AgentDataProtocol:
    """A row is a run, and each action in it a turn: which of them were one answer of the model, the protocol does not keep."""

    name = "agent-data-protocol"
    priority = 100

    def version(self, source: LogSource) -> str | None:
        """``class_``: the key of the old standard."""
        if source.kind in ("document", "lines") and any(_is_row(row) for row in source.sample):
            return "class_"
        return None

    def runs(self, source: LogSource) -> Iterator[Run | Lost]:
        """A run for each row."""
        told = any(_environment(item) for row in source.sample for item in each(items(get(row, "content"))))
        return rows(source, lambda row, _: _read(row, told))


def _is_row(row: Json) -> bool:
    return any(isinstance(get(item, "class_"), str) for item in islice(each(items(get(row, "content"))), 4))


def _environment(item: Json) -> bool:
    return bool(get(item, "source") == "environment" and get(item, "name") != "system")


def _read(row: Json, told: bool) -> Run:
    if not _is_row(row):
        raise ValueError("the row has no items")
    details = get(row, "details")
    run = Run("agent-data-protocol", "class_")
    run.task_id = string(get(details, "instance_id") or get(row, "id")) or None
    run.model = string(get(details, "model_name") or get(details, "model")) or None
    run.exit = string(get(details, "exit_status"))
    run.feedback = string(get(details, "feedback") or get(details, "polarity"))
    run.final_diff = next((patch for key in _PATCHES if isinstance(patch := get(details, key), str)), "")
    claim(run, row, (("details", key) for key in _VERDICTS), verdict)
    talk = _Talk(run, told)
    run.take(items(get(row, "content")), talk.hear, "item")
    talk.settle()
    return run


class _Talk:
    """Items in order. There are no ids: as many calls as observations follow them get those, the last call the last one.

    ``told``: the file says which observations are the environment's; in one that never does, a user who follows a call is it.
    """

    def __init__(self, run: Run, told: bool) -> None:
        self.run = run
        self.told = told
        self._calls: list[str] = []
        self._seen: list[str] = []

    def hear(self, item: Json) -> None:
        """Take the next item.

        Raises:
            ValueError: its class is not known.
        """
        kind = string(item.get("class_")).replace("_", "").lower()
        match kind:
            case "apiaction":
                self._act(item, string(item.get("function")), _given(item))
            case "codeaction":
                language = string(item.get("language")) or "code"
                self._act(item, language, {"command" if language.lower() in _SHELLS else "code": string(item.get("content"))})
            case "messageaction":
                self._speak(item, string(item.get("content")))
            case "textobservation":
                self._observe(item, prose(item.get("content")))
            case "webobservation" | "imageobservation":
                self._see(prose(_first(item, "axtree", "html", "content", "url")))
            case _:
                raise ValueError(f"class {string(item.get('class_'))!r} is not known")

    def settle(self) -> None:
        """Give the observations since the last action to its calls."""
        if not self._seen:
            return
        free = self._calls[max(len(self._calls) - len(self._seen), 0) :]
        for number, text in enumerate(self._seen):
            self.run.answer(text, free[number] if number < len(free) else None)
        self._calls.clear()
        self._seen.clear()

    def _speak(self, item: Mapping[str, Json], text: str) -> None:
        self.settle()
        thought = string(item.get("description") or item.get("thoughts"))
        self.run.turn(f"{thought}\n\n{text}" if thought and text else thought or text)

    def _act(self, item: Mapping[str, Json], name: str, arguments: Json) -> None:
        self._speak(item, "")
        self._calls.append(str(self.run.call(name, arguments)["tool_call_id"]))

    def _observe(self, item: Mapping[str, Json], text: str) -> None:
        source = item.get("source")
        waits = len(self._calls) > len(self._seen)
        if _environment(item) or (source == "user" and waits and not self.told):
            self._see(text)
        else:
            self.settle()
            self._calls.clear()
            self.run.say("system" if source == "environment" else "user", text)

    def _see(self, text: str) -> None:
        if self._calls:
            self._seen.append(text)
        else:
            self.run.answer(text)


def _given(item: Mapping[str, Json]) -> Json:
    given = item.get("kwargs")
    return {} if given is None else given


def _first(item: Mapping[str, Json], *keys: str) -> Json:
    return next((item[key] for key in keys if item.get(key)), "")


ADAPTER = AgentDataProtocol()
