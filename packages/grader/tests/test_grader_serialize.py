"""Values cross as data, with their exact types, whatever their classes say of themselves."""

import collections
import datetime
import enum
import functools
import json
import math
import re
import textwrap
from decimal import Decimal
from typing import Any

import pytest
from agentgrader.differential.inputs import Call, varied
from agentgrader.differential.values import canonical, shown
from agentgrader.probes.call_replay import know_moved
from agentgrader.probes.deserialize import Rebuilder, Unbuildable
from agentgrader.probes.serialize import MOVED, Encoder


class Colour(enum.Flag):
    RED = 1
    BLUE = 2


class Point:
    __slots__ = ("x", "y")

    def __init__(self, x: Any, y: Any) -> None:
        self.x, self.y = x, y


class Wrapper:
    """Stands for a function."""


def standing_for(home: str) -> Wrapper:
    made = Wrapper()
    vars(made).update(__module__=home, name="f")
    return made


class Named(Point):
    name = "class attribute"


Pair = collections.namedtuple("Pair", "left right")


def _never(*args: Any, **kwargs: Any) -> Any:
    raise AssertionError("the value was asked")


class Liar(list):  # type: ignore[type-arg]
    __eq__ = __ne__ = __repr__ = __iter__ = __len__ = __getitem__ = __reduce__ = __reduce_ex__ = __getattribute__ = _never  # type: ignore[assignment]
    __hash__ = _never  # type: ignore[assignment]
    __class__ = property(_never)  # type: ignore[assignment]
    __dict__ = property(_never)  # type: ignore[assignment]


def encoded(value: Any, consume: bool = False) -> list[Any]:
    e = Encoder(consume, lambda path: None).encode(value)
    return json.loads(json.dumps(e))  # type: ignore[no-any-return]


def same(one: Any, other: Any) -> bool:
    return canonical(encoded(one, True), {}) == canonical(encoded(other, True), {})


ALIKE = [
    None, True, 0, -(10**30), 1.5, -0.0, math.inf, 2j, "é\ud800", b"\xff", [1, [2]], (1,), {3, 1, 2}, frozenset("ab"), {"a": [1]},
    range(1, 9, 2), slice(1, None), ..., NotImplemented, Colour.RED | Colour.BLUE, Pair(1, "x"), collections.OrderedDict(b=1, a=2),
    collections.defaultdict(list, {1: [2]}), collections.Counter("abca"), collections.deque([1, 2], 5), datetime.date(2020, 2, 29),
    datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), datetime.timedelta(1.5), Decimal("1.10"), re.compile("a+", re.I),
    functools.partial(int, base=2), len, str.upper, int, Pair, type(None), ValueError("bad", 3), list[int],
]  # fmt: skip


@pytest.mark.parametrize("value", ALIKE)
def test_a_value_made_anew_is_written_the_same(value: Any) -> None:
    e = encoded(value)
    made = Rebuilder(lambda path: None).value(e)
    assert type(made) is type(value)
    assert encoded(made) == e
    if not isinstance(value, (ValueError, functools.partial)):
        assert made == value


@pytest.mark.parametrize("method", [[1, 2].append, "ab".upper, dict.fromkeys, Pair(1, "x")._asdict, Pair._make])
def test_a_bound_method_is_made_anew_with_what_it_is_bound_to(method: Any) -> None:
    e = encoded(method)
    made = Rebuilder(lambda path: None).value(e)
    assert (type(made), made.__name__, made.__self__) == (type(method), method.__name__, method.__self__)
    assert encoded(made) == e


def test_an_instance_is_made_anew_without_its_constructor() -> None:
    point = Named([1], {"a": None})
    point.name = "own"
    made = Rebuilder(lambda path: None).value(encoded(point))
    assert (type(made), made.x, made.y, made.name) == (Named, [1], {"a": None}, "own")


def test_a_value_is_never_asked_about_itself() -> None:
    liar = Liar([1, 2])
    e = encoded(liar)
    assert e[0] == "object"
    assert e[2] == ["list", [["int", "1"], ["int", "2"]]]
    assert shown(e) == "Liar([1, 2])"
    assert canonical(e, {}) != canonical(encoded([1, 2]), {})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True), (1, 1.0), (0.0, -0.0), ([1], (1,)), ("a", b"a"), (Pair(1, 2), (1, 2)), (0.1 + 0.2, 0.3), ({1: 2}, {1: 3}), ([1], [1, 1]),
        (collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1)), (Point(1, 2), Point(1, 3)), (iter([1]), iter([2])),
        (set(), frozenset()), (Decimal("1.0"), Decimal("1.00")), (ValueError("a"), ValueError("b")),
    ],
)  # fmt: skip
def test_these_are_different(one: Any, other: Any) -> None:
    assert not same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (math.nan, -math.nan), ({1: 2, 3: 4}, {3: 4, 1: 2}), ({"x", "y"}, {"y", "x"}), ((i for i in (1, 2)), map(int, "12")),
        ("<f at 0x7f00aa00bb00>", "<f at 0x7f11cc11dd11>"), (Point([1], math.nan), Point([1], math.nan)), (lambda: 1, lambda: 2),
        (standing_for("a"), standing_for("b")),
    ],
    ids=["nan", "order of a dictionary", "order of a set", "kind of iterator", "address", "instance", "functions made on the way", "home"],
)  # fmt: skip
def test_these_are_the_same(one: Any, other: Any) -> None:
    assert same(one, other)


class Node:
    def __init__(self) -> None:
        self.children: list[Node] = []
        self.by_name = collections.OrderedDict(own=self)


def test_containers_in_themselves_are_made_anew() -> None:
    loop: list[Any] = [1]
    loop.append(loop)
    assert encoded(loop) == ["list", [["int", "1"], ["cycle", 1]]]
    made = Rebuilder(lambda path: None).value(encoded(loop))
    assert made[1] is made
    node = Node()
    node.children.append(node)
    made = Rebuilder(lambda path: None).value(encoded(node))
    assert made.children[0] is made
    assert made.by_name["own"] is made


def test_a_tuple_in_itself_is_not_made() -> None:
    holder: list[Any] = []
    loop = (holder,)
    holder.append(loop)
    with pytest.raises(Unbuildable):
        Rebuilder(lambda path: None).value(encoded(loop))


def test_a_match_is_made_anew() -> None:
    match = re.compile("(?P<digit>[0-9]).").search("ab12", 1)
    assert match is not None
    made = Rebuilder(lambda path: None).value(encoded(match))
    assert (made.span(), made.groupdict(), made.re) == (match.span(), match.groupdict(), match.re)


def test_a_function_that_moved_is_written_as_what_it_was_called() -> None:
    know_moved({"json:gone": ["json:gone", "textwrap:dedent"]})
    try:
        encoded = Encoder(False, lambda path: None).encode(functools.partial(textwrap.dedent, "x"))
    finally:
        MOVED.clear()
    assert encoded == ["made", "functools:partial", [["ref", "json", "gone"], ["tuple", [["str", "x"]]], ["dict", []]]]


def test_what_is_too_large_is_opaque() -> None:
    assert encoded([0] * 100_000) == ["opaque", "builtins:list"]


def test_variations_are_the_same_for_a_seed_and_keep_types() -> None:
    call = Call("m.py", "f", "m", (["int", "3"], ["str", "a b"], ["list", [["bool", True]]]), None, (["k", ["none"]],), None)
    first, again, other = (varied([call], [["int", "77"]], (0, ()), 80, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert len({json.dumps(c.request()) for c in first}) == 80
    assert {tuple(e[0] for e in c.plain) for c in first if not c.retyped} == {("int", "str", "list")}
    assert {c.plain[2][0] for c in first if c.retyped} == {"tuple", "iterator"}
    assert {c.named[0][1][0] for c in first} == {"none"}
    assert {"76", "77", "78"} <= {c.plain[0][1] for c in first}
    assert {c.origin for c in first} == {"mutated"}


def test_variations_reach_what_the_code_names() -> None:
    call = Call("m.py", "f", "m", (["int", "3"], ["str", "ab"], ["slice", ["none"], ["int", "2"], ["none"]]), None, (), None)
    made = varied([call], [["int", "77"], ["str", "-"]], (0, ()), 400, 1)
    numbers, texts, parts = (json.dumps([c.plain[i] for c in made]) for i in range(3))
    assert all(f'"{n}"' in numbers for n in (76, 77, 78, -77, 177, 1000, 0))
    assert {76, 77, 78} <= {len(c.plain[1][1]) for c in made}
    assert '"a-b"' in texts
    assert '["slice", ["int", "-1"], ["int", "2"], ["none"]]' in parts
