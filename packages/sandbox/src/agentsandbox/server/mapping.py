"""Paths as the agent sees them, and where they really are. The same paths in a container; different ones for plain processes."""

from __future__ import annotations

import re
from collections.abc import Callable


class PathMap:
    """Translates between seen and real paths. ``pairs`` lists (seen, real); none for no difference."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        pairs = [(seen, real) for seen, real in pairs if seen != real]
        self._real = dict(pairs)
        self._seen = {real.encode(): seen.encode() for seen, real in pairs}
        self._inward = _any_of([re.escape(seen) for seen in self._real], r"(?<![\w./-])", r"(?![\w.-])")
        self._outward = re.compile(b"|".join(re.escape(real) for real in _longest_first(self._seen))) if pairs else None
        self._held = max((len(real) for real in self._seen), default=1) - 1

    def inward(self, text: str) -> str:
        """``text`` with every seen path replaced by the real one. A path inside a longer name stays."""
        return self._inward.sub(lambda m: self._real[m[0]], text) if self._inward else text

    def outward(self, data: bytes) -> bytes:
        """``data`` with every real path replaced by the seen one."""
        return self._outward.sub(lambda m: self._seen[m[0]], data) if self._outward else data

    def outward_text(self, text: str) -> str:
        """The same for text."""
        return self.outward(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")

    def unfinished(self, data: bytes) -> int:
        """Length of the longest end of ``data`` that may be the start of a real path, and is no part of a whole one."""
        whole = 0
        for match in self._outward.finditer(data) if self._outward else ():
            whole = match.end()
        for size in range(min(self._held, len(data) - whole), 0, -1):
            if any(real.startswith(data[-size:]) for real in self._seen):
                return size
        return 0


class OutwardStream:
    """Maps a stream of bytes outward, whatever pieces it comes in."""

    def __init__(self, paths: PathMap, feed: Callable[[bytes], object]) -> None:
        self._paths = paths
        self._feed = feed
        self._carry = b""

    def feed(self, data: bytes) -> None:
        """Take the next piece."""
        data = self._carry + data
        keep = self._paths.unfinished(data)
        self._carry = data[len(data) - keep :]
        self._feed(self._paths.outward(data[: len(data) - keep]))

    def finish(self) -> None:
        """Pass on what was held back."""
        self._feed(self._paths.outward(self._carry))
        self._carry = b""


def _longest_first(names: dict[bytes, bytes]) -> list[bytes]:
    return sorted(names, key=lambda n: (-len(n), n))


def _any_of(patterns: list[str], before: str, after: str) -> re.Pattern[str] | None:
    return re.compile(f"{before}(?:{'|'.join(sorted(patterns, key=lambda p: (-len(p), p)))}){after}") if patterns else None
