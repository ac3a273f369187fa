"""A difference is firm only where tests decide: arguments of the types and within the values that tests use."""

from typing import Any

import pytest
from agentgrader.differential.inputs import Call
from agentgrader.differential.ranges import Ranges


def call(*plain: Any, star: tuple[Any, ...] | None = None, **named: Any) -> Call:
    return Call("m.py", "f", "m", plain, star, tuple([k, v] for k, v in named.items()), None)


def integer(n: int) -> list[Any]:
    return ["int", str(n)]


SEEN = Ranges(
    [
        call(integer(2), ["str", "cat"], ["list", [integer(1), integer(9)]], key=["none"]),
        call(integer(7), ["str", "tiger"], ["list", [integer(4)]], key=["bool", True]),
    ]
)


@pytest.mark.parametrize(
    ("arguments", "within"),
    [
        ((5, "cat", [1, 2]), True), ((2, "great", [9]), True), ((1, "cat", [1, 2]), False), ((8, "cat", [1, 2]), False),
        ((5, "ca", [1, 2]), False),
        ((5, "dog", [1, 2]), False), ((5, "cat", [10]), False), ((5, "cat", [1, 2, 3]), False), ((5, "cat", []), False),
    ],
)  # fmt: skip
def test_numbers_texts_and_lists_keep_within_what_was_seen(arguments: tuple[int, str, list[int]], within: bool) -> None:
    number, text, items = arguments
    assert SEEN.hold(call(integer(number), ["str", text], ["list", list(map(integer, items))], key=["none"])) is within


@pytest.mark.parametrize(
    ("text", "within"),
    [("tac_GIR 4", True), ("c_T 42", True), ("catTIG 4", False), ("cat__T 2", False), ("_cat TIG4", False), ("TIG_cat 4", False)],
)
def test_texts_are_put_together_as_those_that_were_seen(text: str, within: bool) -> None:
    seen = Ranges([call(["str", "cat_TIGER 24"]), call(["str", "_C7"])])
    assert seen.hold(call(["str", text])) is within


def test_other_types_names_and_counts_are_not_within() -> None:
    rest: tuple[Any, ...] = (["str", "cat"], ["list", [integer(1)]])
    assert not SEEN.hold(call(["float", (5.0).hex()], *rest, key=["none"]))
    assert not SEEN.hold(call(integer(5), *rest, key=["bool", False]))
    assert not SEEN.hold(call(integer(5), *rest, other=["none"]))
    assert not SEEN.hold(call(integer(5), ["str", "cat"], key=["none"]))


def test_anything_else_counts_only_if_it_was_seen() -> None:
    thing: list[Any] = ["object", "m:Cart", None, [["price", integer(3)]]]
    ranges = Ranges([call(thing), call(["float", "nan"])])
    assert ranges.hold(call(thing))
    assert ranges.hold(call(["float", "nan"]))
    assert not ranges.hold(call(["object", "m:Cart", None, [["price", integer(4)]]]))
    assert not ranges.hold(call(["float", "inf"]))
