"""What whole files held, as far as it was shown or written."""

import re

_NUMBERED = re.compile(r"^ *\d+(?:\t|→)", re.MULTILINE)


class Contents:
    """Per file what it holds, and what it held. Texts are kept as their hashes only."""

    def __init__(self) -> None:
        self._now: dict[str, tuple[int, int]] = {}
        self._held: set[tuple[str, int]] = set()

    def show(self, path: str, text: str, step: int) -> None:
        """The file was shown whole, or written."""
        held = _hash(text)
        self._now.setdefault(path, (held, step))
        self._held.add((path, held))

    def forget(self, path: str) -> None:
        """The file changed."""
        self._now.pop(path, None)

    def forget_all(self) -> None:
        """Any file may have changed."""
        self._now.clear()

    def as_is(self, path: str, text: str) -> int | None:
        """Step that showed ``text`` as what the file holds now, or ``None``."""
        now = self._now.get(path)
        return now[1] if now is not None and now[0] == _hash(text) else None

    def was(self, path: str, text: str) -> bool:
        """Whether the file was ever seen to hold ``text``."""
        return (path, _hash(text)) in self._held


def _hash(text: str) -> int:
    """Of the text of a file, whether it was shown with numbered lines or not."""
    return hash((_NUMBERED.sub("", text) if _NUMBERED.match(text) else text).rstrip())
