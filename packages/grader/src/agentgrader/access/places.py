"""Places where code reaches for something, and which of them a diff adds: what is held already is no offence, wherever it is moved."""

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from agentgrader.access.fold import Exhausted
from agentgrader.access.reach import STANDARD
from agentgrader.access.scopes import given_at_top
from agentgrader.syntax import parse

LARGEST = 2 << 20
"""Bytes of a file that is looked through."""
UNREADABLE = (SyntaxError, ValueError)
"""What a source raises that is no Python here."""
TOO_MUCH = (RecursionError, MemoryError, Exhausted)
"""What a source raises that takes too much to read."""
_MOST = 20
"""Places that are named."""
_QUOTED = 100


@dataclass(frozen=True)
class Reach:
    """One place where code reaches for something."""

    kind: str
    """What for, in words."""
    what: str
    """By what name."""
    line: int
    """From 1; 0 for the file."""


@dataclass(frozen=True)
class Place:
    """Something reached for in a file."""

    path: str
    reach: Reach

    @property
    def key(self) -> tuple[str, str]:
        """What is counted."""
        return self.reach.kind, self.reach.what


Held = Counter[tuple[str, str]]
"""How often each kind and name may be there."""


def held(sources: Mapping[str, bytes | None], places: Callable[[str, bytes | None], Iterable[Place]]) -> Held:
    """What ``sources`` (by path) hold, as ``places`` finds it in each."""
    return Counter(place.key for path in sorted(sources) for place in places(path, sources[path]))


def added(
    before: Held,
    base: Mapping[str, bytes],
    changed: Mapping[str, bytes | None],
    places: Callable[[str, bytes | None], Iterable[Place]],
) -> list[Place]:
    """Places in ``changed`` sources beyond those that were there ``before``, by path and line. ``base`` has the lines of before."""
    left = before.copy()
    found: list[Place] = []
    for path in sorted(changed):
        old = set((base.get(path) or b"").splitlines())
        lines = (changed[path] or b"").splitlines()
        # where a file has more of a kind than before, the new lines are the ones to name
        for place in sorted(
            places(path, changed[path]), key=lambda p: 0 < p.reach.line <= len(lines) and lines[p.reach.line - 1] not in old
        ):
            if left[place.key] > 0:
                left[place.key] -= 1
            else:
                found.append(place)
    return sorted(found, key=lambda p: (p.path, p.reach.line))


def notes(places: Iterable[Place], changed: Mapping[str, bytes | None]) -> Iterator[str]:
    """``path:line: what for: name, in `the line```, one for each line, the first few."""
    seen: dict[tuple[str, int], list[str]] = {}
    for place in places:
        seen.setdefault((place.path, place.reach.line), []).append(f"{place.reach.kind}: {place.reach.what}")
    for (path, line), what in list(seen.items())[:_MOST]:
        lines = (changed[path] or b"").splitlines()
        quoted = lines[line - 1].decode("utf-8", "replace").strip()[:_QUOTED] if 0 < line <= len(lines) else ""
        said = "; ".join(dict.fromkeys(what))
        yield f"{path}:{line}: {said}, in `{quoted}`" if quoted else f"{path}: {said}"
    if len(seen) > _MOST:
        yield f"{len(seen) - _MOST} more lines"


def below(origin: str, table: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Kind and name of what a ``table`` (dotted name → kind) says of ``origin``: what is below a name counts as well."""
    parts = origin.split(".")
    for end in range(1, len(parts) + 1):
        name = ".".join(parts[:end])
        if name in table:
            yield table[name], name


def constants_of(changed: Mapping[str, bytes | None]) -> dict[str, list[ast.expr]]:
    """Name → constants that a module of the diff gives it."""
    found: dict[str, list[ast.expr]] = {}
    for source in (changed[path] for path in changed if path.endswith(".py")):
        with suppress(*UNREADABLE, *TOO_MUCH):
            if source is not None and len(source) <= LARGEST:
                for name, given in given_at_top(parse(source)).items():
                    found.setdefault(name, []).extend(given)
    return found


def own_names(paths: Iterable[str]) -> frozenset[str]:
    """Names of modules and packages among the ``paths`` of a repository, without those of the standard library and of test runners."""
    return frozenset({part.removesuffix(".py") for path in paths if path.endswith(".py") for part in path.split("/")} - STANDARD)
