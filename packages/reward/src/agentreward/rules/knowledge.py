"""What the agent has been shown so far, and where it was shown first. Only grows.

Texts are taken apart as bytes, by one table and one split: names are runs of letters, digits and underscores, so a path is
known by its parts. Lines are known without what stands before them in listings, search results and diffs.
"""

import keyword
import re
from collections.abc import Iterable
from itertools import filterfalse

_READ_AT_MOST = 200_000
_MEANINGFUL = 4
"""A shorter line (``else:`` has more, ``}`` fewer characters) says nothing about where it came from."""
_SHORT_NAME = 3
"""A shorter name is a word of any text."""
_QUERY = 500
_IN_NAMES = b"_" + bytes(range(48, 58)) + bytes(range(65, 91)) + bytes(range(97, 123)) + bytes(range(128, 256))
_NAMES = bytes(b if b in _IN_NAMES else 32 for b in range(256))
_MARKS = b" \t0123456789:|+-" + "→".encode()
_SITE = re.compile(rb":\d+[:-]")
_PATH_AND_SITE = re.compile(rb"[\w./-]+:\d+[:-]")
_KEYWORDS = frozenset(word.encode() for word in keyword.kwlist)


class Knowledge:
    """First sighting of names and lines of text, by step. Adding costs time linear in the text; a look-up is O(1)."""

    def __init__(self) -> None:
        self._names: dict[bytes, int] = {}
        self._lines: dict[bytes, int] = {}
        self._paths: dict[str, int] = {}

    def add(self, text: str, step: int) -> None:
        """The agent was shown ``text`` at ``step``."""
        data = _bytes(text[:_READ_AT_MOST])
        _note(self._names, data.translate(_NAMES).split(), step)
        _note(self._lines, _lines(data), step)

    def add_path(self, path: str, step: int) -> None:
        """The agent named a file that is there."""
        self._paths.setdefault(path, step)

    def path(self, path: str) -> int | None:
        """Step at which ``path`` was first named as one that is there, or else its module name (or, where that is short, its
        file name) was first shown."""
        found = self._paths.get(path)
        if found is not None or not path or path == ".":
            return found
        name = path.rsplit("/", 1)[-1]
        stem = name.rsplit(".", 1)[0]
        latest = None
        for part in _bytes(stem if len(stem) >= _SHORT_NAME else name).translate(_NAMES).split():
            step = self._names.get(part)
            if step is None:
                return None
            latest = step if latest is None else max(latest, step)
        return latest

    def lines(self, text: str) -> tuple[int, ...] | None:
        """Steps at which the lines of ``text`` were first shown; ``None`` if one was not, or none says anything."""
        steps = set()
        for line in _lines(_bytes(text)):
            if len(line) >= _MEANINGFUL:
                step = self._lines.get(line)
                if step is None:
                    return None
                steps.add(step)
        return tuple(sorted(steps)) if steps else None

    def words(self, text: str) -> int | None:
        """Step at which the longest name in ``text``, the one that says most, was first shown; or ``None``."""
        names = [n for n in _bytes(text[:_QUERY]).translate(_NAMES).split() if len(n) >= _SHORT_NAME and n not in _KEYWORDS]
        return self._names.get(max(names, key=len)) if names else None


def _note(seen: dict[bytes, int], found: Iterable[bytes], step: int) -> None:
    seen.update(dict.fromkeys(filterfalse(seen.__contains__, found), step))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _lines(data: bytes) -> list[bytes]:
    """Lines without indentation, numbers and signs before them; in search results, without the place."""
    lines = data.splitlines()
    if _SITE.search(data):
        lines = [line[m.end() :] if (m := _PATH_AND_SITE.match(line)) else line for line in lines]
    return [line.lstrip(_MARKS).rstrip() for line in lines]
