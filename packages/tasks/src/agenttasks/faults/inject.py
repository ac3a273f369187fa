"""Candidate tasks: which faults go into which library, in an order that depends on nothing but the seed and the library.

The order is prefix-stable: a longer pool begins with the shorter one. It is stratified: libraries take turns, two in five tasks
have faults in several places, and operators take turns.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Literal

from trajschema.ids import content_id, digest

from agenttasks.faults.mutation import Edit, Mutation, splice
from agenttasks.faults.operators import REMOVALS, SIMPLE, candidates
from agenttasks.libraries.library import Library, libraries

Kind = Literal["single", "multi"]


@dataclass(frozen=True)
class Candidate:
    """Faults for one task; not validated."""

    library: Library
    mutations: tuple[Mutation, ...]
    """One for each place, in path and line order."""

    @cached_property
    def id(self) -> str:
        """Content id: library release and faults."""
        return content_id([self.library.name, self.library.version, self.library.sha256, [m.id for m in self.mutations]])

    @property
    def operators(self) -> tuple[str, ...]:
        return tuple(m.operator for m in self.mutations)


def faulty(files: Mapping[str, str], mutations: Sequence[Mutation]) -> dict[str, str]:
    """The files that ``mutations`` change, changed.

    Raises:
        ValueError: two mutations overlap, or one was made for another text.
        KeyError: a mutation names a file that is not there.
    """
    edits: dict[str, list[Edit]] = defaultdict(list)
    for mutation in mutations:
        edits[mutation.path] += mutation.edits
    return {path: splice(files[path], changes) for path, changes in sorted(edits.items())}


def turns(names: Sequence[str], seed: int) -> Iterator[str]:
    """Whose turn it is, without end: in every round each library has one, in an order of that round's own."""
    for turn in count():
        yield from sorted(set(names), key=lambda name: digest([seed, turn, name]))
        if not names:
            return


def kind_at(position: int) -> Kind:
    """What the pool has at a 0-based position: two in five tasks have several places, evenly spread."""
    return "multi" if (position + 1) * 2 // 5 > position * 2 // 5 else "single"


def queue(
    library: Library, files: Mapping[str, str], seed: int, kind: Kind, tested: Callable[[Mutation], bool] = lambda mutation: True
) -> Iterator[Candidate]:
    """Candidates of one kind for one library, in the order in which they are tried.

    ``files`` are its sources by path. Mutations that are not ``tested`` are passed over.
    """
    found = [mutation for path, text in sorted(files.items()) for mutation in candidates(text, path) if tested(mutation)]
    piles = _Piles(found, [seed, library.name, kind], _position(library.name))
    yield from (_multis(library, piles) if kind == "multi" else _singles(library, piles))


class _Piles:
    """Shuffled mutations by operator. Drawing takes one from the pile whose turn it is."""

    def __init__(self, found: Sequence[Mutation], salt: Sequence[object], offset: int) -> None:
        piles: dict[str, list[Mutation]] = defaultdict(list)
        for mutation in sorted(found, key=lambda m: digest([*salt, m.id]), reverse=True):
            piles[mutation.operator].append(mutation)
        self._piles = piles
        cycles = ((True, SIMPLE), (False, REMOVALS))
        self._turns = {simple: sorted(names, key=lambda name: digest([salt[0], name])) for simple, names in cycles}
        self._next = {True: offset, False: offset}

    def draw(self, simple: bool, beside: Sequence[Mutation] = ()) -> Mutation | None:
        """The next mutation of the operator whose turn it is that stands in none of the functions of ``beside``, else of the next one."""
        cycle = self._turns[simple]
        for step in range(len(cycle)):
            operator = cycle[(self._next[simple] + step) % len(cycle)]
            pile = self._piles[operator]
            for index in range(len(pile) - 1, max(-1, len(pile) - 9), -1):
                if all(_apart(pile[index], other) for other in beside):
                    self._next[simple] += step + 1
                    return pile.pop(index)
        return None


def _apart(one: Mutation, other: Mutation) -> bool:
    """Different operators in different functions, or in different files."""
    functions = set(one.function.split(", ")) & set(other.function.split(", "))
    nested = any(a.startswith(f"{b}.") or b.startswith(f"{a}.") for a in one.function.split(", ") for b in other.function.split(", "))
    return one.operator != other.operator and (one.path != other.path or not (functions or nested))


def _singles(library: Library, piles: _Piles) -> Iterator[Candidate]:
    """Two simple faults, then a removal, until both are used up. Of the removals fewer pass validation: about a quarter of the tasks."""
    for turn in count(_position(library.name)):
        simple = turn % 3 != 2
        mutation = piles.draw(simple) or piles.draw(not simple)
        if mutation is None:
            return
        yield Candidate(library, (mutation,))


def _multis(library: Library, piles: _Piles) -> Iterator[Candidate]:
    """Two faults, now and then three; mostly simple ones, so that fixing them one by one is a way."""
    for turn in count(_position(library.name)):
        wishes = (True, True, True) if turn % 4 == 3 else (True, turn % 4 != 1)
        chosen: list[Mutation] = []
        for simple in wishes:
            mutation = piles.draw(simple, chosen) or piles.draw(not simple, chosen)
            if mutation is not None:
                chosen.append(mutation)
        if len(chosen) < 2:
            return
        yield Candidate(library, tuple(sorted(chosen, key=lambda m: (m.path, m.edits))))


def _position(name: str) -> int:
    """Place in the table, so that libraries start at different operators; 0 for a library from elsewhere."""
    known = list(libraries())
    return known.index(name) if name in known else 0
