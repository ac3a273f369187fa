"""Calls to compare: those that tests make, and variations of them. Pure, and the same for the same seed.

A variation keeps the type of each argument or takes a value that a test hands to the same parameter: how a function
behaves for argument types that it is never given is not specified.
"""

import functools
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, Literal

from agentgrader.differential.targets import Targets
from agentgrader.differential.values import Encoded, Ignored, holds
from agentgrader.differential.variants import variants

Slot = tuple[str, int]

_FIELDS = ("plain", "star", "named", "stars")
RECORDED = 60
"""Recorded calls used of one function."""
_MOST, _LEAST = (400, 60), (60, 10)
"""Most and fewest calls of a function whose code differs between gold patch and diff, and of another one."""
_TOTAL = (800, 300)
"""Calls shared by the functions of each of these two kinds."""


@dataclass(frozen=True)
class Call:
    """One call. Arguments of each kind in order; those with a name as [name, value]."""

    path: str
    key: str
    module: str
    plain: tuple[Encoded, ...]
    star: tuple[Encoded, ...] | None
    named: tuple[Encoded, ...]
    stars: tuple[Encoded, ...] | None
    origin: Literal["recorded", "mutated"] = "recorded"

    @property
    def request(self) -> dict[str, Any]:
        """As the box takes it."""
        return {"module": self.module, "key": self.key, **{f: getattr(self, f) for f in _FIELDS}}

    @functools.cached_property
    def identity(self) -> str:
        """The same for calls that are made alike."""
        return json.dumps([self.path, self.request], sort_keys=True)

    @property
    def values(self) -> dict[Slot, Encoded]:
        """Every argument by its place."""
        plain = {(field, i): e for field in ("plain", "star") for i, e in enumerate(getattr(self, field) or ())}
        return plain | {(field, i): e[1] for field in ("named", "stars") for i, e in enumerate(getattr(self, field) or ())}

    def put(self, slot: Slot, value: Encoded) -> "Call":
        """This call with another argument in that place."""
        field, i = slot
        entries = list(getattr(self, field))
        entries[i] = value if field in ("plain", "star") else [entries[i][0], value]
        changed: dict[str, Any] = {field: tuple(entries), "origin": "mutated"}
        return replace(self, **changed)


@dataclass(frozen=True)
class Inputs:
    """What to call; ``known`` distinct calls were recorded. ``ignored`` are attributes that do not count."""

    calls: list[Call]
    known: int
    ignored: Ignored
    reasons: tuple[str, ...]


def chosen_calls(records: Sequence[Mapping[str, Any]], chosen: Targets, seed: int) -> Inputs:
    """Recorded calls and variations of them for each function, more of those whose code differs between gold patch and diff.

    ``records`` are of ``chosen.functions`` in their order. Calls with instances whose attributes differ are left out.
    """
    reasons: list[str] = []
    calls: list[Call] = []
    modules: dict[str, str] = {}
    able = [(r["path"], r["key"]) for r in records if r["calls"]]
    for record in records:
        function = (record["path"], record["key"])
        name = "::".join(function)
        if not record["seen"]:
            reasons.append(f"{name}: no test calls it")
        elif record["lost"] or not record["calls"]:
            what = "some calls have" if record["calls"] else "every call has"
            reasons.append(f"{name}: {what} arguments that cannot be written down ({record['lost']})")
        if record["calls"]:
            seen = recorded(record, RECORDED)
            modules[record["path"]] = seen[0].module
            more = max(_share(function, able, chosen.differing) - len(seen), 0)
            calls += [*seen, *varied(seen, chosen.constants[function], chosen.optional[function], more, seed)]
    ignored = {f"{modules[p]}:{name}": names for (p, name), names in chosen.layouts.items() if p in modules}
    changed = {cls for cls, names in ignored.items() if names}
    fit = [c for c in calls if not holds([*c.values.values()], changed)]
    if len(fit) < len(calls):
        classes = ", ".join(sorted(changed))
        reasons.append(f"{len(calls) - len(fit)} calls with instances of {classes}: their attributes differ under the diff")
    return Inputs(fit, sum(len(r["calls"]) for r in records), ignored, tuple(reasons))


def _share(function: tuple[str, str], able: Sequence[tuple[str, str]], differing: Set[tuple[str, str]]) -> int:
    """How many calls one function gets."""
    kind = 0 if function in differing else 1
    rivals = sum((f in differing) == (function in differing) for f in able)
    most, least = (_MOST, _LEAST)[kind]
    return min(most, max(least, _TOTAL[kind] // rivals))


def recorded(record: Mapping[str, Any], limit: int) -> list[Call]:
    """Up to ``limit`` calls of a record (:class:`agentgrader.probes.call_trace.Recorder`), spread over the run."""
    raw = record["calls"]
    taken = [raw[i * len(raw) // limit] for i in range(limit)] if len(raw) > limit else raw
    arguments: list[dict[str, Any]] = [{f: None if c[f] is None else tuple(c[f]) for f in _FIELDS} for c in taken]
    return [Call(record["path"], record["key"], c["module"], **a) for c, a in zip(taken, arguments, strict=True)]


def varied(calls: Sequence[Call], constants: Sequence[Encoded], optional: tuple[int, tuple[str, ...]], limit: int, seed: int) -> list[Call]:
    """Up to ``limit`` variations of the calls of one function, none of them among the calls.

    Half have one argument changed, every kind of change in turn; the others have two or three. ``constants`` are values that
    occur in the function's code.
    """
    rng = random.Random(f"{seed} {calls[0].key}")
    pool = _pool(calls)
    seen = {c.identity for c in calls}
    found: list[Call] = []
    piles: dict[tuple[str, str], list[Call]] = defaultdict(list)
    for call in rng.sample(list(calls), min(len(calls), 40)):
        for kind, made in _changes(call, pool, constants, optional):
            piles[kind].append(made)
    for pile in piles.values():
        rng.shuffle(pile)
    order = rng.sample(sorted(piles), len(piles))
    while order and len(found) < limit // 2:
        for kind in list(order):
            if not piles[kind]:
                order.remove(kind)
            else:
                _keep(piles[kind].pop(), seen, found)
    for _ in range(3 * limit):
        if len(found) >= limit:
            break
        made = rng.choice(calls)
        for _ in range(rng.choice((2, 2, 3))):
            options = [change for _, change in _changes(made, pool, constants, optional)]
            made = rng.choice(options) if options else made
        _keep(made, seen, found)
    return found[:limit]


def _keep(call: Call, seen: set[str], found: list[Call]) -> None:
    if call.identity not in seen and len(call.identity) < 100_000:
        seen.add(call.identity)
        found.append(call)


def _pool(calls: Sequence[Call]) -> dict[Slot, list[Encoded]]:
    found: dict[Slot, dict[str, Encoded]] = defaultdict(dict)
    for call in calls:
        for slot, value in call.values.items():
            found[slot].setdefault(json.dumps(value), value)
    return {slot: list(values.values())[:60] for slot, values in found.items()}


def _changes(
    call: Call, pool: Mapping[Slot, list[Encoded]], constants: Sequence[Encoded], optional: tuple[int, tuple[str, ...]]
) -> Iterator[tuple[tuple[str, str], Call]]:
    """Calls with one change, each with the place and the kind of change."""
    for slot, value in call.values.items():
        place = f"{slot[0]} {slot[1]}"
        for kind, made in variants(value, constants):
            yield (place, kind), call.put(slot, made)
        for other in pool.get(slot, ()):
            if other != value:
                yield (place, "of another call"), call.put(slot, other)
    yield from _shorter(call, optional)


def _shorter(call: Call, optional: tuple[int, tuple[str, ...]]) -> Iterator[tuple[tuple[str, str], Call]]:
    """With optional arguments left out."""
    many, names = optional
    if not call.star:
        for less in range(1, min(many, len(call.plain)) + 1):
            yield ("plain", "left out"), replace(call, plain=call.plain[:-less], origin="mutated")
    for name in names:
        yield ("named", "left out"), replace(call, named=tuple(e for e in call.named if e[0] != name), origin="mutated")
    for field in ("star", "stars"):
        for i in range(len(getattr(call, field) or ())):
            rest = getattr(call, field)[:i] + getattr(call, field)[i + 1 :]
            changed: dict[str, Any] = {field: rest, "origin": "mutated"}
            yield (field, "left out"), replace(call, **changed)
