"""A unified diff by file, and the one way in which it is drawn."""

import difflib
from collections.abc import Iterable
from typing import NamedTuple

from trajschema.diffs import read_diff

_SPAN = 50_000
"""Lines from the first to the last that a diff of a file may span."""


class Hunk(NamedTuple):
    """``old`` lines that follow ``at`` others in the file become ``new`` lines; both with the lines around the change."""

    at: int
    old: list[str]
    new: list[str]


def hunks_of(patch: str) -> dict[str, list[Hunk]] | None:
    """Path → the hunks that change it; ``None`` if ``patch`` is no unified diff, an empty one, or one that is cut off.

    A file that is only renamed, or binary, has no hunk. A deleted file is listed by its old name, any other by its new one.
    """
    found: dict[str, list[Hunk]] = {}
    for file in read_diff(patch):
        if not all(hunk.whole for hunk in file.hunks):
            return None
        found.setdefault(file.path, []).extend(Hunk(h.old_start - (h.old_count > 0), h.old, h.new) for h in file.hunks)
    return found or None


def drawn(own: Iterable[Hunk], other: Iterable[Hunk]) -> str | None:
    """The hunks ``own`` of a file, written again with three lines around each change; empty if they change nothing.

    Programs draw the same change differently. Two diffs of one file that leave the same lines are drawn alike here, each with the
    hunks of the other as ``other``: what either shows of the file is put together, and lines that neither shows become marks. Line
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
