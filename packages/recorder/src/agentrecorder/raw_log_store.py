"""Logs kept beside what was read from them, each under its content."""

from collections.abc import Iterable, Iterator
from itertools import chain, groupby, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from trajruntime import atomic
from trajschema.ids import sha256_bytes
from trajschema.rollout import RawLog

from agentrecorder.convert import ConversionFailure, Converted, Skipped
from agentrecorder.import_rollout import RECORD
from agentrecorder.rollout_log import UnreadableLog, run_in

ConversionResult = Converted | ConversionFailure | Skipped


def put(content: bytes, folder: Path) -> str:
    """Store below ``folder``, and return the path relative to it. What is there already is left.

    Raises:
        OSError: it cannot be written.
    """
    digest = sha256_bytes(content)
    path = folder / digest[:2] / digest
    if not path.exists():
        atomic.write_bytes(path, content)
    return f"{digest[:2]}/{digest}"


def keep(found: Iterable[ConversionResult], folder: Path) -> Iterator[tuple[ConversionResult, RawLog | None]]:
    """Each run with the log to read it from; anything else, and a run that breaks the contract, with none.

    A file that holds one run and nothing that another file must explain is kept as it is, so that a better reader reads it anew.
    Of other logs (many runs in a file, a run in a folder) the record of each run is kept, as it was read.

    Raises:
        OSError: a log cannot be kept.
    """
    for path, together in groupby(found, key=lambda one: one.path):
        several = iter(together)
        first, *second = islice(several, 2)
        alone = None if second else path
        yield from (_kept(one, folder, alone) for one in chain((first, *second), several))


def _kept(one: ConversionResult, folder: Path, alone: Path | None) -> tuple[ConversionResult, RawLog | None]:
    if not isinstance(one, Converted):
        return one, None
    if alone is not None and alone.is_file() and _reads_alone(one, content := alone.read_bytes()):
        log = put(content, folder)
        return one, RawLog(format=one.run.format, sha256=Path(log).name, path=log)
    try:
        record = one.run.trajectory(one.sha256, one.index).model_dump_json().encode("utf-8", "surrogatepass")
    except ValueError as problem:
        return ConversionFailure(one.path, f"run {one.index + 1}", f"is no trajectory: {' '.join(str(problem).split())[:300]}"), None
    log = put(record, folder)
    return one, RawLog(format=RECORD, sha256=Path(log).name, path=log)


def _reads_alone(one: Converted, content: bytes) -> bool:
    """Whether a log means the same without its name and its neighbours."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "log")
        path.write_bytes(content)
        try:
            return run_in(path, one.run.format).steps == one.run.steps
        except UnreadableLog:
            return False
