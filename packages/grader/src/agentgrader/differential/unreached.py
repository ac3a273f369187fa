"""Code of a diff that no compared call reaches: what it does there is not known."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

Blocks = Mapping[str, Sequence[tuple[str, int]] | None]
"""Path → digest and line of each block in its functions (:mod:`agentgrader.probes.blocks`); ``None`` if they cannot be told."""
_MOST = 4000
"""Blocks that are watched; of more, the rest counts as not reached."""
_NAMED = 20
"""Places that are named: a diff may have any number of them."""


@dataclass(frozen=True)
class NewBlocks:
    """Blocks that a diff has and the gold patch has not, with their places, by number."""

    places: tuple[tuple[str, int, int], ...] = ()
    """Path, place among the blocks of the file, and line."""

    @property
    def noted(self) -> dict[str, list[tuple[int, int]]]:
        """As :attr:`agentgrader.calls.Setting.noted` takes them."""
        found: dict[str, list[tuple[int, int]]] = {}
        for number, (path, place, _) in enumerate(self.places[:_MOST]):
            found.setdefault(path, []).append((place, number))
        return found

    def unreached(self, reached: Collection[int]) -> tuple[str, ...]:
        """``path:line`` of those that are not among the ``reached`` numbers: the first few, and how many more there are."""
        left = list(dict.fromkeys(f"{path}:{line}" for number, (path, _, line) in enumerate(self.places) if number not in reached))
        more = [f"{len(left) - _NAMED} more lines"] if len(left) > _NAMED else []
        return (*left[:_NAMED], *more)


def new_blocks(gold: Blocks, candidate: Blocks) -> NewBlocks:
    """What is the same in the gold patch's files is not new, wherever the diff has it, as often as it is there. Of a file whose blocks
    cannot be told all is new.
    """
    kept = {path: Counter(digest for digest, _ in entries or ()) for path, entries in gold.items()}
    there = {path: Counter(digest for digest, _ in entries or ()) for path, entries in candidate.items()}
    gone: Counter[str] = Counter()
    for path, counts in kept.items():
        gone += counts - there.get(path, Counter())
    places: list[tuple[str, int, int]] = []
    for path, entries in sorted(candidate.items()):
        if entries is None:
            places.append((path, -1, 1))
            continue
        more = there[path] - kept.get(path, Counter())
        new = {digest for digest, times in more.items() if gone[digest] < times}
        gone -= Counter({digest: times for digest, times in more.items() if digest not in new})
        places += [(path, n, line) for n, (digest, line) in enumerate(entries) if digest in new]
    return NewBlocks(tuple(places))
