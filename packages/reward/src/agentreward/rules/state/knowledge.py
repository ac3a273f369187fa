"""What the agent has been shown so far, and where. Only grows.

Names are runs of letters, digits and underscores, so a path is known by its parts; each is kept with the step that showed it first.
Lines are not kept. A line can have been shown no earlier than the youngest of its names, and so it is looked for there, then where
its file was looked at last, then in what was shown last. One that was shown somewhere else only, between two such looks, is missed.
"""

import keyword
from collections import deque

_READ_AT_MOST = 200_000
_MEANINGFUL = 4
"""A shorter line (``else:`` has more, ``}`` fewer characters) says nothing about where it came from."""
_LINES = 40
"""Of a longer text the first lines stand for the rest."""
_SHORT_NAME = 3
"""A shorter name is a word of any text."""
_QUERY = 500
_LOOKS, _LATELY = 4, 8
_EVERYWHERE = frozenset({"", "."})
_IN_NAMES = b"_" + bytes(range(48, 58)) + bytes(range(65, 91)) + bytes(range(97, 123)) + bytes(range(128, 256))
_NAMES = bytes(b if b in _IN_NAMES else 32 for b in range(256))
_BLANKS = b" \t"
_KEYWORDS = frozenset(word.encode() for word in keyword.kwlist)


class Knowledge:
    """Names and texts by step. Adding costs time linear in the text; a look-up reads at most a fixed number of texts."""

    def __init__(self) -> None:
        self._names: dict[bytes, int] = {}
        self._texts: dict[int, list[str]] = {}
        self._plain: dict[int, bytes] = {}
        self._looks: dict[str, tuple[int, ...]] = {}
        self._first_look: dict[str, int] = {}
        self._lately: deque[int] = deque(maxlen=_LATELY)

    def add(self, text: str, step: int) -> None:
        """The agent was shown ``text`` at ``step``."""
        text = text[:_READ_AT_MOST]
        known = self._names
        for name in text.encode("utf-8", "surrogatepass").translate(_NAMES).split():
            if name not in known:
                known[name] = step
        texts = self._texts.get(step)
        if texts is None:
            self._texts[step] = [text]
            self._lately.append(step)
        else:
            texts.append(text)
            self._plain.pop(step, None)

    def look(self, path: str, step: int) -> None:
        """The agent read, searched or changed a file that is there."""
        earlier = self._looks.get(path)
        if earlier is None:
            self._looks[path] = (step,)
            self._first_look[path] = step
        else:
            self._looks[path] = (*earlier[1 - _LOOKS :], step)

    def path(self, path: str) -> int | None:
        """Step of the first look at ``path``, or else the one by which its module name (or, where that is short, its file name)
        had been shown."""
        found = self._first_look.get(path)
        if found is not None or path in _EVERYWHERE:
            return found
        name = path.rsplit("/", 1)[-1]
        stem = name.rsplit(".", 1)[0]
        return self._youngest(_names(stem if len(stem) >= _SHORT_NAME else name))

    def lines(self, text: str, path: str = "") -> tuple[int, ...] | None:
        """Steps that showed the lines of ``text``, which belongs to the file ``path``; ``None`` if one was not found, or none says
        anything."""
        steps: set[int] = set()
        for raw in text.splitlines()[:_LINES]:
            line = _encoded(raw).translate(None, _BLANKS)
            if len(line) >= _MEANINGFUL:
                step = self._shown(line, _names(raw), path)
                if step is None:
                    return None
                steps.add(step)
        return tuple(sorted(steps)) if steps else None

    def words(self, text: str) -> int | None:
        """Step at which the longest name in ``text``, the one that says most, was first shown; or ``None``."""
        names = [n for n in _names(text[:_QUERY]) if len(n) >= _SHORT_NAME and n not in _KEYWORDS]
        return self._names.get(max(names, key=len)) if names else None

    def _shown(self, line: bytes, names: list[bytes], path: str) -> int | None:
        youngest = self._youngest(names)
        if youngest is None and names:
            return None
        places: list[int] = [*self._looks.get(path, ()), *self._lately]
        for step in places if youngest is None else [youngest, *places]:
            if line in self._without_blanks(step):
                return step
        return None

    def _youngest(self, names: list[bytes]) -> int | None:
        """Step by which all of ``names`` had been shown."""
        latest = None
        for name in names:
            step = self._names.get(name)
            if step is None:
                return None
            if latest is None or step > latest:
                latest = step
        return latest

    def _without_blanks(self, step: int) -> bytes:
        plain = self._plain.get(step)
        if plain is None:
            plain = self._plain[step] = _encoded("\n".join(self._texts.get(step, ()))).translate(None, _BLANKS)
        return plain


def _names(text: str) -> list[bytes]:
    return text.encode("utf-8", "surrogatepass").translate(_NAMES).split()


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
