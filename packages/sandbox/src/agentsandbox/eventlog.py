"""The log of a session on disk: written as it happens, read back as a trajectory."""

import os
from pathlib import Path
from typing import Self

from trajschema.event import FORMAT, Event, SessionEnd, SessionStart, event_line, read_events
from trajschema.fold import fold
from trajschema.ids import sha256_bytes
from trajschema.trajectory import Trajectory, trajectory_id


class EventLog:
    """An event sink that appends each event to a new file as one JSON line, in the system's hands before ``emit`` returns.

    A process that is killed loses no event that was emitted.

    Raises:
        FileExistsError: the file is there; a log holds one session.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)

    def emit(self, event: Event) -> None:
        """Write ``event`` down."""
        line = event_line(event).encode() + b"\n"
        while line:
            line = line[os.write(self._file, line) :]

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class NoSink:
    """An event sink for a session that nobody records."""

    def emit(self, event: Event) -> None:
        """Forget ``event``."""


def trajectory_of(log: bytes) -> Trajectory:
    """What a log says, as a trajectory: see :func:`trajschema.fold.fold`.

    A last line that was cut off while it was written is left out. A lone surrogate is read as U+FFFD.

    Raises:
        ValueError: a line is no event, or the log does not begin with ``session_start``.
    """
    read = read_events(log.decode("utf-8", "replace"))
    if broken := next((line for line in read.bad_lines if not line.last), None):
        raise ValueError(str(broken))
    if not read.events or not isinstance(read.events[0], SessionStart):
        raise ValueError("the log does not begin with a session_start")
    steps, notes = fold(read.events)
    final_diff = next((e.final_diff for e in reversed(read.events) if isinstance(e, SessionEnd)), "")
    source = sha256_bytes(log)
    return Trajectory(
        trajectory_id=trajectory_id(f"{source}#0", steps, final_diff),
        task_id=read.events[0].task_id,
        agent="unknown",
        source_format=FORMAT,
        source_sha256=source,
        steps=steps,
        final_diff=final_diff,
        unread=notes,
    )
