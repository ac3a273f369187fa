"""Make a test function true or false: change what is expected, or say the opposite, or both, or neither.

Right code passes a true copy: neither, or both where that is surely true. It fails a false one: exactly one of them, at one assertion.
So whether a literal is as it was, and whether the claim is, says nothing of the truth by itself.
"""

import ast
import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, TypeAlias

from agentgrader.copies.copy import Copy, Mark
from agentgrader.copies.python import exceptions
from agentgrader.copies.python.assertions import (
    OPPOSITE_METHOD,
    Claim,
    claim_of,
    expected_exceptions,
    is_plain,
    mapped,
    method_of,
    numbered,
)
from agentgrader.copies.python.literals import changed, expected
from agentgrader.copies.python.rows import Rows, keep, loops_of, places, rows_of

Place: TypeAlias = tuple[str, int | None]
"""A case, by name, and a row of the loop around the assertion."""
_ROWS = 1
"""Rows that are kept: one can be put in the place of its parameters."""
_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {}
for _a, _b in ((ast.Eq, ast.NotEq), (ast.Is, ast.IsNot), (ast.In, ast.NotIn), (ast.Lt, ast.GtE), (ast.Gt, ast.LtE)):
    _OPPOSITE |= {_a: _b, _b: _a}


def falsify(function: Any, wanted: Copy, draw: random.Random) -> dict[ast.stmt, Claim]:
    """Make ``function`` true or false, in place. Returns what its assertions are to claim now, of those that can be put in other words."""
    true, telling = wanted.expected == "passed", wanted.telling
    rows, loops = rows_of(function) or [], loops_of(function)
    statements = numbered(function)
    target, cases = _target(function, statements, telling, draw)
    if rows:
        _reduce(rows, [case for case, _ in cases], draw)
    for loop in (loop for loop in loops if any(contains(loop, s) for s in statements)):
        _shorten(loop, {row for _, row in cases} if target is not None and contains(loop, statements[target]) else set(), draw)
    claims: dict[ast.stmt, Claim] = {}
    for i, statement in enumerate(statements):
        here = true or i != target
        if call := expected_exceptions(statement):
            call.args[0] = exceptions.other(call.args[0], here, draw)
        elif claim := claim_of(statement):
            said = _claimed(claim, here, function, [*rows, *loops], draw, wanted.equal)
            if said.test is not None:
                claims[statement] = said
    if target is None:
        function.body[:] = _guarded(function.body, true, claims, draw)
    return claims


def opposite(test: ast.expr) -> ast.expr:
    """An expression that is true where ``test`` is false."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in _OPPOSITE:
        return ast.Compare(test.left, [_OPPOSITE[type(test.ops[0])]()], test.comparators)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    return ast.UnaryOp(ast.Not(), test)


def _target(function: Any, statements: list[ast.stmt], telling: Sequence[Mark], draw: random.Random) -> tuple[int | None, list[Place]]:
    """Which assertion is the one that may become false, and where it fails; none for the function as a whole."""
    cases: dict[int, list[Place]] = defaultdict(list)
    for mark in telling:
        head, _, case = mark.partition("[")
        number, _, row = head.partition("@")
        if number.isdigit() and int(number) < len(statements):
            cases[int(number)].append((case.removesuffix("]"), int(row) if row else None))
    can = [i for i, statement in enumerate(statements) if _can_be_false(statement)]
    can = [i for i in can if (i in cases if telling else is_plain(function, statements[i]))]
    target = draw.choice(can) if can else None
    return target, cases[target] if target is not None else [place for places_ in cases.values() for place in places_]


def _can_be_false(statement: ast.stmt) -> bool:
    if call := expected_exceptions(statement):
        return bool(exceptions.unrelated(call.args[0]))
    claim = claim_of(statement)
    return claim is not None and (claim.test is not None or (claim.call is not None and method_of(claim.call) in OPPOSITE_METHOD))


def _reduce(rows: list[Rows], cases: list[str], draw: random.Random) -> None:
    """Leave a few of the rows: of those in which the faulty code fails, if they are known."""
    known = [where for case in cases if (where := places(case))]
    if not known:
        known = [{k: draw.randrange(len(r.values)) for k, r in enumerate(rows)}]
    keep(rows, draw.sample(known, _ROWS))


def _shorten(loop: Rows, telling: set[int | None], draw: random.Random) -> None:
    """Leave a few of the rows of a loop: of those in which the faulty code fails, if they are known."""
    known = sorted(row for row in telling if row is not None and row < len(loop.values)) or list(range(len(loop.values)))
    loop.values[:] = [loop.values[i] for i in draw.sample(known, _ROWS)]


def contains(loop: Rows, statement: ast.stmt) -> bool:
    """Whether a statement stands in a loop."""
    return any(n is statement for n in ast.walk(loop.owner))


def _claimed(claim: Claim, true: bool, function: Any, rows: list[Rows], draw: random.Random, equal: bool) -> Claim:
    test = claim.test
    if test is None:
        if not true and claim.call is not None and isinstance(claim.call.func, ast.Attribute):
            claim.call.func.attr = OPPOSITE_METHOD[claim.call.func.attr]
        return claim
    groups = expected(test, function, rows)
    if equal and not true and not groups and isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq):
        return Claim(_nested(test), claim.owner, None)
    change = bool(groups) and (not true if equal else draw.random() < 0.5)
    apart = isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.In)
    for group in groups if change else ():
        one = draw.choice(group)
        one.value = changed(one.value, draw, apart)
    return Claim(opposite(test) if change == true else test, claim.owner, None)


def _nested(test: ast.Compare) -> ast.expr:
    """``a == b`` as ``a == (b,)``: false for whatever compares by value."""
    return ast.Compare(test.left, test.ops, [ast.Tuple([test.comparators[0]], ast.Load()), *test.comparators[1:]])


def _guarded(body: list[ast.stmt], true: bool, claims: dict[ast.stmt, Claim], draw: random.Random) -> list[ast.stmt]:
    """The body, and then the claim that it raised nothing, or that it did."""
    name = "".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=9))
    caught = ast.Assign([ast.Name(name, ast.Store())], ast.Name(f"{name}_", ast.Load()))
    handler = ast.ExceptHandler(ast.Name("Exception", ast.Load()), f"{name}_", [caught])
    nothing = ast.Compare(ast.Name(name, ast.Load()), [ast.Is()], [ast.Constant(None)])
    last = ast.Assert(nothing, None)
    claims[last] = Claim(nothing if true else opposite(nothing))
    tried = ast.Try([*body], [handler], [], [])
    return [ast.Assign([ast.Name(name, ast.Store())], ast.Constant(None)), tried, last]


def split(function: Any) -> list[tuple[Mark, int, int | None]]:
    """What can be looked at one by one: each assertion, in each row of the loop that it stands in. See :func:`alone`."""
    loops = loops_of(function)
    found: list[tuple[Mark, int, int | None]] = []
    for i, statement in enumerate(numbered(function)):
        loop = next((loop for loop in loops if contains(loop, statement)), None)
        found += [(f"{i}@{row}", i, row) for row in range(len(loop.values))] if loop else [(str(i), i, None)]
    return found


def alone(function: Any, number: int, row: int | None) -> None:
    """Leave one assertion of ``function``, in place, and one row of its loop; the others are evaluated and assert nothing."""
    wanted = numbered(function)[number]
    for loop in loops_of(function):
        if row is not None and contains(loop, wanted):
            loop.values[:] = [loop.values[row]]
    others = {id(s) for i, s in enumerate(numbered(function)) if i != number}
    function.body[:] = mapped(function.body, lambda s: [_evaluated(s)] if id(s) in others else [s])


def _evaluated(statement: ast.stmt) -> ast.stmt:
    if isinstance(statement, ast.Assert):
        return ast.Expr(statement.test)
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return ast.Expr(ast.Tuple([a for a in statement.value.args if not isinstance(a, ast.Starred)], ast.Load()))
    handler = ast.ExceptHandler(ast.Name("BaseException", ast.Load()), None, [ast.Pass()])
    return ast.Try([statement], [handler], [], [])
