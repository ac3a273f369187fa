"""Reading of unified diffs, as git, diff and difflib write them: the one reader.

Reads what is there and raises for nothing: agents hand in diffs, and some are damaged or hostile. Linear in the length of the text.
A line belongs to a hunk by the counts in the hunk's header, so a removed line ``-- a/x`` is no header of a file.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

LineKind = Literal["file", "hunk", "added", "removed", "same", "note"]
"""What a line is: of a file's header (or outside any), a hunk's header, three kinds of content, or ``\\ No newline at end of file``."""

_HEADER = re.compile(r"^(?:diff --git|---) [^\n]*", re.MULTILINE)
_HUNK = re.compile(r"@@ -([0-9]{1,9})(?:,([0-9]{1,9}))? \+([0-9]{1,9})(?:,([0-9]{1,9}))? @@")
_KINDS: dict[str, LineKind] = {"+": "added", "-": "removed", " ": "same", "": "same", "\\": "note"}
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


@dataclass(frozen=True, slots=True)
class Hunk:
    """A place that a diff changes. Lines are numbered from 1; a side without lines has the number of the line before the hunk."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int
    lines: list[str] = field(default_factory=list)
    """Each with its sign: ``+``, ``-`` or a space."""

    @property
    def old(self) -> list[str]:
        """Lines before the change."""
        return [line[1:] for line in self.lines if line[0] != "+"]

    @property
    def new(self) -> list[str]:
        """Lines after the change."""
        return [line[1:] for line in self.lines if line[0] != "-"]

    @property
    def whole(self) -> bool:
        """There are as many lines as the header says."""
        return len(self.old) == self.old_count and len(self.new) == self.new_count


@dataclass(slots=True)
class FileDiff:
    """What a diff does to one file. Paths stand without ``a/`` and ``b/``, decoded as :func:`os.fsdecode` does."""

    old_path: str | None
    """``None``: the file is added."""
    new_path: str | None
    """``None``: the file is deleted."""
    binary: bool = False
    hunks: list[Hunk] = field(default_factory=list)

    @property
    def path(self) -> str:
        """The path after the change; of a deleted file the one before."""
        return self.new_path or self.old_path or ""


def line_kinds(lines: Iterable[str]) -> Iterator[tuple[LineKind, str]]:
    """Each line of a diff with what it is."""
    old = new = 0
    for line in lines:
        kind = _KINDS.get(line[:1])
        if (old > 0 or new > 0) and kind is not None:
            old -= kind in ("removed", "same")
            new -= kind in ("added", "same")
            yield kind, line
        elif head := _HUNK.match(line):
            old, new = int(head[2] or 1), int(head[4] or 1)
            yield "hunk", line
        else:
            old = new = 0
            yield ("note" if kind == "note" else "file"), line


def read_diff(text: str) -> list[FileDiff]:
    """The files that a diff changes, in its order; empty for a text that is no diff. Lines around them are passed over."""
    files: list[FileDiff] = []
    open_header = False
    """A ``diff --git`` line waits for its ``+++`` line."""
    old: str | None = None
    for kind, line in line_kinds(_lines(text)):
        if kind == "hunk" and files:
            head = _HUNK.match(line)
            assert head is not None
            files[-1].hunks.append(Hunk(int(head[1]), int(head[2] or 1), int(head[3]), int(head[4] or 1)))
        elif kind in ("added", "removed", "same") and files:
            files[-1].hunks[-1].lines.append(line or " ")
        elif kind != "file":
            continue
        elif line.startswith("diff --git "):
            files.append(FileDiff(*_both_names(line[11:])))
            open_header = True
        elif line.startswith("--- "):
            old = _name(line[4:].partition("\t")[0])
        elif line.startswith("+++ "):
            if not open_header:
                files.append(FileDiff(None, None))
            files[-1].old_path, files[-1].new_path = old, _name(line[4:].partition("\t")[0])
            open_header = False
        elif open_header:
            _read_header(files[-1], line)
    return [file for file in files if file.path]


def _lines(text: str) -> list[str]:
    """Lines without their ends. Git ends a header with a line feed alone: where it has more, something rewrote the whole text."""
    first = _HEADER.search(text)
    if first and first[0].endswith("\r"):
        text = text.replace("\r\n", "\n")
    return text.removesuffix("\n").split("\n")


def paths_in(text: str) -> list[str]:
    """Paths that a diff touches, before and after the change, in its order."""
    return list(dict.fromkeys(path for file in read_diff(text) for path in (file.old_path, file.new_path) if path))


def _read_header(file: FileDiff, line: str) -> None:
    """One of git's own lines between ``diff --git`` and ``---``."""
    first, _, rest = line.partition(" ")
    match first, *rest.split(" ", 1):
        case "new", "file", _:
            file.old_path = None
        case "deleted", "file", _:
            file.new_path = None
        case "rename" | "copy", "from", name:
            file.old_path = _unquoted(name)
        case "rename" | "copy", "to", name:
            file.new_path = _unquoted(name)
        case ("Binary", "files", _) | ("GIT", "binary", _):
            file.binary = True


def _both_names(text: str) -> tuple[str | None, str | None]:
    """The two names after ``diff --git``. Git quotes neither spaces nor the end of the first; the names are the same unless renamed."""
    if quoted := _QUOTED.match(text):
        return _name(quoted[0]), _name(text[quoted.end() + 1 :])
    if text.endswith('"'):
        first, _, second = text.partition(' "')
        return _name(first), _name(f'"{second}')
    middle = len(text) // 2
    if _name(text[:middle]) == _name(text[middle + 1 :]):
        return _name(text[:middle]), _name(text[middle + 1 :])
    first, _, second = text.partition(" b/")
    return _name(first), _name(second)


def _name(text: str) -> str | None:
    name = _unquoted(text)
    return None if name == "/dev/null" else name[2:] if name.startswith(("a/", "b/")) else name


def _unquoted(text: str) -> str:
    """A name as git writes it: in quotes, with escapes, if it holds what is no plain ASCII."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    return _ESCAPE.sub(_meant, text[1:-1].encode("utf-8", "surrogatepass")).decode("utf-8", "surrogateescape")


def _meant(escape: re.Match[bytes]) -> bytes:
    code = escape[1]
    return bytes([int(code, 8) & 255]) if len(code) == 3 else _LETTERS.get(code, code)
