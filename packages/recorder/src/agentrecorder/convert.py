"""Any log to runs: find the adapter by content, read, and join what files beside the log say of the outcome."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from agentrecorder.adapters import adapters
from agentrecorder.adapters.adapter import Adapter, Lost
from agentrecorder.containers.json_values import NotJson
from agentrecorder.containers.source import LogSource
from agentrecorder.errors import RecorderError, UnknownFormat
from agentrecorder.outcomes.claims import Outcomes, outcome_file
from agentrecorder.run import Run


@dataclass(frozen=True, slots=True)
class Converted:
    """A run, and where it comes from."""

    path: Path
    sha256: str
    index: int
    """From 0, among the runs of the source."""
    run: Run


@dataclass(frozen=True, slots=True)
class ConversionFailure:
    """What became no run: an item, or a whole file."""

    path: Path
    where: str
    reason: str
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file of a folder that is no log."""

    path: Path
    reason: str


def detect(source: LogSource) -> tuple[Adapter, str] | None:
    """The adapter that knows the format of ``source``, and which version it is in."""
    for adapter in adapters():
        try:
            version = adapter.version(source)
        except NotJson:  # what it looked at is damaged
            continue
        if version is not None:
            return adapter, version
    return None


def why_unknown(source: LogSource) -> str:
    """Why no adapter takes a file."""
    if source.kind != "other":
        return "no adapter knows what this holds"
    return "this is neither JSON nor a ZIP archive" if len(source.data) else "the file is empty"


def convert(path: Path, outcomes: Path | None = None) -> Iterator[Converted | ConversionFailure | Skipped]:
    """Everything in a file or folder. What cannot be read is a :class:`ConversionFailure`, and the rest goes on; a file that is no log
    but says what became of runs is :class:`Skipped`.

    ``outcomes`` is a file or folder that says what became of the runs, looked at before what lies beside each log.

    Raises:
        NotReadable: ``path`` itself cannot be opened.
        UnknownFormat: ``path`` is a file, and no adapter knows what it holds.
    """
    yield from _convert(path, outcomes, alone=path.is_file())


def _convert(path: Path, outcomes: Path | None, alone: bool) -> Iterator[Converted | ConversionFailure | Skipped]:
    with LogSource(path) as source:
        known = detect(source)
        if known is not None:
            yield from _read(source, *known, outcomes, alone)
            return
        if source.kind != "folder":
            if outcome_file(path):
                yield Skipped(path, "an outcome file")
                return
            raise UnknownFormat(path, why_unknown(source))
    for inner in sorted(path.iterdir()):
        try:
            yield from _convert(inner, outcomes, alone=False)
        except UnknownFormat as unknown:
            yield Skipped(inner, str(unknown))
        except RecorderError as error:
            yield ConversionFailure(inner, "file", str(error))


def _read(source: LogSource, adapter: Adapter, version: str, outcomes: Path | None, alone: bool) -> Iterator[Converted | ConversionFailure]:
    index = 0
    beside = Outcomes(source.path.absolute(), outcomes and outcomes.absolute(), alone)
    try:
        for found in adapter.runs(source):
            if isinstance(found, Lost):
                yield ConversionFailure(source.path, found.where, found.reason, found.raw)
                continue
            found.version = found.version or version
            with suppress(OSError):
                beside.claim(found)
            yield Converted(source.path, source.sha256, index, found)
            index += 1
    except Exception as problem:  # a fault of an adapter costs its file, and is said
        yield ConversionFailure(source.path, "file", f"the {adapter.name} adapter failed ({type(problem).__name__}: {problem})")
