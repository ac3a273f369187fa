"""``agentrecorder detect``: which format is it?"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agentrecorder.cli.reading import ALL_READ, FAILED
from agentrecorder.containers.source import LogSource
from agentrecorder.convert import detect as detected
from agentrecorder.convert import why_unknown
from agentrecorder.errors import RecorderError
from agentrecorder.outcomes.claims import outcome_file


@dataclass(frozen=True)
class Detected:
    """What a file or folder is taken for. Without a ``format``, ``why`` it is not known."""

    path: Path
    kind: str
    format: str = ""
    version: str = ""
    why: str = ""


def detect(paths: list[Path]) -> int:
    """Print what each path is. Returns 0 if all named files are known, else 1."""
    status = ALL_READ
    for path in paths:
        for found in detections(path):
            print(readable(found), flush=True)
            if not found.format and found.path == path:
                status = FAILED
    return status


def detections(path: Path) -> Iterator[Detected]:
    """What a file is, or a folder; of a folder that is no log itself, what lies in it."""
    try:
        with LogSource(path) as source:
            known = detected(source)
            if known is not None:
                yield Detected(path, source.kind, known[0].name, known[1])
                return
            if source.kind != "folder":
                why = "it says what became of runs, and is no log itself" if outcome_file(path) else why_unknown(source)
                yield Detected(path, source.kind, why=why)
                return
    except RecorderError as error:
        yield Detected(path, "other", why=str(error).removeprefix(f"{path}: "))
        return
    for inner in sorted(path.iterdir()):
        yield from detections(inner)


def readable(found: Detected) -> str:
    """One line for people."""
    if not found.format:
        return f"{found.path}: not known: {found.why}"
    return f"{found.path}: {' '.join(part for part in (found.format, found.version) if part)} ({found.kind})"
