"""Calls to compare: those that tests make, and variations of them. Pure, and the same for the same seed.

A variation keeps the type of each argument or takes a value that a test hands to the same parameter: how a function
behaves for argument types that it is never given is not specified. A few have another type that is like it, and count only where the
gold patch takes it.
"""

import functools
import json
import random
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from agentgrader.calls import Function, Recording
from agentgrader.differential.ranges import Ranges
from agentgrader.differential.targets import Target
from agentgrader.differential.values import Encoded, Ignored, holds
from agentgrader.differential.variants import of_other_types, variants

Slot = tuple[str, int]

Change = Callable[[], "Call"]
"""Makes the changed call."""
_FIELDS = ("plain", "star", "named", "stars")
RECORDED = 60
"""Recorded calls used of one function; of one whose code differs between gold patch and diff half of its share, if that is more."""
_MOST, _LEAST = (400, 60), (60, 10)
"""Most and fewest calls of a function whose code differs between gold patch and diff, and of another one."""
_TOTAL = (800, 300)
"""Calls shared by the functions of each of these two kinds."""
_SAMPLED = (8, 6)
"""Recorded calls, and variations of them, of a function that is drawn beside."""
_SIZE = 400_000
"""Characters of the recorded calls of one function, and of the variations of them."""
_RANGED = 200
"""Recorded calls of a function that say what tests give it."""


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
    retyped: bool = False
    """Whether an argument is of another type than tests give it."""

    def request(self, elsewhere: Sequence[Sequence[str]] = (), exports: Sequence[Sequence[str]] = ()) -> dict[str, Any]:
        """As the box takes it. ``elsewhere`` are [module, key] of where the function may be too, ``exports`` of its other names: calls use
        all of its names, each in turn.
        """
        own = [self.module, self.key]
        by_turns = [own, *map(list, exports)]
        first = by_turns[zlib.crc32(self.identity.encode("utf-8", "surrogatepass")) % len(by_turns)] if exports else own
        places = [first, *([own] if first != own else []), *map(list, elsewhere)]
        return {"places": places, **{f: getattr(self, f) for f in _FIELDS}}

    @property
    def function(self) -> Function:
        """Path and key of the function."""
        return self.path, self.key

    def name_of(self, slot: Slot) -> str:
        """The parameter that an argument is given to."""
        field, i = slot
        return f"{field} {i}" if field == "plain" else field if field == "star" else str(getattr(self, field)[i][0])

    @functools.cached_property
    def identity(self) -> str:
        """The same for calls that are made alike."""
        return json.dumps([self.path, self.request()], sort_keys=True)

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
    """What to call, calls of tests first; ``known`` distinct calls were recorded. ``ignored`` are attributes that do not count."""

    calls: list[Call]
    known: int
    ignored: Ignored
    ranges: Mapping[Function, Ranges]
    """What tests give each function."""
    left_out: Mapping[Function, str]
    """Functions without a call, and why."""
    reasons: tuple[str, ...]


def chosen_calls(recording: Recording, chosen: Sequence[Target], layouts: Mapping[Function, frozenset[str]], seed: int) -> Inputs:
    """Recorded calls and variations of them for each function, more of those whose code differs between gold patch and diff.

    Calls with instances whose attributes differ (``layouts``) are left out.
    """
    reasons: list[str] = []
    left_out: dict[Function, str] = {}
    fixed: list[Call] = []
    variations: list[Call] = []
    ranges: dict[Function, Ranges] = {}
    able = [t for t in chosen if recording.calls.get(t.function)]
    modules = {t.path: recording.calls[t.function][0]["module"] for t in reversed(able)}
    ignored = {f"{modules[p]}:{name}": names for (p, name), names in layouts.items() if p in modules}
    changed = {cls for cls, names in ignored.items() if names}
    unfit = 0
    for target in chosen:
        lost = recording.lost.get(target.function)
        if lost or target not in able:
            known = target in able
            what = "some calls have" if known else "every call has"
            why = f"{what} arguments that cannot be written down ({lost})" if lost else "no test calls it"
            if not known:
                left_out[target.function] = why
            if target.rank < 2:
                reasons.append(f"{target.name}: {why}")
        if target not in able:
            continue
        share = _share(target, able)
        most = (max(RECORDED, share // 2), RECORDED, RECORDED, _SAMPLED[0])[target.rank]
        seen = recorded(target, recording.calls[target.function], most)
        ranges[target.function] = Ranges(recorded(target, recording.calls[target.function], _RANGED))
        more = max(share - len(seen), 0)
        made = [_light(seen), _light(varied(seen, target.constants, target.optional, more, seed))]
        fit = [[c for c in calls if not holds([*c.values.values()], changed)] for calls in made] if changed else made
        unfit += sum(map(len, made)) - sum(map(len, fit))
        if not fit[0]:
            left_out[target.function] = "its calls have instances whose attributes differ under the diff"
            continue
        fixed += fit[0]
        variations += fit[1]
    if unfit:
        classes = ", ".join(sorted(changed))
        reasons.append(f"{unfit} calls with instances of {classes}: their attributes differ under the diff")
    known_calls = sum(len(recording.calls[t.function]) for t in able if t.rank < 3)
    return Inputs([*fixed, *variations], known_calls, ignored, ranges, left_out, tuple(reasons))


def _light(calls: list[Call]) -> list[Call]:
    """The first of ``calls``, as far as their size allows: what is large costs its time at every step."""
    kept: list[Call] = []
    left = _SIZE
    for call in calls:
        left -= len(call.identity)
        if left < 0 and kept:
            break
        kept.append(call)
    return kept


def _share(target: Target, able: Sequence[Target]) -> int:
    """How many calls one function gets."""
    if target.rank == 3:
        return sum(_SAMPLED)
    kind = 0 if target.rank == 0 else 1
    rivals = sum((t.rank == 0) == (target.rank == 0) for t in able if t.rank < 3)
    most, least = (_MOST, _LEAST)[kind]
    return min(most, max(least, _TOTAL[kind] // rivals))


def recorded(target: Target, raw: Sequence[Mapping[str, Any]], limit: int) -> list[Call]:
    """Up to ``limit`` recorded calls of a function, spread over the run."""
    taken = [raw[i * len(raw) // limit] for i in range(limit)] if len(raw) > limit else raw
    arguments: list[dict[str, Any]] = [{f: None if c[f] is None else tuple(c[f]) for f in _FIELDS} for c in taken]
    return [Call(target.path, target.key, c["module"], **a) for c, a in zip(taken, arguments, strict=True)]


def varied(calls: Sequence[Call], constants: Sequence[Encoded], optional: tuple[int, tuple[str, ...]], limit: int, seed: int) -> list[Call]:
    """Up to ``limit`` variations of the calls of one function, none of them among the calls.

    Half have one argument changed, every kind of change in turn; the others have two or three. ``constants`` are values that
    occur in the function's code.
    """
    rng = random.Random(f"{seed} {calls[0].key}")
    pool = _pool(calls)
    seen = {c.identity for c in calls}
    found: list[Call] = []
    piles: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for call in rng.sample(list(calls), min(len(calls), 40, max(limit // 4, 4))):
        for kind, change in _changes(call, pool, constants, optional):
            piles[kind].append(change)
    for pile in piles.values():
        rng.shuffle(pile)
    order = rng.sample(sorted(piles), len(piles))
    while order and len(found) < limit // 2:
        for kind in list(order):
            if len(found) >= limit:
                break
            if not piles[kind]:
                order.remove(kind)
            else:
                _keep(piles[kind].pop()(), seen, found)
    for _ in range(3 * limit):
        if len(found) >= limit:
            break
        made = rng.choice(calls)
        for _ in range(rng.choice((2, 2, 3))):
            place = rng.choice([*made.values.items(), None])  # one alone: to list the changes of all takes long
            changes = _changes_at(made, *place, pool, constants) if place else _shorter(made, optional)
            options = [each for _, each in changes]
            made = rng.choice(options)() if options else made
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
) -> Iterator[tuple[tuple[str, str], Change]]:
    """Changes of a call, each with its place and kind."""
    for slot, value in call.values.items():
        yield from (((f"{slot[0]} {slot[1]}", kind), change) for kind, change in _changes_at(call, slot, value, pool, constants))
    yield from _shorter(call, optional)


def _changes_at(
    call: Call, slot: Slot, value: Encoded, pool: Mapping[Slot, list[Encoded]], constants: Sequence[Encoded]
) -> Iterator[tuple[str, Change]]:
    """Changes of one argument, each with its kind."""
    for kind, made in variants(value, constants):
        yield kind, functools.partial(call.put, slot, made)
    for made in of_other_types(value):
        yield "type", functools.partial(replace, call.put(slot, made), retyped=True)
    for other in pool.get(slot, ()):
        if other != value:
            yield "of another call", functools.partial(call.put, slot, other)


def _shorter(call: Call, optional: tuple[int, tuple[str, ...]]) -> Iterator[tuple[tuple[str, str], Change]]:
    """With optional arguments left out."""
    many, names = optional
    if not call.star:
        for less in range(1, min(many, len(call.plain)) + 1):
            yield ("plain", "left out"), functools.partial(replace, call, plain=call.plain[:-less], origin="mutated")
    for name in names:
        rest = tuple(e for e in call.named if e[0] != name)
        yield ("named", "left out"), functools.partial(replace, call, named=rest, origin="mutated")
    for field in ("star", "stars"):
        for i in range(len(getattr(call, field) or ())):
            rest = getattr(call, field)[:i] + getattr(call, field)[i + 1 :]
            changed: dict[str, Any] = {field: rest, "origin": "mutated"}
            yield (field, "left out"), functools.partial(replace, call, **changed)
