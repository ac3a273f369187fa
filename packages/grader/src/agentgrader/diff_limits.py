"""What a diff may be that is graded. Nothing of another one is parsed."""

import posixpath
import re

BYTES = 16 << 20
LINES = 500_000
FILES = 5_000
HUNKS = 20_000
_LINK = re.compile(
    r"^(?:new file mode|new mode|index \S+)[ \t]+0*12[0-7]{4}\b[^\n]*\n(?:(?:index|new|old|---) ?[^\n]*\n)*"
    r"(?:\+\+\+ (?:b/)?(?P<path>[^\n\t]*)[^\n]*\n@@ [^\n]*\n(?:-[^\n]*\n(?:\\[^\n]*\n)?)?\+(?P<target>[^\n]*))?",
    re.MULTILINE,
)


def refusal(diff: str) -> str:
    """Why ``diff`` is refused; empty if it is not. A few passes over its text, whatever it holds."""
    if len(diff) > BYTES:  # there are no fewer bytes than characters
        return _too_many(len(diff), "characters", BYTES)
    try:
        size = len(diff.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return "the diff holds characters that no file holds"
    text = f"\n{diff}"
    counts = (
        (size, "bytes", BYTES),
        (text.count("\n"), "lines", LINES),
        (max(text.count("\ndiff --git "), text.count("\n+++ ")), "files", FILES),
        (text.count("\n@@ "), "hunks", HUNKS),
    )
    return next((_too_many(*counted) for counted in counts if counted[0] > counted[2]), "") or _leaving(text)


def _leaving(text: str) -> str:
    """That a link leads out of the repository, where whoever reads it may find a device, a pipe or the host's own files."""
    for link in _LINK.finditer(text):
        path, target = (link[part] for part in ("path", "target"))
        if target is None:
            return "the diff makes a link of a file"
        if posixpath.normpath(posixpath.join(posixpath.dirname(path), target)).startswith(("/", "..")):
            return f"the diff adds a link that leads out of the repository: {path} to {target}"[:300]
    return ""


def _too_many(count: int, what: str, most: int) -> str:
    return f"the diff is too large to be graded: {count} {what}, at most {most}"
