"""A run read from a log: rows in the shape of the contract, not yet records. Millions of steps are read this way."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from trajschema.tools import canonical_tool
from trajschema.trajectory import Flag, Trajectory, trajectory_id

from agentrecorder.containers.json_values import NotJson, dumps, each, is_object, loads, written
from agentrecorder.containers.lazy_json import LazyArray

Row = dict[str, Any]
"""A step, call or observation with the fields of :mod:`trajschema.trajectory`."""
RAW_CHARACTERS = 4000
"""Of what could not be read, so much is kept."""
_UNEXPECTED = (KeyError, IndexError, TypeError, AttributeError, ValueError, RecursionError, OverflowError, NotJson)
"""What code that reads a value of the wrong type runs into."""


@dataclass(slots=True)
class Left:
    """Something of a log that is in no step."""

    where: str
    reason: str
    raw: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}: {self.raw}" if self.raw else f"{self.where}: {self.reason}"


@dataclass(slots=True)
class Totals:
    """Sums of a run as its log states them; ``None`` where it does not."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    seconds: float | None = None


@dataclass(slots=True)
class Run:
    """One run of an agent. ``claimed`` is what the log or a file beside it says of the task being solved: never a verdict of ours."""

    format: str
    version: str = ""
    task_id: str | None = None
    agent: str = ""
    model: str | None = None
    final_diff: str = ""
    exit: str = ""
    """How the run ended, in the log's own word; empty if it does not say."""
    claimed: bool | None = None
    claimed_by: str = ""
    """Where ``claimed`` was found."""
    feedback: str = ""
    """What a person thought of the run, in the log's own word (``positive``): an opinion, no verdict."""
    chosen: bool = True
    """Of several attempts in one log, the one that was handed in: files beside the log speak of it and of no other."""
    totals: Totals = field(default_factory=Totals)
    steps: list[Row] = field(default_factory=list)
    taken: int = 0
    """Items of the log that went into steps."""
    aside: Counter[str] = field(default_factory=Counter)
    """Kind of item that is known and is no part of a run (a heartbeat, a copy of what stands elsewhere) → how many."""
    left: list[Left] = field(default_factory=list)
    """Items that could not be read."""
    notes: list[str] = field(default_factory=list)
    """What had to be put in place, such as an answer to a call that the log does not hold."""
    _calls: dict[str, tuple[Row, str]] = field(default_factory=dict)
    """Call id in the log → the step that made it, and the call's id in the run."""
    _ids: dict[str, int] = field(default_factory=dict)
    """Call id that is taken → the highest number behind it so far."""
    _open: list[Row] = field(default_factory=list)
    """Calls of the last agent turn that are not answered yet."""

    def take(self, items: Iterable[Any], handle: Callable[[Any], str | None], what: str = "item") -> None:
        """Give each of ``items`` to ``handle``, which adds to the run and returns ``None``, or the kind of an item that is no part of it.

        An item on which ``handle`` stumbles is kept in ``left``, and the next one is taken. So items in are items taken, aside or left.
        """
        taken = 0
        for number, item in enumerate(each(items) if type(items) is LazyArray else items, 1):
            try:
                if isinstance(item, Exception):
                    raise item
                kind = handle(item)
            except _UNEXPECTED as problem:
                self._stumbled(f"{what} {number}", item, problem)
                continue
            if kind is None:
                taken += 1
            else:
                self.aside[kind] += 1
        self.taken += taken

    def take_one(self, where: str, item: Any, handle: Callable[[Any], str | None]) -> None:
        """:meth:`take` for one item."""
        try:
            kind = handle(item)
        except _UNEXPECTED as problem:
            self._stumbled(where, item, problem)
            return
        if kind is None:
            self.taken += 1
        else:
            self.aside[kind] += 1

    def _stumbled(self, where: str, item: Any, problem: Exception) -> None:
        self.leave(where, f"cannot be read ({type(problem).__name__}: {problem})", "" if isinstance(item, Exception) else item)

    def leave(self, where: str, reason: str, raw: Any = "") -> None:
        """Keep what could not be read."""
        text = raw if isinstance(raw, str) else written(raw)
        self.left.append(Left(where, reason, text if len(text) <= RAW_CHARACTERS else f"{text[:RAW_CHARACTERS]}… ({len(text)} characters)"))

    def say(self, source: str, message: str, flags: tuple[Flag, ...] = ()) -> Row:
        """A step of the user or the system."""
        return self._step(source, message, None, None, flags)

    def turn(self, message: str = "", reasoning: str | None = None, usage: Row | None = None, flags: tuple[Flag, ...] = ()) -> Row:
        """A step of the agent. Its calls follow by :meth:`call`."""
        self._open = []
        return self._step("agent", message, reasoning or None, usage, flags)

    def call(self, raw_name: str, arguments: Any, call_id: str | None = None, step: Row | None = None) -> Row:
        """A call of the last step, or of ``step``. ``arguments``: an object, or the JSON text of one; else the turn is malformed.

        Without ``call_id`` the call gets one. An id that was used before gets a number behind it; answers go to its last use.
        """
        last = self.steps[-1]
        row = last if step is None else step
        text, good = _arguments(arguments)
        if not good:
            flag(row, "malformed")
        calls = row["tool_calls"]
        unique = given = call_id or f"call-{row['step_id']}-{len(calls) + 1}"
        if given in self._ids:
            unique = self._renamed(given)
            if call_id:
                self.notes.append(f"call id {given!r} is used again; the later call is {unique!r} here")
            self._calls[unique] = (row, unique)
        self._ids.setdefault(unique, 1)
        self._calls[given] = (row, unique)
        made = {"tool_call_id": unique, "name": canonical_tool(raw_name, text), "raw_name": raw_name, "arguments": text}
        calls.append(made)
        if row is last:
            self._open.append(made)
        return made

    def _renamed(self, given: str) -> str:
        """An id for a call whose own is taken."""
        unique, count = given, self._ids[given]
        while unique in self._ids:
            count += 1
            unique = f"{given}~{count}"
        self._ids[given] = count
        return unique

    def answer(
        self,
        content: str,
        call_id: str | None = None,
        *,
        exit_code: int | None = None,
        error: str | None = None,
        truncated: bool = False,
        total_bytes: int | None = None,
        seconds: float | None = None,
    ) -> Row:
        """What came back: for the call with that id, or without an id for the first open call of the last turn, or for the turn itself.

        An answer to a call that the log does not hold gets a synthetic step of its own, so that no other is credited with it.
        """
        made = {
            "tool_call_id": None,
            "content": content,
            "exit_code": exit_code,
            "error": error,
            "truncated": truncated,
            "total_bytes": total_bytes,
            "content_sha256": None,
            "seconds": seconds,
        }
        row = self.steps[-1] if self.steps else None
        if call_id is not None:
            row, unique = self._calls.get(call_id, (None, call_id))
            made["tool_call_id"] = unique
            if row is None:
                self.notes.append(f"an observation answers call {call_id!r}, which the log does not hold")
            elif self._open:
                self._open = [c for c in self._open if c["tool_call_id"] != unique]
        elif row is not None and row["source"] != "agent":
            row = None
        if call_id is None and self._open:
            made["tool_call_id"] = self._open.pop(0)["tool_call_id"]
        if row is None:
            row = self._step("system", "", None, None, ("synthetic",))
        row["observations"].append(made)
        return made

    def _step(self, source: str, message: str, reasoning: str | None, usage: Row | None, flags: tuple[Flag, ...]) -> Row:
        row = {
            "step_id": len(self.steps) + 1,
            "source": source,
            "message": message,
            "reasoning": reasoning,
            "tool_calls": [],
            "observations": [],
            "usage": usage,
            "flags": list(flags),
        }
        self.steps.append(row)
        return row

    @property
    def turns(self) -> int:
        """Turns of the agent, without those that repeat earlier ones and those that no model made."""
        return sum(s["source"] == "agent" and not {"copied_context", "synthetic"} & set(s["flags"]) for s in self.steps)

    @property
    def waits(self) -> bool:
        """Whether a call of the last turn has no answer yet."""
        return bool(self._open)

    @property
    def calls(self) -> int:
        """Tool calls."""
        return sum(len(s["tool_calls"]) for s in self.steps if "copied_context" not in s["flags"])

    @property
    def results(self) -> int:
        """Answers to calls that the log holds."""
        return sum(
            o["tool_call_id"] is not None
            for s in self.steps
            if s["source"] == "agent" and "copied_context" not in s["flags"]
            for o in s["observations"]
        )

    @property
    def malformed(self) -> int:
        """Turns that were not what the agent's harness asks for."""
        return sum("malformed" in s["flags"] for s in self.steps)

    @property
    def unread(self) -> tuple[str, ...]:
        """What is in no step, each with its reason."""
        aside = (f"{count} x {kind}" for kind, count in sorted(self.aside.items()))
        return (*map(str, self.left), *self.notes, *aside)

    def trajectory(self, sha256: str, index: int) -> Trajectory:
        """The record. ``index`` counts the runs of a source from 0.

        Raises:
            pydantic.ValidationError: a row is not what the contract says.
        """
        checked = Trajectory.model_validate(
            {
                "trajectory_id": "",
                "task_id": self.task_id,
                "agent": self.agent or self.format,
                "model": self.model,
                "source_format": self.format,
                "source_sha256": sha256,
                "steps": self.steps,
                "final_diff": self.final_diff,
                "unread": self.unread,
            }
        )
        return checked.model_copy(update={"trajectory_id": trajectory_id(f"{sha256}#{index}", checked.steps, checked.final_diff)})


def flag(row: Row, name: Flag) -> None:
    """Set a flag of a step."""
    if name not in row["flags"]:
        row["flags"].append(name)


def usage(
    prompt: int | None = None,
    completion: int | None = None,
    cached: int | None = None,
    cost: float | None = None,
    seconds: float | None = None,
) -> Row | None:
    """A step's usage; ``None`` if nothing is known. ``prompt`` includes ``cached``."""
    if prompt is None and completion is None and cached is None and cost is None and seconds is None:
        return None
    return {"prompt_tokens": prompt, "completion_tokens": completion, "cached_tokens": cached, "cost_usd": cost, "seconds": seconds}


def _arguments(given: Any) -> tuple[str, bool]:
    """The JSON text of an object, and whether that is what was given."""
    if isinstance(given, str):
        try:
            if type(loads(given)) is dict:
                return given, True
        except NotJson:
            pass
        return dumps({"unparsed": given}), False
    return (dumps(given), True) if is_object(given) else (dumps({"unparsed": given}), False)
