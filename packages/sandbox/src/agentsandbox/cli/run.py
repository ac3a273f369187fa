"""``agentsandbox run``: one command in a box."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from agentsandbox.cli.place import Place, attended, errors, opened, say

SANDBOX_FAILED = 125
TIMED_OUT, INTERRUPTED = 124, 130


def run(place: Place, command: Sequence[str], diff: Path | None) -> int:
    """Run ``command`` (one word: a line for bash), print what it prints, write the diff to ``diff`` (``-``: print it).

    Returns its exit status; 124 if it ran out of time, 130 if it was interrupted.
    """
    line = command[0] if len(command) == 1 else shlex.join(command)
    with errors(SANDBOX_FAILED), opened(place) as (box, session):
        answer = attended(box, lambda: session.call("shell", {"command": line}))
        said = answer.content if answer.error is None else answer.content.removesuffix(answer.error)
        sys.stdout.write(said)
        sys.stdout.flush()
        if answer.error is not None:
            say(answer.error)
        if diff:
            write_diff(box.diff(), diff)
        if answer.exit_code is not None:
            return answer.exit_code
        return INTERRUPTED if "interrupted" in (answer.error or "") else TIMED_OUT


def write_diff(text: str, target: Path) -> None:
    """Write a diff to a file, or for ``-`` to standard output."""
    if str(target) == "-":
        sys.stdout.write(text)
    else:
        target.write_text(text, encoding="utf-8", errors="surrogateescape")
