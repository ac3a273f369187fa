"""Make a test function true or false: change what is expected, or say the opposite, or both, or neither.

Right code passes a true copy: neither, or both where that is surely true. It fails a false one: exactly one of them, at one assertion.
So whether a literal is as it was, and whether the claim is, says nothing of the truth by itself.
"""

import ast
import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from agentgrader.copies.copy import Mark
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
from agentgrader.copies.python.rows import Rows, keep, places, rows_of

_ROWS = 3
"""Most rows of a parametrised test that are kept."""
_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {}
for _a, _b in ((ast.Eq, ast.NotEq), (ast.Is, ast.IsNot), (ast.In, ast.NotIn), (ast.Lt, ast.GtE), (ast.Gt, ast.LtE)):
    _OPPOSITE |= {_a: _b, _b: _a}


def falsify(function: Any, true: bool, telling: Sequence[Mark], draw: random.Random) -> dict[ast.stmt, Claim]:
    """Make ``function`` true or false, in place. Returns what its assertions are to claim now, of those that can be put in other words."""
    rows = rows_of(function)
    statements = numbered(function)
    target, cases = _target(function, statements, telling, draw)
    if rows:
        _reduce(rows, cases, draw)
    claims: dict[ast.stmt, Claim] = {}
    for i, statement in enumerate(statements):
        here = true or i != target
        if call := expected_exceptions(statement):
            call.args[0] = exceptions.other(call.args[0], here, draw)
        elif claim := claim_of(statement):
            said = _claimed(claim, here, function, rows, draw)
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


def _target(function: Any, statements: list[ast.stmt], telling: Sequence[Mark], draw: random.Random) -> tuple[int | None, list[str]]:
    """Which assertion is the one that may become false, and the cases in which it fails; none for the function as a whole."""
    cases: dict[int, list[str]] = defaultdict(list)
    for mark in telling:
        number, _, case = mark.partition("[")
        if number.isdigit() and int(number) < len(statements):
            cases[int(number)].append(case.removesuffix("]"))
    can = [i for i, statement in enumerate(statements) if _can_be_false(statement)]
    can = [i for i in can if (i in cases if telling else is_plain(function, statements[i]))]
    target = draw.choice(can) if can else None
    every = [mark.partition("[")[2].removesuffix("]") for mark in telling]
    return target, cases[target] if target is not None else every


def _can_be_false(statement: ast.stmt) -> bool:
    if call := expected_exceptions(statement):
        return bool(exceptions.unrelated(call.args[0]))
    claim = claim_of(statement)
    return claim is not None and (claim.test is not None or (claim.call is not None and method_of(claim.call) in OPPOSITE_METHOD))


def _reduce(rows: list[Rows], cases: list[str], draw: random.Random) -> None:
    """Leave a few of the rows: of those in which the faulty code fails, if they are known."""
    known = [where for case in cases if (where := places(case))]
    if not known:
        known = [{k: draw.randrange(len(r.values)) for k, r in enumerate(rows)} for _ in range(_ROWS)]
    keep(rows, draw.sample(known, min(len(known), draw.randrange(1, _ROWS + 1) if len(rows) == 1 else 1)))


def _claimed(claim: Claim, true: bool, function: Any, rows: list[Rows] | None, draw: random.Random) -> Claim:
    test = claim.test
    if test is None:
        if not true and claim.call is not None and isinstance(claim.call.func, ast.Attribute):
            claim.call.func.attr = OPPOSITE_METHOD[claim.call.func.attr]
        return claim
    groups = expected(test, function, rows)
    change = bool(groups) and draw.random() < 0.5
    apart = isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.In)
    for group in groups if change else ():
        one = draw.choice(group)
        one.value = changed(one.value, draw, apart)
    return Claim(opposite(test) if change == true else test, claim.owner, None)


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


def alone(function: Any, number: int) -> None:
    """Leave one assertion of ``function``, in place; the others are evaluated and assert nothing."""
    others = {id(s) for i, s in enumerate(numbered(function)) if i != number}
    function.body[:] = mapped(function.body, lambda s: [_evaluated(s)] if id(s) in others else [s])


def _evaluated(statement: ast.stmt) -> ast.stmt:
    if isinstance(statement, ast.Assert):
        return ast.Expr(statement.test)
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return ast.Expr(ast.Tuple([a for a in statement.value.args if not isinstance(a, ast.Starred)], ast.Load()))
    handler = ast.ExceptHandler(ast.Name("BaseException", ast.Load()), None, [ast.Pass()])
    return ast.Try([statement], [handler], [], [])
