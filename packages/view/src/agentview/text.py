"""Text of runs made fit to show: nothing in it can break the page, hide, or flood it."""

import json
import re
from dataclasses import dataclass

_UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffe\uffff]")
"""Control characters, direction overrides and invisible marks, lone surrogates."""


@dataclass(frozen=True)
class Excerpt:
    """The head of a text, and how much of it is not shown."""

    text: str
    more_lines: int
    more_characters: int

    @property
    def cut(self) -> str:
        """What is missing, in words; empty if nothing is."""
        if self.more_lines:
            return f"{self.more_lines:,} more line{'' if self.more_lines == 1 else 's'}"
        return f"{self.more_characters:,} more characters" if self.more_characters else ""


def clean(text: str) -> str:
    """``text`` with what cannot be shown written as escapes (``\\x1b``, ``\\u202e``), and ``\\n`` line ends."""
    return _UNSHOWABLE.sub(_escape, text.replace("\r\n", "\n"))


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def head(text: str, lines: int = 14, characters: int = 1_400) -> Excerpt:
    """The first ``lines`` lines of the cleaned text, ``characters`` characters at most."""
    whole = clean(text).rstrip("\n")
    kept = "\n".join(whole.split("\n")[:lines])[:characters]
    rest = whole[len(kept) :]
    return Excerpt(kept, rest.count("\n"), len(rest))


def arguments(text: str) -> list[tuple[str, str]]:
    """Name and value of each argument of a call. What is no JSON object is one argument without a name."""
    try:
        value = json.loads(text)
    except ValueError:
        return [("", text)]
    if not isinstance(value, dict):
        return [("", text)]
    return [(str(k), v if isinstance(v, str) else json.dumps(v, ensure_ascii=False)) for k, v in value.items()]
