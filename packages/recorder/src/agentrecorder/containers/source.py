"""A log as it lies on the disk: one JSON value, lines of them, an archive, or a folder."""

import codecs
import hashlib
import itertools
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from agentrecorder.containers import mmap_buffer
from agentrecorder.containers.archive import Entry, entries
from agentrecorder.containers.json_values import WHOLE_BYTES, Json, NotJson, decoded, each, is_array, is_object, loads, read, recovered
from agentrecorder.containers.lazy_json import LazyArray, LazyObject
from agentrecorder.errors import NotReadable

Kind = Literal["document", "lines", "archive", "folder", "other"]
_LOOKED_AT = 50
"""Lines at the start that tell a document from lines."""
_SAMPLE = 25
_HEAD_BYTES = 4 << 20
"""So much of lines is kept after it was looked at."""
_SPACE, _BRACE = b" {"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Item(NamedTuple):
    """One JSON value of a source, or why there is none."""

    where: str
    """``line 3``, or ``file``."""
    value: Json
    problem: str = ""
    raw: str = ""
    """The start of what is no JSON."""


class LogSource:
    """A file or folder. Open until :meth:`close`; also a context manager. For one thread.

    Raises:
        NotReadable: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._folder = path.is_dir()
        self._whole: mmap_buffer.Buffer = b""
        """The file as it is."""
        try:
            if not self._folder:
                self._whole = mmap_buffer.opened(path)
        except OSError as problem:
            raise NotReadable(path, problem) from problem
        start = self._whole[:3]
        self._bytes = decoded(self._whole[:]).encode("utf-8", "replace") if start[:2] in _UTF16 else self._whole
        """The text, in UTF-8."""
        self._start = 3 if start == codecs.BOM_UTF8 else 0
        self._view = memoryview(self._bytes)
        self.data = self._view[self._start :]
        self._parsed: tuple[int, Json] = (-1, None)
        """Where a line begins that was read to tell what the file is, and its value."""
        self._inside: dict[str, Self] = {}

    @cached_property
    def kind(self) -> Kind:
        """How the source is to be read."""
        if self._folder:
            return "folder"
        if self._whole[:4] == b"PK\x03\x04":
            return "archive"
        start = self._bytes[self._start : 4096].lstrip()[:1]
        several, whole = self._line_kinds()
        if whole and several:
            return "lines"
        return "document" if start in (b"{", b"[") else "lines" if whole else "other"

    def _line_kinds(self) -> tuple[bool, bool]:
        """Whether there are two lines or more, and whether one at the start is an object by itself."""
        count, whole = 0, False
        longest = len(self.data) - 3
        for _, first, end in self._lines(self._start):
            count += 1
            if not whole and end - first <= longest and self._bytes[first] == _BRACE and self._bytes[end - 4 : end].rstrip()[-1:] == b"}":
                with suppress(NotJson):
                    value = read(self._view[first:end])
                    whole, self._parsed = is_object(value) and not cut_of(value), (first, value)
            if (count > 1 and whole) or count == _LOOKED_AT:
                break
        return count > 1, whole

    def _lines(self, position: int, number: int = 0) -> Iterator[tuple[int, int, int]]:
        """Number, start and end of lines that are not blank, from ``position``, behind line ``number``. They end with ``\\n`` alone."""
        text, end, walked = self._bytes, len(self._bytes), position
        find = text.find
        while position < end:
            number += 1
            stop = find(b"\n", position, position + mmap_buffer.WINDOW)
            if stop < 0:
                stop = self._line_end(position + mmap_buffer.WINDOW)
            if stop > position and (text[position] > _SPACE or text[stop - 1] > _SPACE or text[position:stop].strip()):
                yield number, position, stop
            position = stop + 1
            if position - walked > mmap_buffer.WINDOW:
                mmap_buffer.release(text)
                walked = position

    def _line_end(self, position: int) -> int:
        for first, end in mmap_buffer.windows(self._bytes, position):
            found = self._bytes.find(b"\n", first, end)
            if found >= 0:
                return found
        return len(self._bytes)

    def _line(self, number: int, first: int, end: int) -> Item:
        where = f"line {number}"
        if first == self._parsed[0]:
            return Item(where, self._parsed[1])
        line = self._view[first:end]
        try:
            return Item(where, loads(line) if end - first <= WHOLE_BYTES else read(line))
        except NotJson as problem:
            return Item(where, None, f"not JSON: {problem}", _start(bytes(line[:4096])))

    def items(self) -> Iterator[Item]:
        """Every JSON value of a document or of lines. A line that is no JSON costs itself alone."""
        if self.kind == "lines":
            head, position, last = self._head
            yield from head
            for line in self._lines(position, last):
                yield self._line(*line)
        elif self.kind == "document":
            yield self._document

    @cached_property
    def _document(self) -> Item:
        try:
            return Item("file", read(self.data))
        except NotJson as problem:
            try:
                return Item("file", recovered(self.data), str(problem))
            except NotJson:
                return Item("file", None, str(problem), _start(bytes(self.data[:4096])))

    @cached_property
    def _head(self) -> tuple[list[Item], int, int]:
        """The first lines, which are read once for :attr:`sample` and for :meth:`items`; where they end, and the number of the last."""
        head: list[Item] = []
        position, number, good = self._start, 0, 0
        for number, first, end in self._lines(self._start):
            head.append(self._line(number, first, end))
            position = end + 1
            good += head[-1].value is not None
            if good == _SAMPLE or (good and position > _HEAD_BYTES):
                break
        return head, position, number

    @cached_property
    def sample(self) -> list[Json]:
        """The first few values, for an adapter to recognise its format by; those of the first array if the document is one."""
        found: list[Json] = []
        for item in self._head[0] if self.kind == "lines" else self.items():
            if is_array(item.value):
                found += [value for value in itertools.islice(each(item.value), _SAMPLE) if not isinstance(value, NotJson)]
            elif item.value is not None:
                found.append(item.value)
            if len(found) >= _SAMPLE:
                break
        return found

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of what lies in a folder; empty for a file."""
        return frozenset(p.name for p in self.path.iterdir()) if self._folder else frozenset()

    @cached_property
    def entries(self) -> list[Entry]:
        """What an archive holds."""
        return entries(self.path, self.data)

    def inside(self, name: str) -> Self:
        """A file of the folder, which is opened once and closed with the folder.

        Raises:
            NotReadable: it cannot be opened.
        """
        if name not in self._inside:
            self._inside[name] = type(self)(self.path / name)
        return self._inside[name]

    @cached_property
    def sha256(self) -> str:
        """Of the file's bytes; of a folder's files with their names."""
        if not self._folder:
            return mmap_buffer.sha256(self._whole)
        sum_ = hashlib.sha256()
        for path in sorted(p for p in self.path.rglob("*") if p.is_file()):
            sum_.update(str(path.relative_to(self.path)).encode("utf-8", "surrogateescape") + b"\0")
            sum_.update(bytes.fromhex(mmap_buffer.sha256(mmap_buffer.opened(path))))
        return sum_.hexdigest()

    def close(self) -> None:
        """Let go of the file."""
        self.data = self._view = memoryview(b"")
        self._whole = self._bytes = b""
        for source in self._inside.values():
            source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


def cut_of(value: Json) -> str:
    """Why a value that was recovered is not whole; empty if it is."""
    return value.cut if isinstance(value, LazyObject | LazyArray) else ""


def _start(data: bytes) -> str:
    return decoded(data[:4000]).replace("\x00", "�")
