"""Run a command in a process of its own, with files that only this run knows, and keep what it reports."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from agentsandbox.server.archive import remove
from agentsandbox.server.mapping import OutwardStream
from agentsandbox.server.process import supervisor
from agentsandbox.server.process.truncation import HeadTail
from agentsandbox.server.settings import Settings, Unable

REPORT_BYTES = 1 << 26
"""A report longer than this is cut."""


def run_command(settings: Settings, request: dict[str, Any], client: int) -> dict[str, Any]:
    """Start ``argv`` in the workdir and wait for it (see :class:`agentsandbox.messages.Command`).

    The report lies in a file that this process has open: without a name from the start if it is standard output, else until
    the program opens it. So nothing can be put in its place.

    Raises:
        Unable: the program cannot be started.
    """
    folder = request["folder"]
    os.makedirs(folder, mode=0o700)
    path = os.path.join(folder, request["report_name"])
    report = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    try:
        for name, text in request["files"].items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write(text)
        printed = request["report"] == "stdout"
        if printed:
            os.unlink(path)
        out = HeadTail(settings.output_bytes)
        ended = _supervised(settings, request, out, client, report if printed else None)
        begun = not os.path.exists(path)
        return {**result(ended, os.pread(report, REPORT_BYTES + 1, 0), out), "begun": begun}
    finally:
        os.close(report)
        with contextlib.suppress(OSError):
            remove(os.fsencode(folder))


def result(ended: supervisor.Ended, report: bytes, out: HeadTail) -> dict[str, Any]:
    """The answer about a process that ended, with the fields of :class:`agentsandbox.messages.CommandResult`."""
    return {
        "exit_code": ended.exit_code,
        "timed_out": ended.timed_out,
        "seconds": ended.seconds,
        "output": out.text(),
        "report": report[:REPORT_BYTES].decode("utf-8", "surrogateescape"),
        "cut": len(report) > REPORT_BYTES,
    }


def _supervised(settings: Settings, request: dict[str, Any], out: HeadTail, client: int, stdout: int | None) -> supervisor.Ended:
    stream = OutwardStream(settings.paths, out.feed)
    argv = request["argv"]
    try:
        child = supervisor.spawn(argv, {**settings.env, **request["env"]}, settings.workdir, None if stdout is None else {stdout: 1})
    except OSError as e:
        raise Unable(f"cannot start {argv[0]}: {e.strerror}") from e
    ended = supervisor.supervise(child, request["timeout_s"], stream.feed, client=client, sweep=True)
    stream.finish()
    return ended
