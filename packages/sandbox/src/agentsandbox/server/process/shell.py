"""The shell of one box: every command runs in a bash of its own, which starts where the last one ended.

What carries over is the working directory and the exported variables. The bash tells them on a descriptor of its own,
with builtins, once its command is through. A bash that does not get there (killed, timed out, replaced by ``exec``,
or with an EXIT trap of its own) leaves the state as it was. An exit status other than 0 is no reason to forget: in a
terminal, too, one stands in ``src`` after ``cd src && grep missing *``.
"""

from __future__ import annotations

import os
import re

from agentsandbox.server.mapping import OutwardStream
from agentsandbox.server.process import supervisor
from agentsandbox.server.process.truncation import HeadTail
from agentsandbox.server.settings import Settings, ToolError

_COMMAND, _REPORT = 252, 253  # descriptors out of the way of those that scripts use, and of bash's own
_PROGRAM = "; ".join(
    (
        f"printf '\\0' >&{_REPORT}",
        f"IFS= read -rd '' -u {_COMMAND}",
        f'trap \'pwd >&{_REPORT}; printf "\\0" >&{_REPORT}; export -p >&{_REPORT}; printf "\\0" >&{_REPORT}\' EXIT',
        f'eval "$REPLY" {_COMMAND}<&- {_REPORT}>&-',
    )
)
"""The command comes on a descriptor: no limit of its length, nothing of it in argv, no positional parameters.
One line, so that bash counts the lines of the command only."""

_REPORT_MAX = 1 << 20
_VALUE_MAX, _ALL_MAX = 96 << 10, 512 << 10  # bytes; the kernel starts no program with a string above 128 KiB
_STUCK_S = 1.0  # a bash that has not begun after so long does not begin at all
_NOT_CARRIED = frozenset({b"_", b"SHLVL", b"ENV", b"BASH_ENV", b"BASH_XTRACEFD", b"BASHOPTS", b"SHELLOPTS", b"POSIXLY_CORRECT"})
"""Variables that would run something in the next bash before its command, or change what kind of shell it is."""

_DOUBLE = rb'"([^"\\]*(?:\\.[^"\\]*)*)"'
_ANSI = rb"\$'([^'\\]*(?:\\.[^'\\]*)*)'"
_ELEMENTS = rb"\((?:[^()\"'$]|" + _DOUBLE + rb"|" + _ANSI + rb")*\)"
_EXPORT = re.compile(
    rb"(?:declare -[A-Za-z]*x[A-Za-z]*|export) (\w+)(?:=(?:" + _DOUBLE + rb"|" + _ANSI + rb"|" + _ELEMENTS + rb"))?\n", re.DOTALL
)
_DOUBLE_ESCAPE = re.compile(rb'\\([\\"$`])')
_ANSI_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_ANSI_LETTERS = {b"a": b"\a", b"b": b"\b", b"E": b"\x1b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


class Shell:
    """State and shell of one box."""

    def __init__(self, settings: Settings) -> None:
        self._s = settings
        self.cwd = ""
        """Where the next command starts."""
        self.env: dict[str, str] = {}
        """Environment that it starts with."""
        self.clear()

    def clear(self) -> None:
        """As in a new box."""
        self.cwd = self._s.workdir
        self.env = dict(self._s.env)

    def run(self, command: str, timeout_s: float, out: HeadTail, client: int) -> supervisor.Ended:
        """Run a command of real paths in bash, and take over the state in which it ends.

        Raises:
            ToolError: there is no bash, or it cannot begin with the variables of this session.
            OSError: there is no room for one more process.
            Hangup: the client went away.
        """
        if "\0" in command:
            raise ToolError("the command holds a zero byte")
        folder = self.folder(out)
        report = bytearray()
        text = _in_memory(command.encode("utf-8", "surrogateescape"))
        try:
            child = supervisor.spawn(["bash", "-c", _PROGRAM], self.env, folder, {text: _COMMAND}, _REPORT)
        except FileNotFoundError as e:
            raise ToolError("there is no bash in this box") from e
        finally:
            os.close(text)
        stream = OutwardStream(self._s.paths, out.feed)
        ended = supervisor.supervise(child, timeout_s, stream.feed, lambda data: report.extend(data[: _REPORT_MAX - len(report)]), client)
        stream.finish()
        if not report and (not ended.timed_out or ended.seconds > _STUCK_S):
            self.clear()
            raise ToolError("bash did not start with the variables of this session; the session begins anew, run the command again")
        if not ended.timed_out:
            self._take(bytes(report), out)
        return ended

    def folder(self, out: HeadTail) -> str:
        """The working directory. Where it is gone, another of the box's own takes its place, which ``out`` is told.

        Never the root: for a plain process that is the host's, and what a command then does to "." it does to the host.

        Raises:
            ToolError: none is left.
        """
        if not _is_open(self.cwd):
            left = next((folder for folder in (self._s.workdir, self._s.home, self._s.tmp) if _is_open(folder)), None)
            if left is None:
                raise ToolError("no folder of this box can be entered any more; only a reset or a new box helps")
            gone, self.cwd = self.cwd, left
            out.feed(self._s.paths.outward(os.fsencode(f"bash: {gone} is gone; back in {self.cwd}\n")))
        return self.cwd

    def _take(self, report: bytes, out: HeadTail) -> None:
        """Adopt what a bash told, if it is whole: zero, directory, line feed, zero, ``export -p``, zero.

        ``out`` is told where it is too much for the next bash to start with.
        """
        parts = report.split(b"\0")
        env = exported(parts[2]) if len(parts) == 4 and not parts[3] and parts[1].startswith(b"/") else None
        sizes = [len(name) + len(value) for name, value in (env or {}).items()]
        if len(report) >= _REPORT_MAX or max(sizes, default=0) > _VALUE_MAX or sum(sizes) > _ALL_MAX:
            out.feed(b"bash: the exported variables are too large; the next call starts as this one did\n")
        elif env is not None:
            self.cwd = os.fsdecode(parts[1][:-1])
            self.env = {os.fsdecode(name): os.fsdecode(value) for name, value in env.items()}


def exported(listing: bytes) -> dict[bytes, bytes] | None:
    """Variables in the output of ``export -p`` that carry over; nothing if it is none."""
    found, at = {}, 0
    while at < len(listing):
        match = _EXPORT.match(listing, at)
        if match is None:
            return None
        at = match.end()
        name, double, ansi = match[1], match[2], match[3]
        if (double is not None or ansi is not None) and name not in _NOT_CARRIED:
            found[name] = _DOUBLE_ESCAPE.sub(rb"\1", double) if double is not None else _ANSI_ESCAPE.sub(_unescaped, ansi)
    return found


def _is_open(folder: str) -> bool:
    return os.path.isdir(folder) and os.access(folder, os.X_OK)


def _unescaped(match: re.Match[bytes]) -> bytes:
    told = match[1]
    return bytes([int(told, 8) & 0xFF]) if told.isdigit() else _ANSI_LETTERS.get(told, told)


def _in_memory(data: bytes) -> int:
    """A descriptor to read ``data`` from."""
    fd = os.memfd_create("command")
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd
