"""What the agent has been shown so far, and where it was shown first. Only grows."""

import re

_TOKEN = re.compile(r"[A-Za-z_][\w./-]{2,}")
_LINE_MARK = re.compile(r"^(?:[\w./-]+:)?[ \t]*\d+[ \t]*[:|\t→-]?[ \t]?|^[+-] ?(?![+-])", re.MULTILINE)
_READ_AT_MOST = 200_000
_MEANINGFUL = 4
"""A shorter line (``else:`` has more, ``}`` fewer characters) says nothing about where it came from."""


class Knowledge:
    """First sighting of paths, names and lines of text, by step. Adding costs time linear in the text; a look-up is O(1)."""

    def __init__(self) -> None:
        self._tokens: dict[str, int] = {}
        self._lines: dict[str, int] = {}

    def add(self, text: str, step: int) -> None:
        """The agent was shown ``text`` at ``step``."""
        text = text[:_READ_AT_MOST]
        tokens = set(_TOKEN.findall(text))
        for token in tokens.difference(self._tokens):
            self._tokens[token] = step
            if "/" in token or "." in token:
                self._parts(token, step)
        lines = {line.strip() for line in _LINE_MARK.sub("", text).splitlines()}
        lines |= {line.strip() for line in text.splitlines()}
        for line in lines.difference(self._lines):
            self._lines[line] = step

    def add_path(self, path: str, step: int) -> None:
        """The agent named a file that is there."""
        self._tokens.setdefault(path, step)

    def _parts(self, token: str, step: int) -> None:
        token = token.rstrip(".")
        self._tokens.setdefault(token, step)
        self._tokens.setdefault(token.rsplit("/", 1)[-1], step)
        if token.endswith((".py", ".js", ".c", ".go", ".rs", ".ts", ".java")):
            self._tokens.setdefault(token.rsplit("/", 1)[-1].rsplit(".", 1)[0], step)

    def path(self, path: str) -> int | None:
        """Step at which ``path``, its file name or its module name was first shown."""
        if not path or path == ".":
            return None
        name = path.rsplit("/", 1)[-1]
        for form in (path, name, name.rsplit(".", 1)[0]):
            if form in self._tokens:
                return self._tokens[form]
        return None

    def lines(self, text: str) -> tuple[int, ...] | None:
        """Steps at which the lines of ``text`` were first shown; ``None`` if one was not, or none says anything."""
        wanted = [line for line in (raw.strip() for raw in text.splitlines()) if len(line) >= _MEANINGFUL]
        steps = set()
        for line in wanted:
            step = self._lines.get(line)
            if step is None:
                return None
            steps.add(step)
        return tuple(sorted(steps)) if wanted else None

    def words(self, text: str) -> int | None:
        """Step at which a name in ``text`` was first shown; the earliest, or ``None``."""
        steps = [self._tokens[token] for token in _TOKEN.findall(text[:500]) if token in self._tokens]
        return min(steps) if steps else None
