"""``agentrecorder convert``: logs in, one trajectory a line out."""

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydantic import ValidationError
from trajschema.record import first_problem

from agentrecorder.cli.reading import ALL_READ, BAD_USAGE, FAILED, found_in, plural, say, say_failure
from agentrecorder.containers.json_values import dumps
from agentrecorder.convert import ConversionFailure, Converted, Skipped
from agentrecorder.exports import EXPORTS
from agentrecorder.exports.metadata import Ending


@dataclass
class Tally:
    """What became of what was found."""

    written: int = 0
    failed: int = 0
    skipped: int = 0

    def __str__(self) -> str:
        parts = [plural(self.written, "trajectory", "trajectories")]
        parts += [f"{self.failed} failed"] if self.failed else []
        parts += [f"{plural(self.skipped, 'file')} passed over as no log"] if self.skipped else []
        return ", ".join(parts)


def convert(paths: list[Path], form: str, output: Path, outcomes: Path | None) -> int:
    """Write what is in ``paths`` to ``output`` (``-``: standard output). Returns 0 all read, 1 something failed, 2 no place to write."""
    try:
        with _opened(output) as file:
            tally = written(found_in(paths, outcomes), form, file)
    except OSError as error:
        say(f"error: {output}: {error.strerror or error}; name a file that can be written with --output")
        return BAD_USAGE
    say(str(tally))
    if tally.written == 0 and tally.failed == 0:
        say("no log was found; `agentrecorder detect` says what each file is taken for")
        return FAILED
    return FAILED if tally.failed else ALL_READ


def written(found: Iterable[Converted | ConversionFailure | Skipped], form: str, file: IO[bytes]) -> Tally:
    """Write every run to ``file``, a line each, and say on standard error what failed."""
    tally = Tally()
    progress = sys.stderr.isatty()
    for one in found:
        if isinstance(one, Skipped):
            tally.skipped += 1
            continue
        failure = one if isinstance(one, ConversionFailure) else _write(one, form, file)
        if failure is not None:
            tally.failed += 1
            say_failure(failure)
        else:
            tally.written += 1
            if progress and tally.written % 100 == 0:
                print(f"\r{tally}", end="\r", file=sys.stderr, flush=True)
    return tally


def line_of(converted: Converted, form: str) -> str:
    """A run as one line of JSON in a form.

    Raises:
        pydantic.ValidationError: the adapter built what is no trajectory.
    """
    trajectory = converted.run.trajectory(converted.sha256, converted.index)
    if form == "trajhub":
        return trajectory.model_dump_json()
    return dumps(EXPORTS[form](trajectory, Ending(converted.run.exit, converted.run.claimed)))


def _write(converted: Converted, form: str, file: IO[bytes]) -> ConversionFailure | None:
    try:
        line = line_of(converted, form)
    except ValidationError as problem:
        return ConversionFailure(converted.path, f"run {converted.index + 1}", f"is no trajectory: {first_problem(problem)}")
    file.write(line.encode("utf-8", "surrogatepass") + b"\n")
    return None


@contextlib.contextmanager
def _opened(output: Path) -> Iterator[IO[bytes]]:
    """The output; a file appears whole or not at all."""
    if str(output) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)
