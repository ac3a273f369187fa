"""A unified diff by file, and the one way in which it is drawn."""

import difflib
import re
from collections.abc import Iterable
from typing import NamedTuple

_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_BEGINS = re.compile(r'diff --git "?a/(.+?)"? "?b/(.+?)"?$')
_SPAN = 50_000
"""Lines from the first to the last that a diff of a file may span."""


class Hunk(NamedTuple):
    """``old`` lines that follow ``at`` others in the file become ``new`` lines; both with what stands around the change."""

    at: int
    old: list[str]
    new: list[str]


def hunks_of(patch: str) -> dict[str, list[Hunk]] | None:
    """Path → the hunks that change it; ``None`` if ``patch`` is no unified diff, or an empty one.

    A file that is only renamed, or binary, has no hunk. A deleted file stands under its old name, any other under its new one.
    """
    found: dict[str, list[Hunk]] = {}
    path, old = "", ""
    left = right = 0
    for line in patch.splitlines():
        if left > 0 or right > 0:
            if line.startswith("\\"):
                continue
            kind = line[:1] or " "
            if kind not in " +-":
                return None
            hunk = found[path][-1]
            if kind != "+":
                hunk.old.append(line[1:])
                left -= 1
            if kind != "-":
                hunk.new.append(line[1:])
                right -= 1
        elif head := _HUNK.match(line):
            if not path:
                return None
            left, right = int(head[2] or 1), int(head[4] or 1)
            found[path].append(Hunk(int(head[1]) - (left > 0), [], []))
        elif begins := _BEGINS.match(line):
            path = begins[2]
            found.setdefault(path, [])
        elif line.startswith("--- "):
            old = _name(line)
        elif line.startswith("+++ "):
            path = _name(line) or old
            found.setdefault(path, [])
    return found if found and left == right == 0 else None


def _name(line: str) -> str:
    """The path of a header line; empty for ``/dev/null``."""
    name = line[4:].split("\t")[0].strip().strip('"')
    return "" if name == "/dev/null" else re.sub(r"^[ab]/", "", name)


def drawn(own: Iterable[Hunk], other: Iterable[Hunk]) -> str | None:
    """The hunks ``own`` of a file, drawn anew with three lines around each change; empty if they change nothing.

    Programs draw the same change differently. Two diffs of one file that leave the same lines are drawn alike here, each with the
    hunks of the other as ``other``: what either shows of the file is put together, and lines that neither shows stand as marks. Line
    numbers count from the first line that either shows. ``None`` for diffs that span over 50,000 lines.
    """
    own, other = sorted(own), sorted(other)
    low = min((h.at for h in (*own, *other)), default=0)
    span = max((h.at + len(h.old) for h in (*own, *other)), default=0) - low
    if span > _SPAN:
        return None
    before = [f"\0{i}" for i in range(span)]
    for hunk in (*other, *own):
        before[hunk.at - low : hunk.at - low + len(hunk.old)] = hunk.old
    after = list(before)
    for hunk in reversed(own):
        after[hunk.at - low : hunk.at - low + len(hunk.old)] = hunk.new
    return "\n".join(list(difflib.unified_diff(before, after, lineterm=""))[2:])
