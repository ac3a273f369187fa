"""Calls to compare: those that tests make, and variations of them. Pure, and the same for the same seed.

A variation keeps the type of each argument or takes a value that a test hands to the same parameter: what a function does with
arguments of types that it is never given is nobody's promise.
"""

import base64
import functools
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, Literal

from agentsandbox.differential_targets import Targets
from agentsandbox.differential_values import Ignored, holds

Encoded = list[Any]
"""A value as :mod:`agentsandbox.server.values` writes it."""
Slot = tuple[str, int]

_FIELDS = ("plain", "star", "named", "stars")
_ELEMENTS = 4
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
    """Up to ``limit`` calls of a record (:class:`agentsandbox.server.recording.Recorder`), spread over the run."""
    raw = record["calls"]
    taken = [raw[i * len(raw) // limit] for i in range(limit)] if len(raw) > limit else raw
    arguments: list[dict[str, Any]] = [{f: None if c[f] is None else tuple(c[f]) for f in _FIELDS} for c in taken]
    return [Call(record["path"], record["key"], c["module"], **a) for c, a in zip(taken, arguments, strict=True)]


def varied(calls: Sequence[Call], constants: Sequence[Encoded], optional: tuple[int, tuple[str, ...]], limit: int, seed: int) -> list[Call]:
    """Up to ``limit`` variations of the calls of one function, none of them among the calls.

    Half have one argument changed, every kind of change in turn; the others have two or three. ``constants`` are values that
    stand in the function's code.
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


def variants(e: Encoded, constants: Sequence[Encoded] = ()) -> Iterator[tuple[str, Encoded]]:
    """Other values of the same type, each with the kind of change. None for what is not plain data."""
    tag = e[0]
    if tag == "bool":
        yield "flipped", ["bool", not e[1]]
    elif tag == "int":
        yield from (("int", ["int", str(n)]) for n in _ints(int(e[1], 0)))
        yield from (("boundary", ["int", str(n)]) for n in _BOUNDS)
        yield from (("constant", ["int", str(n + d)]) for n in _whole(constants) for d in (0, -1, 1, 100))
        yield from (("negative constant", ["int", str(-n)]) for n in _whole(constants))
    elif tag == "float":
        yield from (("float", ["float", x.hex()]) for x in _floats(float.fromhex(e[1])))
        yield from (("boundary", ["float", float(n).hex()]) for n in (*_BOUNDS, 0.001, 0.1, 0.5, 1.5, 999.5))
        numbers = [float.fromhex(c[1]) if c[0] == "float" else float(int(c[1], 0)) for c in constants if c[0] in ("float", "int")]
        yield from (("constant", ["float", (n + d).hex()]) for n in numbers for d in (0.0, -0.5, 0.5))
    elif tag == "str":
        yield from (("text", ["str", t]) for t in _texts(e[1]) if t != e[1])
        for c in constants:
            if c[0] == "str":
                middle = len(e[1]) // 2
                yield from (("constant", ["str", t]) for t in (c[1], e[1] + c[1], c[1] + e[1], e[1][:middle] + c[1] + e[1][middle:]))
        for n in _lengths(constants):
            yield "length", ["str", ((e[1] or "a") * n)[:n]]
    elif tag in ("bytes", "bytearray"):
        data = base64.b64decode(e[1])
        yield from (("bytes", [tag, base64.b64encode(d).decode()]) for d in (b"", data[:-1], data + data, data[::-1]) if d != data)
    elif tag in ("list", "tuple", "set", "frozenset", "iterator"):
        yield from _sequences(e, constants)
    elif tag == "dict":
        pairs = e[1]
        yield from (("shorter", ["dict", pairs[:i] + pairs[i + 1 :]]) for i in range(min(len(pairs), _ELEMENTS)))
        for i, (key, value) in enumerate(pairs[:_ELEMENTS]):
            for kind, made in variants(value, constants):
                yield f"value {kind}", ["dict", [*pairs[:i], [key, made], *pairs[i + 1 :]]]
    elif tag == "slice":
        for i in (1, 2, 3):
            others = [["int", str(n)] for n in (0, 1, 2, -1, -2)] if e[i][0] == "none" else [["none"], *(v for _, v in variants(e[i]))]
            yield from (("slice", [*e[:i], other, *e[i + 1 :]]) for other in others)
    elif tag == "made":
        for i, part in enumerate(e[2]):
            yield from ((kind, ["made", e[1], [*e[2][:i], made, *e[2][i + 1 :]]]) for kind, made in variants(part))


def _sequences(e: Encoded, constants: Sequence[Encoded]) -> Iterator[tuple[str, Encoded]]:
    tag, items = e[0], e[1]
    rest = e[2:]
    orders = [[], items[::-1], items[1:], items[:-1], items + items, items[:1] + items]
    yield from (("items", [tag, made, *rest]) for made in orders if made != items)
    if items:
        yield from (("length", [tag, (items * n)[:n], *rest]) for n in _lengths(constants))
    places = sorted({*range(min(len(items), _ELEMENTS)), *range(max(0, len(items) - 1), len(items))})
    for i in places:
        for kind, made in variants(items[i], constants):
            yield f"item {kind}", [tag, [*items[:i], made, *items[i + 1 :]], *rest]


_BOUNDS = (0, 1, -1, 10, 99, 100, 999, 1000, 1001, 1024, 10**6, -1000)


def _whole(constants: Sequence[Encoded]) -> list[int]:
    return [int(c[1], 0) for c in constants if c[0] == "int"]


def _lengths(constants: Sequence[Encoded]) -> list[int]:
    """Lengths at which code with such constants may change its mind."""
    texts = [len(c[1]) for c in constants if c[0] == "str"]
    return sorted({n + d for n in [*_whole(constants), *texts] for d in (-1, 0, 1) if 0 < n + d <= 100})


def _ints(n: int) -> list[int]:
    near = [n + 1, n - 1, 0, 1, -1, 2, -n, 2 * n, n // 2, 10 * n, 10 * n + 7, n + 100, 1_000_003, 10**9 + 7]
    return [m for m in dict.fromkeys(near) if m != n and abs(m) < 10**18]


def _floats(x: float) -> list[float]:
    near = [x + 1, x - 1, 0.0, 1.0, -x, x / 2, x * 10, x + 0.5, x * 1.0001, 1e9]
    return [y for y in dict.fromkeys(near) if y != x]


def _texts(t: str) -> list[str]:
    middle = len(t) // 2
    digits = "".join(str((int(c) + 1) % 10) if c in "0123456789" else c for c in t)
    swapped = t.translate(str.maketrans("_- ", "- _"))
    words = t.split()
    made = ["", t + t, t[:-1], t[1:], t[:middle], t[::-1], t.upper(), t.lower(), t.title(), t.swapcase(), digits, swapped]
    made += [
        t + "s",
        t + "1",
        "0" + t,
        " " + t,
        t + " ",
        t + "\n",
        t + "é",
        "ß" + t,
        t[:middle] + " " + t[middle:],
        t[:middle] + "_" + t[middle:],
    ]
    made += [" ".join(words[::-1]), t[:1], t[:middle] + t[middle + 1 :], t.replace(".", ""), t + "." + t]
    return list(dict.fromkeys(made))
