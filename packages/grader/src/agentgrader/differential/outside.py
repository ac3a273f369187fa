"""Code outside of functions that a diff changes and the gold patch does not: no call says what became of it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from agentgrader.calls import Function

TOP_LEVEL = "<top level>"
"""Stands for code outside of functions."""
_LISTING = frozenset({"__all__"})
"""Values that decide nothing."""


def altered(base: Mapping[str, Any], gold: Mapping[str, Any], candidate: Mapping[str, Any]) -> Iterator[Function]:
    """(path, name) of values that were there and are others under the diff, and the paths where it does more, or less, when imported.

    From outlines of the edited files. A new value, an import and what only moves to another file are no change.
    """
    elsewhere = {(name, digest) for side in candidate.values() if side for name, digest in side["values"].items()}
    for path in sorted(p for p in gold if gold[p] and base.get(p)):
        theirs = candidate[path]["values"] if candidate.get(path) else {}
        for name, digest in gold[path]["values"].items():
            kept = theirs.get(name) == digest if name in theirs else (name, digest) in elsewhere
            if not kept and base[path]["values"].get(name) == digest and name not in _LISTING:
                yield path, name
    before, fixed, after = (_effects(side) for side in (base, gold, candidate))
    undone, more = (before & fixed) - after, after - (before | fixed)
    for path in sorted({*gold, *candidate}):
        own, mine = (set(side[path]["effects"]) if side.get(path) else set() for side in (candidate, gold))
        if own & {*more} or mine & {*undone}:
            yield path, TOP_LEVEL


def _effects(side: Mapping[str, Any]) -> Counter[str]:
    return Counter(effect for outline in side.values() if outline for effect in outline["effects"])
