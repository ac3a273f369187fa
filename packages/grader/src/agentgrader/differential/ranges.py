"""Whether a call keeps within what tests call a function with: the types of each parameter, the range of numbers, the shapes of texts.

How a function behaves beyond that is often nowhere said, so a difference there tells nothing firm against a diff.
"""

import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Protocol

from agentgrader.differential.values import Encoded

_ITEMS = {"list", "tuple", "set", "frozenset", "iterator"}


class Arguments(Protocol):
    """A call, by its parameters."""

    @property
    def values(self) -> Mapping[tuple[str, int], Encoded]:
        """Every argument by its place."""

    def name_of(self, slot: tuple[str, int]) -> str:
        """The parameter that an argument is given to."""


@dataclass
class _Range:
    """What was seen of one thing: of each type its bounds, and of containers what was in them."""

    seen: set[str] = field(default_factory=set)
    bounds: dict[str, tuple[float, float]] = field(default_factory=dict)
    letters: set[str] = field(default_factory=set)
    shapes: set[str] = field(default_factory=set)
    inner: dict[str, "_Range"] = field(default_factory=dict)

    def add(self, e: Encoded) -> None:
        self.seen.add(json.dumps(e))
        tag = e[0]
        size = _size(e)
        if size is not None:
            low, high = self.bounds.get(tag, (size, size))
            self.bounds[tag] = min(low, size), max(high, size)
        if tag == "str":
            self.letters |= set(e[1])
            self.shapes.add(_shape(e[1]))
        for name, value in _parts(e):
            self.inner.setdefault(name, _Range()).add(value)

    def holds(self, e: Encoded) -> bool:
        tag = e[0]
        if json.dumps(e) in self.seen:
            return True
        size = _size(e)
        if size is None or tag not in self.bounds:
            return False
        low, high = self.bounds[tag]
        if not low <= size <= high or (tag == "str" and not (set(e[1]) <= self.letters and _shape(e[1]) in self.shapes)):
            return False
        return all(name in self.inner and self.inner[name].holds(value) for name, value in _parts(e))


def _shape(text: str) -> str:
    """What a text is made of, in order: runs of capitals, of other letters and of digits, and all else as it is."""
    kinds = groupby("A" if c.isupper() else "a" if c.isalpha() else "0" if c.isdigit() else c for c in text)
    return "".join(kind if kind in "Aa0" else kind * len(list(run)) for kind, run in kinds)


def _size(e: Encoded) -> float | None:
    """What is between bounds: a number itself, the length of anything else; nothing for what only counts if it was seen."""
    tag = e[0]
    try:
        if tag == "int":
            return float(int(e[1], 0))
        if tag == "float":
            number = float.fromhex(e[1])
            return number if number == number and abs(number) != float("inf") else None
    except (ValueError, OverflowError):
        return None
    if tag == "bool":
        return float(e[1])
    return float(len(e[1])) if tag in ("str", "dict") or tag in _ITEMS else None


def _parts(e: Encoded) -> list[tuple[str, Encoded]]:
    tag = e[0]
    if tag in _ITEMS:
        return [(tag, item) for item in e[1]]
    if tag == "dict":
        return [part for key, value in e[1] for part in (("key", key), ("value", value))]
    return []


class Ranges:
    """Of one function, from calls that tests make."""

    def __init__(self, recorded: Iterable[Arguments]) -> None:
        self._recorded = recorded

    @functools.cached_property
    def _seen(self) -> tuple[dict[str, _Range], set[tuple[tuple[str, int], ...]]]:
        """Of each parameter, and how many arguments of each kind there were. Rarely needed: most functions answer alike."""
        ranges: dict[str, _Range] = {}
        counts: set[tuple[tuple[str, int], ...]] = set()
        for call in self._recorded:
            counts.add(_counts(list(call.values)))
            for slot, value in call.values.items():
                ranges.setdefault(call.name_of(slot), _Range()).add(value)
        return ranges, counts

    def hold(self, call: Arguments) -> bool:
        """Whether tests call the function with as many arguments, and each is within what they give that parameter."""
        ranges, counts = self._seen
        if _counts(list(call.values)) not in counts:
            return False
        named = [(call.name_of(slot), value) for slot, value in call.values.items()]
        return all(name in ranges and ranges[name].holds(value) for name, value in named)


def _counts(slots: Sequence[tuple[str, Any]]) -> tuple[tuple[str, int], ...]:
    fields = [f for f, _ in slots]
    return tuple((f, fields.count(f)) for f in ("plain", "star", "named", "stars"))
