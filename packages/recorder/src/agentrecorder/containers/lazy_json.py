"""Large JSON values without building them: where the parts of an object or array begin and end, and one part at a time.

A regular expression that runs over whole values finds the spans; memory is theirs alone. A text that is cut off yields every part
that is whole, an object or array at its end with what is there of it, and says so in ``cut``.
"""

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, overload

from agentrecorder.containers.mmap_buffer import WINDOW, release

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_WHOLE_STRING = re.compile(_STRING, re.DOTALL)
_OPEN = re.compile(rb"[\[{]")
_SOMETHING = re.compile(rb"[^ \t\r\n]")


def _bracketed(levels: int) -> bytes:
    """Pattern of a value in brackets with as many levels of them, its own included."""
    inside = b"|" + _bracketed(levels - 1) if levels > 1 else b""
    return rb'[\[{][^"\[\]{}]*+(?:(?:' + _STRING + inside + rb')[^"\[\]{}]*+)*+[\]}]'


_TOKEN = re.compile(_STRING + b"|" + _bracketed(8) + rb'|[\[\]{},:]|"', re.DOTALL)
"""A whole string, a whole value in brackets, a structural character, or the quote of a string that never ends.

A value that nests deeper, or does not end, is walked through bracket by bracket, so that any depth is read.
"""
_BLANK = b" \t\r\n"
_QUOTE, _COMMA, _COLON, _OPENING, _CLOSING = *b'",:', b"[{", b"]}"
Span = tuple[int, int, int]
"""Where a part's key ends (-1 without one), where the part begins, key included, and where it ends."""
Read = Callable[[memoryview], Any]


def _tokens(data: memoryview, start: int) -> Iterator[tuple[int, int]]:
    """Where tokens begin and end. They are looked for in one window after another; a value that does not fit is walked through."""
    while start < len(data):
        stop = min(start + WINDOW, len(data))
        for token in _TOKEN.finditer(data, start, stop):
            first, end = token.span()
            if data[first] == _QUOTE and end - first == 1 and stop < len(data):
                string = _WHOLE_STRING.match(data, first)
                stop = end if string is None else string.end()
                yield first, stop
                break
            yield first, end
        start = stop
        release(data)


class _Lazy:
    """Spans of the parts of ``data``, found on first use."""

    def __init__(self, data: memoryview, read: Read) -> None:
        self._data = data
        self._reader = read
        self._walked = 0

    def _read(self, start: int, end: int) -> Any:
        self._walked += end - start
        if self._walked > WINDOW:
            release(self._data)
            self._walked = 0
        return self._reader(self._data[start:end])

    @property
    def raw(self) -> bytes:
        """The text itself."""
        return bytes(self._data)

    @property
    def cut(self) -> str:
        """Why the text is not just this value, whole; empty if it is."""
        return self._scanned[1]

    @property
    def start(self) -> bytes:
        """The first bytes of the text."""
        return bytes(self._data[:8192])

    @property
    def _spans(self) -> list[Span]:
        return self._scanned[0]

    @functools.cached_property
    def _scanned(self) -> tuple[list[Span], str]:
        found: list[Span] = []
        return found, self._scan(found)

    def _scan(self, found: list[Span]) -> str:
        data = self._data
        opening = _OPEN.search(data)
        if opening is None:
            return "no object and no array"
        depth, start, colon = 1, opening.end(), -1
        cut = f"the text ends at byte {len(data)}, inside the value"
        for first, end in _tokens(data, start):
            mark = data[first]
            if mark == _QUOTE:
                if end - first == 1:
                    cut = f"a string that begins at byte {first} does not end"
                    break
            elif mark in _OPENING:
                depth += end - first == 1
            elif mark in _CLOSING:
                depth -= 1
                if depth == 0:
                    if _SOMETHING.search(data, start, first):
                        found.append((colon, start, first))
                    rest = bytes(data[end : end + 4096]).strip(_BLANK)
                    return f"more text after the value's end at byte {end}" if rest else ""
            elif depth == 1 and mark == _COMMA:
                found.append((colon, start, first))
                start, colon = end, -1
            elif depth == 1 and colon < 0 and mark == _COLON:
                colon = first
        if data[start if colon < 0 else colon + 1 :][:4096].tobytes().lstrip(_BLANK)[:1] in (b"[", b"{"):
            found.append((colon, start, len(data)))
        return cut


class LazyArray(_Lazy, Sequence[Any]):
    """A JSON array, each element read when it is asked for and not kept."""

    def __len__(self) -> int:
        return len(self._spans)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        _, start, end = self._spans[index]
        return self._read(start, end)

    def __iter__(self) -> Iterator[Any]:
        for _, start, end in self._spans:
            yield self._read(start, end)


class LazyObject(_Lazy, Mapping[str, Any]):
    """A JSON object, each value read when it is asked for and not kept, but for spans. Of keys that stand twice the last counts."""

    def __init__(self, data: memoryview, read: Read) -> None:
        super().__init__(data, read)
        self._large: dict[str, _Lazy] = {}

    @functools.cached_property
    def _places(self) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        for colon, start, end in self._spans:
            with suppress(ValueError):  # a key that cannot be read costs its value alone
                found |= {str(self._read(start, colon)): (colon + 1, end)} if colon >= 0 else {}
        return found

    def __getitem__(self, key: str) -> Any:
        if key in self._large:
            return self._large[key]
        start, end = self._places[key]
        value = self._read(start, end)
        if isinstance(value, _Lazy):
            self._large[key] = value
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
