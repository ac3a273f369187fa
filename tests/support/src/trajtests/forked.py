"""Commands in forks of a process that has imported everything already: a start then costs milliseconds, not seconds.

That process is the fork server of :mod:`multiprocessing`, one for each worker of the tests. It imports and does nothing else, so a
fork of it is what a fresh interpreter would be after its imports.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_PRELOADED = (
    *(
        "trajtests.forked",
        "agentrecorder.cli.app",
        "agentrecorder.convert",
        "agentsandbox.cli.app",
        "agentreward.cli",
        "agentreward.engine",
    ),
    *("agentgrader.cli.app", "pipelines.command", "pipelines.progress", "pipelines.status", "pipelines.definitions", "agentview.report"),
    *("dagster._core.storage.base_storage", "dagster._core.storage.sqlite_storage", "dagster._daemon"),
)
"""What is there of these is imported."""
_forks = multiprocessing.get_context("forkserver")


def run_module(
    module: str,
    arguments: Sequence[str],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    given: str = "",
    timeout_s: float = 280,
) -> subprocess.CompletedProcess[str]:
    """``python -m module ARGUMENTS`` in ``folder``, to its end, with ``given`` on its standard input.

    Raises:
        subprocess.TimeoutExpired: it took longer, and was killed.
    """
    _forks.set_forkserver_preload(list(_PRELOADED))
    line = [sys.executable, "-m", module, *arguments]
    with tempfile.TemporaryDirectory() as streams:
        files = [Path(streams, name) for name in ("in", "out", "err")]
        for file in files:
            file.write_bytes(given.encode() if file.name == "in" else b"")
        place = str(folder or Path.cwd())
        process = _forks.Process(target=_become, args=(module, line[3:], place, dict(environment or os.environ), list(map(str, files))))
        process.start()
        process.join(timeout_s)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(line, timeout_s, files[1].read_bytes(), files[2].read_bytes())
        told = [file.read_bytes().decode("utf-8", "replace") for file in files[1:]]
        return subprocess.CompletedProcess(line, process.exitcode, *told)


def _become(module: str, arguments: list[str], folder: str, environment: dict[str, str], streams: list[str]) -> None:
    for descriptor, name in enumerate(streams):
        os.dup2(os.open(name, os.O_RDWR | os.O_APPEND), descriptor)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
