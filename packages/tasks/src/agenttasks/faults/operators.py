"""Fault operators on source text: every edit that could be a fault, or the repair of one.

The simple operators are closed under inversion: what one of them did, a candidate of the changed text undoes. A repair search
therefore enumerates :func:`candidates` of the faulty file with :data:`SIMPLE`.
"""

from collections.abc import Callable, Collection, Mapping
from itertools import pairwise
from types import MappingProxyType

from agenttasks.faults import operators_expression as expression
from agenttasks.faults import operators_statement as statement
from agenttasks.faults.mutation import Edit, Mutation
from agenttasks.faults.operators_expression import Edits
from agenttasks.faults.sites import Site, Source, sites

SIMPLE: tuple[str, ...] = (
    "comparison",
    "boolean_operator",
    "arithmetic",
    "off_by_one",
    "negate_if",
    "flip_boolean",
    "swap_if_else",
    "swap_arguments",
    "invert_return",
)
"""Operators whose faults the same operators repair."""

REMOVALS: tuple[str, ...] = (
    "return_none",
    "remove_body",
    "remove_condition",
    "remove_assignment",
    "remove_loop",
    "drop_except",
    "remove_decorator",
    "several_bodies",
)
"""Operators that take code away."""

_OPERATORS: Mapping[str, Callable[[Source, Site], Edits]] = MappingProxyType(
    {name: getattr(expression, name) for name in SIMPLE} | {name: getattr(statement, name) for name in REMOVALS if name != "several_bodies"}
)


def candidates(source: str, path: str, operators: Collection[str] = (*SIMPLE, *REMOVALS)) -> list[Mutation]:
    """Every mutation of a file by the named operators, ordered by line, operator and position.

    Each compiles, differs from ``source`` and is undone byte for byte by :meth:`Mutation.undo`. Only code inside functions is changed.

    Raises:
        SyntaxError: ``source`` is no Python.
        KeyError: an operator of that name does not exist.
    """
    text = Source(source)
    places = list(sites(text))
    names = [name for name in (*SIMPLE, *REMOVALS) if name in operators]
    unknown = set(operators) - {*SIMPLE, *REMOVALS}
    if unknown:
        raise KeyError(f"no fault operator is called {sorted(unknown)[0]!r}; known: {', '.join((*SIMPLE, *REMOVALS))}")
    found = [
        Mutation(name, path, place.function, text.line(edits[0].start), _touched(name, text, place, edits), edits)
        for name in names
        if name in _OPERATORS
        for place in places
        for edits in _OPERATORS[name](text, place)
    ]
    if "several_bodies" in names:
        found += _several_bodies(text, places, path)
    rank = {name: index for index, name in enumerate((*SIMPLE, *REMOVALS))}
    return sorted(found, key=lambda m: (m.line, rank[m.operator], m.edits))


def _touched(name: str, text: Source, place: Site, edits: tuple[Edit, ...]) -> tuple[int, ...]:
    """Lines that a fault changes. A decorator runs at import but changes what every line of its function means."""
    if name != "remove_decorator":
        return text.lines(edits)
    return tuple(range(text.line(edits[0].start), text.line(text.end(place.node)) + 1))


def _several_bodies(text: Source, places: list[Site], path: str) -> list[Mutation]:
    """Two functions that follow each other do nothing."""
    bodies = [(place, edits[0]) for place in places for edits in statement.remove_body(text, place)]
    return [_joined((first, one), (second, two), text, path) for (first, one), (second, two) in pairwise(bodies) if one.end <= two.start]


def _joined(first: tuple[Site, Edit], second: tuple[Site, Edit], text: Source, path: str) -> Mutation:
    edits = (first[1], second[1])
    function = f"{first[0].function}, {second[0].function}"
    return Mutation("several_bodies", path, function, text.line(edits[0].start), text.lines(edits), edits)
