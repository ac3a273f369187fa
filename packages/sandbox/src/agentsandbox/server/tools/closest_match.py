"""Where a text that is not in a file comes closest to being there."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

_LINES_MAX, _SOUGHT_MAX, _WIDTH = 10_000, 100, 200  # lines looked through, lines compared, characters of a line
_SHOWN, _REGION = 3, 20
_ALIKE = 0.6


def nearest(text: str, sought: str) -> str:
    """Lines of ``text`` that ``sought`` may mean, in words for an agent; empty if nothing is alike.

    First the same lines with other white space, then single lines like the longest one sought.
    """
    lines = text.splitlines()[:_LINES_MAX]
    wanted = [line for line in (" ".join(raw.split()) for raw in sought.splitlines()) if line][:_SOUGHT_MAX]
    if not wanted:
        return ""
    there = [(n, line) for n, line in enumerate((" ".join(raw.split()) for raw in lines), 1) if line]
    for i in range(len(there) - len(wanted) + 1):
        if there[i][1] == wanted[0] and [line for _, line in there[i : i + len(wanted)]] == wanted:
            first, last = there[i][0], there[i + len(wanted) - 1][0]
            return f"the same with other white space:\n{_shown(lines, range(first, last + 1))}"
    longest = max(wanted, key=len)[:_WIDTH]
    alike = difflib.get_close_matches(longest, dict.fromkeys(line[:_WIDTH] for _, line in there), _SHOWN, _ALIKE)
    numbers = [next(n for n, line in there if line[:_WIDTH] == found) for found in alike]
    return f"the nearest lines:\n{_shown(lines, numbers)}" if numbers else ""


def _shown(lines: list[str], numbers: Sequence[int]) -> str:
    return "\n".join(f"{n}: {lines[n - 1][:_WIDTH]}" for n in numbers[:_REGION])
