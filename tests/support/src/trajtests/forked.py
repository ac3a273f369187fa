"""Commands in forks of a process that has imported everything already: a start then costs milliseconds, not seconds.

That process is the fork server of :mod:`multiprocessing`, one for each worker of the tests. It imports and does nothing else, so a
fork of it is what a fresh interpreter would be after its imports.
"""

import contextlib
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

PRELOADED = (
    *("trajtests.forked", "pipelines.command", "pipelines.progress", "pipelines.status", "pipelines.definitions", "agentview.report"),
    *("dagster._core.storage.base_storage", "dagster._core.storage.sqlite_storage", "dagster._daemon"),
)
_forks = multiprocessing.get_context("forkserver")


def trajhub(arguments: Sequence[str], folder: Path, environment: Mapping[str, str], timeout_s: float) -> subprocess.CompletedProcess[str]:
    """``trajhub …`` in ``folder``, to its end.

    Raises:
        subprocess.TimeoutExpired: it took longer, and was killed.
    """
    _forks.set_forkserver_preload(list(PRELOADED))
    with tempfile.TemporaryDirectory() as streams:
        out, err = Path(streams, "out"), Path(streams, "err")
        process = _forks.Process(target=_main, args=(list(arguments), str(folder), dict(environment), str(out), str(err)))
        process.start()
        process.join(timeout_s)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(["trajhub", *arguments], timeout_s, out.read_bytes(), err.read_bytes())
        told = [file.read_text(encoding="utf-8", errors="replace") for file in (out, err)]
        return subprocess.CompletedProcess(["trajhub", *arguments], process.exitcode, *told)


def _main(arguments: list[str], folder: str, environment: dict[str, str], out: str, err: str) -> None:
    """Become the command."""
    for descriptor, name in ((1, out), (2, err)):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT), descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["trajhub", *arguments]
    from pipelines.command import main

    with contextlib.suppress(BrokenPipeError):
        main()
