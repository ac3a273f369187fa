"""Answers come out of a process of the code that is judged: whatever they are, they are read, and what is no answer is a difference."""

import json
import random
from dataclasses import replace
from typing import Any

import pytest
from agentgrader.differential.answers import difference_of, evidence
from agentgrader.differential.inputs import Call
from agentgrader.probes.plain_answer import checked, read_answer

CALL = Call("shop.py", "total", "shop", (["list", [["int", "1"]]],), None, (), None)
GOLD: dict[str, Any] = {"result": ["float", (1.5).hex()], "after": [[0, ["list", [["int", "1"]]]]]}
DEEP = b'{"result": ["list", ' + b"[" * 900 + b"]" * 900 + b"]}"
FORGED = [
    b"", b"no json", b"[]", b"{}", b"null", b'{"result": 1}', b'{"result": []}', b'{"result": [1]}', b'{"raised": []}', b'{"raised": [1]}',
    b'{"result": ["none"], "raised": ["x"]}', b'{"result": ["none"], "more": 1}', b'{"result": ["float", 1e999]}',
    b'{"result": ["float", NaN]}',
    b'{"result": ["int", ' + b"9" * 4000 + b"]}", b'{"result": ["int", ' + b"9" * 40 + b"]}", DEEP, b"[" * 200_000, b"\xff\xfe",
    b'{"result": ["none"], "after": [["x", ["none"]]]}', b'{"result": ["none"], "after": [0]}', b'{"result": ["float", Infinity]}',
]  # fmt: skip
ODD = [
    ["float", "0x1p99999"], ["float", "no number"], ["int", "x"], ["str", 3], ["str", "\ud800"], ["dict", [["a"]]], ["dict", 3],
    ["made", None, 3],
    ["object", "a:b"], ["object", None, None, None], ["set", [[1]]], ["slice"], ["bytes", "%"], ["unknown"], ["list", None], ["list"],
    ["iterator", []], ["code"], ["enum"], ["ref"], ["float"], ["list", [None]], ["", ""], ["cycle", "x"],
]  # fmt: skip


@pytest.mark.parametrize("line", FORGED, ids=range(len(FORGED)))
def test_what_is_no_answer_is_read_as_malformed(line: bytes) -> None:
    assert read_answer(line) == {"malformed": True}


def test_an_answer_is_read_as_it_is() -> None:
    assert read_answer(json.dumps(GOLD).encode()) == GOLD
    assert checked({"raised": ["builtins:ValueError"], "after": []}) == {"raised": ["builtins:ValueError"], "after": []}


@pytest.mark.parametrize(
    "answer", [{}, {"late": True}, {"ended": True}, {"malformed": True}, {"absent": "x"}, {"unbuildable": ""}, {"unmade": True}]
)
def test_silence_is_a_firm_difference(answer: dict[str, Any]) -> None:
    difference = difference_of(CALL, GOLD, answer, {})
    assert difference is not None
    assert (difference.what, difference.firm, bool(difference.candidate)) == ("no answer", True, True)


@pytest.mark.parametrize("value", ODD, ids=map(str, range(len(ODD))))
def test_a_value_of_no_known_shape_differs_and_breaks_nothing(value: Any) -> None:
    for answer in ({"result": value}, {**GOLD, "after": [[0, value]]}, {"raised": value}):
        difference = difference_of(CALL, GOLD, answer, {})
        assert difference is not None
        assert evidence([difference])[0].model_dump_json()


def test_any_nonsense_is_read_and_compared_without_an_error() -> None:
    chance = random.Random(7)
    leaves = [None, True, 0, -1, 10**30, 1e300, "list", "float", "object", "0x1p99999", "", "\ud800", [], {}]

    def nonsense(depth: int) -> Any:
        kind = chance.random()
        if depth == 0 or kind < 0.3:
            return chance.choice(leaves)
        if kind < 0.9:
            return [
                chance.choice(["list", "dict", "float", "object", "made", "set"]),
                *(nonsense(depth - 1) for _ in range(chance.randrange(4))),
            ]
        return {chance.choice(["result", "raised", "after", "late"]): nonsense(depth - 1)}

    for _ in range(3000):
        answer = {chance.choice(["result", "raised", "after"]): nonsense(4), "after": nonsense(3)}
        kept = checked(json.loads(json.dumps(answer)))
        for said in (answer, kept):
            difference = difference_of(CALL, GOLD, said, {})
            assert difference is not None
            assert difference.model_dump_json()


def test_only_the_kind_of_an_error_is_no_firm_difference() -> None:
    raises, other = ({"raised": [f"builtins:{name}", "builtins:Exception"], "after": []} for name in ("KeyError", "IndexError"))
    both, one = difference_of(CALL, raises, other, {}), difference_of(CALL, raises, GOLD, {})
    assert [d.firm for d in (both, one) if d is not None] == [False, True]


def test_what_the_gold_patch_refuses_is_decided_by_recorded_calls_alone() -> None:
    raises = {"raised": ["builtins:KeyError", "builtins:Exception"], "after": []}
    varied = replace(CALL, origin="mutated")
    sides = [(CALL, raises, GOLD), (varied, raises, GOLD), (varied, GOLD, raises), (varied, raises, {"ended": True})]
    found = [difference_of(call, gold, candidate, {}) for call, gold, candidate in sides]
    assert [d.firm for d in found if d is not None] == [True, False, True, True]


def test_an_argument_left_otherwise_by_an_error_is_a_difference_that_is_not_firm() -> None:
    gold, other = ({"raised": ["builtins:ValueError", "builtins:Exception"], "after": [[0, ["list", [["int", n]]]]]} for n in "12")
    difference = difference_of(CALL, gold, other, {})
    assert difference is not None
    assert (difference.what, difference.firm) == ("argument", False)
    assert difference_of(CALL, gold, gold, {}) is None


def test_what_callers_do_not_catch_is_no_error_like_others() -> None:
    error, exit_ = {"raised": ["kit:Bad", "builtins:Exception"]}, {"raised": ["builtins:SystemExit", "builtins:BaseException"]}
    assert difference_of(replace(CALL, origin="mutated"), error, exit_, {}) is not None
    assert difference_of(replace(CALL, origin="mutated"), error, {"raised": ["kit:Worse", "builtins:Exception"]}, {}) is None


def test_a_coroutine_is_not_what_it_returns() -> None:
    assert difference_of(CALL, {"result": ["int", "1"]}, {"result": ["int", "1"], "awaited": True}, {}) is not None
    assert difference_of(CALL, {"result": ["int", "1"], "awaited": True}, {"result": ["int", "1"], "awaited": True}, {}) is None


def test_only_where_an_object_lies_does_not_count() -> None:
    at, other = ({"result": ["str", f"<Part at {address}>"]} for address in ("0x7f0011223344", "0x7f9911223344"))
    assert difference_of(CALL, at, other, {}) is None
    code, mask = ({"result": ["str", text]} for text in ("0x7f0011", "0x7f0012"))
    assert difference_of(CALL, code, mask, {}) is not None
