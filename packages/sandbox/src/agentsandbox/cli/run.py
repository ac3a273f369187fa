"""``agentsandbox run``: one command in a box."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from trajschema.trajectory import Observation

from agentsandbox.cli.setup import Setup, attended, errors, opened, say
from agentsandbox.errors import SandboxError
from agentsandbox.session import Session

SANDBOX_FAILED = 125
TIMED_OUT, INTERRUPTED = 124, 130


def run(setup: Setup, command: Sequence[str], diff: Path | None) -> int:
    """Run ``command`` (one word: a line for bash), print what it prints, write the diff to ``diff`` (``-``: print it).

    Returns its exit status; 124 if it ran out of time, 130 if it was interrupted. The session ends as the command did.
    """
    line = command[0] if len(command) == 1 else shlex.join(command)
    with errors(SANDBOX_FAILED), _written(diff) as file, opened(setup) as (box, session):
        answer = attended(box, lambda: session.call("shell", {"command": line}))
        said = answer.content if answer.error is None else answer.content.removesuffix(answer.error)
        sys.stdout.write(said)
        sys.stdout.flush()
        if answer.error is not None:
            say(answer.error)
        code = _ended(session, answer)
        if file:
            file.write(box.diff())
        return code


def _ended(session: Session, answer: Observation) -> int:
    """End ``session`` as its command ended. Returns the exit status that says so."""
    said = answer.error or ""
    if answer.exit_code is not None:
        session.end("submitted")
        return answer.exit_code
    if "interrupted" in said:
        session.end("crash", said)
        return INTERRUPTED
    session.end("limit", said)
    return TIMED_OUT


@contextmanager
def _written(diff: Path | None) -> Iterator[TextIO | None]:
    """Where the diff goes, open before anything runs: what a command did is not lost to a path that cannot be written."""
    if diff is None or str(diff) == "-":
        yield sys.stdout if diff else None
        return
    try:
        file = diff.open("w", encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise SandboxError(f"{diff} cannot be written: {error.strerror}", "name another file with --diff, or - to print it") from error
    with file:
        yield file
