"""Other values of the type of an encoded one, or of a type that is like it: what a call may be varied with."""

import base64
import itertools
from collections.abc import Iterator, Sequence

from agentgrader.differential.values import Encoded

_ELEMENTS, _ATTRIBUTES = 4, 12
_CONTAINERS = ("list", "tuple", "set", "frozenset", "iterator")
_NESTED = (*_CONTAINERS, "dict", "object", "made")
_LONGEST = 10**18
_BOUNDS = (0, 1, -1, 10, 99, 100, 999, 1000, 1001, 1024, 10**6, -1000)
_WORD = (2**31, 2**53 + 1, -(2**53) - 1)
"""Whole numbers that other types do not hold exactly."""
_LONG = 1200
"""Items of a long sequence: more than calls that call themselves reach."""


def variants(e: Encoded, constants: Sequence[Encoded] = ()) -> Iterator[tuple[str, Encoded]]:
    """Other values of the same type, each with the kind of change. None for what is not plain data."""
    tag = e[0]
    if tag == "bool":
        yield "flipped", ["bool", not e[1]]
    elif tag == "int":
        yield from (("int", ["int", str(n)]) for n in _ints(int(e[1], 0)))
        yield from (("boundary", ["int", str(n)]) for n in _BOUNDS)
        yield from (("word", ["int", str(n)]) for n in _WORD)
        yield from (("constant", ["int", str(n + d)]) for n in _whole(constants) for d in (0, -1, 1, 100))
        yield from (("negative constant", ["int", str(-n)]) for n in _whole(constants))
        yield from (("power", ["int", str(base**n)]) for n in _exponents(constants) for base in (2, 10) if base**n < _LONGEST)
    elif tag == "float":
        yield from (("float", ["float", x.hex()]) for x in _floats(float.fromhex(e[1])))
        yield from (("boundary", ["float", float(n).hex()]) for n in (*_BOUNDS, 0.001, 0.1, 0.5, 1.5, 999.5))
        numbers = [float.fromhex(c[1]) if c[0] == "float" else float(int(c[1], 0)) for c in constants if c[0] in ("float", "int")]
        yield from (("constant", ["float", (n + d).hex()]) for n in numbers for d in (0.0, -0.5, 0.5))
        yield from (("power", ["float", (2.5 * 10.0**n).hex()]) for exponent in _exponents(constants) for n in (exponent, -exponent))
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
    elif tag in _CONTAINERS:
        yield from _sequences(e, constants)
    elif tag == "dict":
        pairs = e[1]
        yield from (("shorter", ["dict", pairs[:i] + pairs[i + 1 :]]) for i in range(min(len(pairs), _ELEMENTS)))
        if pairs:
            key, value = pairs[-1]
            yield from (("longer", ["dict", [*pairs, [other, value]]]) for _, other in itertools.islice(variants(key), 3) if other != key)
        for i, (key, value) in enumerate(pairs[:_ELEMENTS]):
            for kind, made in variants(value, constants):
                yield f"value {kind}", ["dict", [*pairs[:i], [key, made], *pairs[i + 1 :]]]
    elif tag == "slice":
        for i in (1, 2, 3):
            others = [["int", str(n)] for n in (0, 1, 2, -1, -2)] if e[i][0] == "none" else [["none"], *(v for _, v in variants(e[i]))]
            yield from (("slice", [*e[:i], other, *e[i + 1 :]]) for other in others)
    elif tag == "object":
        yield from _states(e, constants)
    elif tag == "made":
        for i, part in enumerate(e[2][:1] if e[1] == "builtins:getattr" else e[2]):
            yield from ((kind, ["made", e[1], [*e[2][:i], made, *e[2][i + 1 :]]]) for kind, made in variants(part))


def of_other_types(e: Encoded) -> Iterator[Encoded]:
    """The same content as what code may take as well: another sequence, something to go through once, a truth for a number."""
    tag = e[0]
    if tag in ("list", "tuple"):
        yield ["tuple" if tag == "list" else "list", e[1]]
        yield ["iterator", e[1], "done"]
    elif tag == "dict":
        yield ["object", "collections:OrderedDict", ["list", [["tuple", pair] for pair in e[1]]], []]
    elif tag == "int" and e[1] in ("0", "1"):
        yield ["bool", e[1] == "1"]


def _states(e: Encoded, constants: Sequence[Encoded]) -> Iterator[tuple[str, Encoded]]:
    """Instances of the same class that hold something else: other content, or another value in one attribute."""
    _, name, base, attributes = e
    if base is not None and _is_flat(base):
        yield from (("content", ["object", name, made, attributes]) for _, made in variants(base, constants))
    for i, (key, value) in enumerate(attributes[:_ATTRIBUTES]):
        if _is_flat(value):
            others = (made for _, made in variants(value, constants))
            yield from (("state", ["object", name, base, [*attributes[:i], [key, made], *attributes[i + 1 :]]]) for made in others)


def _is_flat(e: Encoded) -> bool:
    """Whether no container in it has containers or instances in it."""
    items = [*itertools.chain(*e[1])] if e[0] == "dict" else e[1] if e[0] in _CONTAINERS else []
    return e[0] != "object" and all(item[0] not in _NESTED for item in items)


def _sequences(e: Encoded, constants: Sequence[Encoded]) -> Iterator[tuple[str, Encoded]]:
    tag, items = e[0], e[1]
    rest = e[2:]
    orders = [[], items[::-1], items[1:], items[:-1], items + items, items[:1] + items]
    yield from (("items", [tag, made, *rest]) for made in orders if made != items)
    if items:
        yield from (("length", [tag, (items * n)[:n], *rest]) for n in _lengths(constants))
    if tag != "iterator" and len(items) < 100 and all(item[0] not in _NESTED for item in items[:3]) and items:
        yield "long", [tag, (items * (_LONG // len(items) + 1))[:_LONG]]
    places = sorted({*range(min(len(items), _ELEMENTS)), *range(max(0, len(items) - 1), len(items))})
    for i in places:
        for kind, made in variants(items[i], constants):
            yield f"item {kind}", [tag, [*items[:i], made, *items[i + 1 :]], *rest]


def _whole(constants: Sequence[Encoded]) -> list[int]:
    return [int(c[1], 0) for c in constants if c[0] == "int"]


def _exponents(constants: Sequence[Encoded]) -> list[int]:
    """Exponents at which code with such constants may change its mind."""
    return sorted({abs(n) + d for n in _whole(constants) for d in (0, 1) if 2 < abs(n) + d <= 60})


def _lengths(constants: Sequence[Encoded]) -> list[int]:
    """Lengths at which code with such constants may change its mind."""
    texts = [len(c[1]) for c in constants if c[0] == "str"]
    return sorted({n + d for n in [*_whole(constants), *texts] for d in (-1, 0, 1) if 0 < n + d <= _LONG})


def _ints(n: int) -> list[int]:
    near = [n + 1, n - 1, 0, 1, -1, 2, -n, 2 * n, n // 2, 10 * n, 10 * n + 7, n + 100, 1_000_003, 10**9 + 7]
    return [m for m in dict.fromkeys(near) if m != n and abs(m) < _LONGEST]


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
        "\t" + t,
        t[:middle] + "\u00a0" + t[middle:],
        t[:middle] + "\U0001f600" + t[middle:],
        t + "ł",
        t + " ",
        t + "\n",
        t + "é",
        "ß" + t,
        t[:middle] + " " + t[middle:],
        t[:middle] + "_" + t[middle:],
    ]
    made += [" ".join(words[::-1]), t[:1], t[:middle] + t[middle + 1 :], t.replace(".", ""), t + "." + t]
    return list(dict.fromkeys(made))
