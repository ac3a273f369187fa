"""Which lines of a file have been shown since it last changed."""

from bisect import bisect_right

_LAST = 10**9


class Coverage:
    """Disjoint line ranges per file, each with the step that showed it last."""

    def __init__(self) -> None:
        self._files: dict[str, list[tuple[int, int, int]]] = {}

    def forget(self, path: str) -> None:
        """The file changed."""
        self._files.pop(path, None)

    def forget_all(self) -> None:
        """Any file may have changed."""
        self._files.clear()

    def shown_by(self, path: str, start: int | None, end: int | None) -> int | None:
        """Step that showed all of these lines, or ``None``."""
        first, last = start or 1, end or _LAST
        ranges = self._files.get(path, [])
        at = bisect_right(ranges, (first, _LAST + 1, 0)) - 1
        return ranges[at][2] if at >= 0 and ranges[at][1] >= last else None

    def add(self, path: str, start: int | None, end: int | None, step: int) -> None:
        """These lines were shown; ranges that touch are merged, so each look costs O(1) amortised over the run."""
        first, last = start or 1, end or _LAST
        if last < first:
            return
        ranges = self._files.setdefault(path, [])
        low = bisect_right(ranges, (first, _LAST + 1, 0))
        if low and ranges[low - 1][1] >= first - 1:
            low -= 1
        high = low
        while high < len(ranges) and ranges[high][0] <= last + 1:
            first, last = min(first, ranges[high][0]), max(last, ranges[high][1])
            high += 1
        ranges[low:high] = [(first, last, step)]
