"""What an adapter is: it knows its format by content, and reads runs out of a source."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from trajschema.diffs import read_diff

from agentrecorder.containers.json_values import Json, each, get, is_array, number
from agentrecorder.containers.source import Item, LogSource, cut_of
from agentrecorder.run import Run


@dataclass(frozen=True, slots=True)
class Lost:
    """An item of a source that became no run."""

    where: str
    reason: str
    raw: str = ""


class Adapter(Protocol):
    """One log format in all its versions. Holds no state. A plug-in offers one by the entry point group ``agentrecorder.adapters``."""

    @property
    def name(self) -> str:
        """Of the format, as ``swe-agent``."""

    def version(self, source: LogSource) -> str | None:
        """Which version of the format ``source`` is in, empty if it has none; ``None`` if it is another format.

        Looks at ``source.kind``, ``source.sample`` and, for a folder, ``source.names``: never at a file's ending alone. Quick, and
        raises for nothing that a file may hold.
        """

    def runs(self, source: LogSource) -> Iterator[Run | Lost]:
        """The runs in a source that :meth:`version` knows. Each item is in a run, aside, left (see :class:`Run`) or lost."""


class BuiltInAdapter(Adapter, Protocol):
    """An adapter of this package."""

    @property
    def priority(self) -> int:
        """Who is asked first, lowest first: formats that name themselves come before those that are told by their shape."""


def rows(source: LogSource, read: Callable[[Json, LogSource], Run]) -> Iterator[Run | Lost]:
    """A run for each JSON object of ``source``, which is one, an array of them, or lines of them.

    An object that ``read`` stumbles on is lost, with the reason, and the next one is read.
    """
    for item in source.items():
        yield from runs_of(item, source, read)


def runs_of(item: Item, source: LogSource, read: Callable[[Json, LogSource], Run]) -> Iterator[Run | Lost]:
    """:func:`rows` for one item."""
    if item.value is None:
        yield Lost(item.where, item.problem, item.raw)
    elif is_array(item.value):
        for number, value in enumerate(each(item.value), 1):
            yield row(Item(f"{item.where}, element {number}", value), source, read)
        if cut_of(item.value) or not item.value:
            yield Lost(item.where, cut_of(item.value) or "an empty array")
    else:
        yield row(item, source, read)


def row(item: Item, source: LogSource, read: Callable[[Json, LogSource], Run]) -> Run | Lost:
    """The run of one item; lost, with the reason, if ``read`` stumbles on it."""
    try:
        if isinstance(item.value, Exception):
            raise item.value
        run = read(item.value, source)
    except Exception as problem:  # one bad row, or a fault of the adapter, must not cost the others
        return Lost(item.where, f"cannot be read ({type(problem).__name__}: {problem})")
    if damage := cut_of(item.value) or item.problem:
        mend(run, item.where, damage)
    return run


def mend(run: Run, where: str, problem: str) -> None:
    """Say of a run that its log is cut off or damaged: in ``left``, and on its last step."""
    run.leave(where, problem)
    if run.steps and "truncated" not in run.steps[-1]["flags"]:
        run.steps[-1]["flags"].append("truncated")


def claim(run: Run, row: Json, paths: Iterable[tuple[str, ...]], says: Callable[[Json], bool | None]) -> None:
    """Take over the first claim below ``paths`` that the task was solved, or was not, as ``says`` understands the values there."""
    for path in paths:
        solved = says(get(row, *path))
        if run.claimed is None and solved is not None:
            run.claimed, run.claimed_by = solved, ".".join(path)


def full(reward: Json) -> bool | None:
    """Whether a reward is the full one; ``None`` for what is no number."""
    value = number(reward)
    return None if value is None else value >= 1


def submit(run: Run, handed_in: Json) -> None:
    """Keep what a run handed in: as its diff, or, if it is another text, say so."""
    text = handed_in if isinstance(handed_in, str) else ""
    if read_diff(text):
        run.final_diff = text
    elif text.strip():
        run.notes.append(f"what was handed in is no diff: {text.strip()[:400]}")
