"""``agentsandbox shell``: an interactive session in a box."""

import contextlib
import sys
from collections.abc import Callable, Iterator

from trajschema.trajectory import Observation

from agentsandbox.cache import default_folder
from agentsandbox.cli.run import SANDBOX_FAILED
from agentsandbox.cli.setup import Setup, attended, errors, opened, say
from agentsandbox.sandbox import Sandbox
from agentsandbox.session import Session

HELP = """\
A line is a command for bash in the box. Ctrl-C stops it, Ctrl-D leaves the session. Besides:
  :diff         what changed in the repository
  :read PATH    show a file
  :reset        the box as it was at the start (not in a recorded session)
  :submit       hand the work in and end the session
  :help         this page"""
_HISTORY_LINES = 1000


def shell(setup: Setup) -> int:
    """Read lines until the work is submitted or the input ends, and run each in a box. Returns 0."""
    with errors(SANDBOX_FAILED), opened(setup) as (box, session), _history():
        said = setup.backend.name + (f", recorded to {setup.record}" if setup.record else "")
        say(f"a box of {said}; :help for help, Ctrl-D to end")
        while not session.submitted and (line := _line(box)) is not None:
            _obey(line.strip(), setup, box, session)
    return 0


def _line(box: Sandbox) -> str | None:
    """The next line; empty after Ctrl-C, nothing at the end of the input."""
    prompt = f"{box.call('shell', {'command': 'pwd'}).content.strip()}$ " if sys.stdin.isatty() else ""
    try:
        return input(prompt)
    except KeyboardInterrupt:
        print()
        return ""
    except EOFError:
        if prompt:
            print()
        return None


def _obey(line: str, setup: Setup, box: Sandbox, session: Session) -> None:
    word, _, rest = line.partition(" ")
    if word == ":diff":
        sys.stdout.write(box.diff())
    elif word == ":read":
        _show(box, lambda: session.call("file_read", {"path": rest.strip()}))
    elif word == ":submit":
        _show(box, lambda: session.call("submit", {}))
    elif word == ":reset" and setup.record:
        say("a recorded session is not reset; end it and begin another")
    elif word == ":reset":
        box.reset()
    elif word.startswith(":"):
        say(HELP)
    elif line:
        _show(box, lambda: session.call("shell", {"command": line}))
    sys.stdout.flush()


def _show(box: Sandbox, call: Callable[[], Observation]) -> None:
    answer = attended(box, call)
    sys.stdout.write(answer.content)
    if answer.content and not answer.content.endswith("\n"):
        print()
    if answer.exit_code:
        say(f"exit status {answer.exit_code}")


@contextlib.contextmanager
def _history() -> Iterator[None]:
    """Line editing and a history that is kept, where there is a terminal and readline."""
    try:
        import readline
    except ImportError:
        yield
        return
    file = default_folder() / "history"
    if not sys.stdin.isatty():
        yield
        return
    with contextlib.suppress(OSError):
        readline.read_history_file(file)
    readline.set_history_length(_HISTORY_LINES)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(file)
