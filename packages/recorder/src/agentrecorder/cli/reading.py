"""What every command does with the paths that it is given."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from agentrecorder.convert import ConversionFailure, Converted, Skipped, convert
from agentrecorder.errors import RecorderError

ALL_READ, FAILED, BAD_USAGE = 0, 1, 2


def found_in(paths: Iterable[Path], outcomes: Path | None = None) -> Iterator[Converted | ConversionFailure | Skipped]:
    """Everything in files and folders. A path that cannot be read is a failure, and the next one is read."""
    for path in paths:
        try:
            yield from convert(path, outcomes)
        except RecorderError as error:
            yield ConversionFailure(path, "file", str(error).removeprefix(f"{path}: "))


def say(line: str) -> None:
    """Tell the user what goes on."""
    print(line, file=sys.stderr, flush=True)


def say_failure(failure: ConversionFailure) -> None:
    """Tell the user what became no run."""
    where = "" if failure.where == "file" else f", {failure.where}"
    say(f"{failure.path}{where}: {failure.reason}")


def plural(count: int, noun: str, many: str = "") -> str:
    """``1 trajectory``, ``2 trajectories``."""
    return f"{count} {noun if count == 1 else many or noun + 's'}"
