"""Logs of Inspect AI: a ``.eval`` archive or a JSON document."""

from collections.abc import Iterator, Mapping
from itertools import chain

from agentrecorder.adapters.adapter import Lost, mend
from agentrecorder.adapters.inspect.sample import read_sample
from agentrecorder.containers.archive import Entry, NotUnpacked
from agentrecorder.containers.json_values import Json, NotJson, fields, get, is_object, items, read, recovered, string
from agentrecorder.containers.source import LogSource, cut_of
from agentrecorder.run import Run

_HEADERS = ("header.json", "_journal/start.json")
"""The second is all there is of an evaluation that was not brought to its end."""


class InspectAI:
    """A sample is a run; one that is repeated is a run for each epoch. A log that keeps no samples holds none."""

    name = "inspect"
    priority = 110

    def version(self, source: LogSource) -> str | None:
        """The log's own ``version``."""
        if source.kind == "archive":
            header = _header(source.entries)
        elif source.kind == "document" and source.sample:
            header = fields(source.sample[0])
        else:
            return None
        known = is_object(get(header, "eval")) and ("task" in header["eval"] or "model" in header["eval"])
        return string(get(header, "version")) if known and ("status" in header or "plan" in header) else None

    def runs(self, source: LogSource) -> Iterator[Run | Lost]:
        """A run for each sample."""
        if source.kind == "archive":
            header = _header(source.entries)
            for entry in source.entries:
                if entry.name.startswith("samples/") and entry.name.endswith(".json"):
                    yield _packed(entry, header)
            return
        for item in source.items():
            damaged = False
            samples = items(get(item.value, "samples"))
            for number in range(len(samples)):
                where = f"sample {number + 1}"
                try:
                    sample = samples[number]
                    run: Run | Lost = _run(sample, item.value, where)
                except Exception as problem:  # one bad sample must not cost the others
                    run = Lost(where, f"cannot be read ({type(problem).__name__}: {problem})")
                damaged = damaged or isinstance(run, Lost) or bool(run.left)
                yield run
            if item.problem and not damaged:
                yield Lost(item.where, item.problem, item.raw)


def _header(found: list[Entry]) -> Mapping[str, Json]:
    named = {entry.name: entry for entry in found}
    for name in _HEADERS:
        if name in named:
            try:
                return fields(_value(named[name])[0])
            except (NotUnpacked, NotJson):
                continue
    return {}


def _packed(entry: Entry, header: Mapping[str, Json]) -> Run | Lost:
    try:
        sample, problem = _value(entry)
        run = _run(sample, header, entry.name)
    except Exception as reason:  # one bad entry must not cost the others
        return Lost(entry.name, f"cannot be read ({type(reason).__name__}: {reason})")
    if problem and not run.left:
        mend(run, entry.name, problem)
    return run


def _value(entry: Entry) -> tuple[Json, str]:
    """The JSON value of an entry, and what is wrong with it."""
    data = memoryview(entry.unpack())
    try:
        return read(data), ""
    except NotJson as problem:
        return recovered(data), str(problem)


def _run(sample: Json, header: Json, where: str) -> Run:
    if not is_object(sample):
        raise ValueError("a sample is an object")
    run = read_sample(sample, fields(header))
    for part in chain([sample], (sample[key] for key in ("messages", "events") if key in sample)):
        if cut_of(part):
            mend(run, where, cut_of(part))
            break
    return run


ADAPTER = InspectAI()
