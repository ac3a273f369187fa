"""OpenHands: rows of its evaluations, its resolver and its users' feedback, lists of events, and conversations of its SDK."""

from collections.abc import Iterator
from pathlib import Path

from agentrecorder.adapters.adapter import Lost, mend, rows
from agentrecorder.adapters.openhands import shapes
from agentrecorder.adapters.openhands.rows import counted, described, measured
from agentrecorder.adapters.openhands.v0 import V0Events
from agentrecorder.adapters.openhands.v1 import V1Events, is_tree
from agentrecorder.containers.json_values import Json, NotJson, each, get, is_array, is_object, items, loads, string
from agentrecorder.containers.source import LogSource, cut_of
from agentrecorder.run import Run, flag


class OpenHands:
    """A row is a run; so is a list, a file or a folder of events."""

    name = "openhands"
    priority = 70

    def version(self, source: LogSource) -> str | None:
        """``v0``, ``v0-pairs``, ``v0-flat``, ``v0-feedback``, ``v0-export``, ``v0-events``, ``v1``, ``v1-output`` or ``v1-events``."""
        return shapes.version(source)

    def runs(self, source: LogSource) -> Iterator[Run | Lost]:
        """A run for each row, or one of all events."""
        version = shapes.version(source)
        if source.kind == "folder":
            yield _conversation(source.path, version or "v1")
        elif version in ("v0-events", "v1-events"):
            yield _listed(source, version)
        else:
            yield from rows(source, _row)


def _row(row: Json, _: LogSource) -> Run:
    version = shapes.row_version(row)
    if version is None:
        raise ValueError("the row holds no run of OpenHands")
    run = described(row, version)
    usages = measured(get(row, "metrics"))
    history = items(get(row, "history")) or items(get(row, "trajectory"))
    if not history and get(row, "instruction"):
        run.say("user", string(row["instruction"]))
    if version == "v1-output":
        V1Events(run, usages).read(history)
    else:
        V0Events(run, usages).read(history)
    return run


def _listed(source: LogSource, version: str) -> Run:
    """All events of a file: an array, lines, or one."""
    run = Run("openhands", version)
    read = (V1Events if version == "v1-events" else V0Events)(run).read
    damaged = False

    def lines() -> Iterator[Json]:
        nonlocal damaged
        for where, value, problem, raw in source.items():
            damaged = bool(problem)
            if damaged:
                run.leave(where, problem, raw)
            elif is_array(value) and value:
                yield from each(value)
            else:
                yield value

    if source.kind == "document":
        item = next(source.items())
        read(item.value if is_array(item.value) else [item.value])
        if item.problem:
            mend(run, item.where, cut_of(item.value) or item.problem)
        return run
    read(list(lines()) if is_tree(source.sample) else lines())
    if damaged and run.steps:
        flag(run.steps[-1], "truncated")
    return run


def _conversation(folder: Path, version: str) -> Run:
    """A folder with a file for each event, with or without the state of the conversation above it."""
    run = Run("openhands", version)
    usages = {}
    base = folder / "base_state.json"
    if base.is_file():
        state = _loaded(run, base)
        if is_object(state):
            run.agent = string(get(state, "agent", "kind"))
            run.model = string(get(state, "agent", "llm", "model")) or None
            run.exit = string(get(state, "execution_status") or get(state, "agent_status"))
            usages = counted(run, get(state, "stats"))
        folder /= "events"
    numbered = sorted((int(found[1]), path) for path in folder.iterdir() if (found := shapes.EVENT_FILE.fullmatch(path.name)))
    missing = numbered[-1][0] + 1 - len(numbered) if numbered else 0
    if missing > 0:
        run.notes.append(f"{missing} numbers are missing among the files of events")
    values = (value for _, path in numbered if (value := _loaded(run, path)) is not None)
    (V0Events if version == "v0-events" else V1Events)(run, usages).read(list(values))
    return run


def _loaded(run: Run, path: Path) -> Json:
    try:
        return loads(path.read_bytes())
    except (OSError, NotJson) as problem:
        run.leave(path.name, f"cannot be read ({problem})")
        return None


ADAPTER = OpenHands()
