"""Say the same in other words: what a function claims, its constants, the names of its locals. True and false copies alike."""

import ast
import random
from collections.abc import Callable, Mapping
from typing import Any

from agentgrader.copies.python.assertions import Claim, mapped, method_of
from agentgrader.copies.python.constants import Constants
from agentgrader.copies.python.falsify import opposite
from agentgrader.copies.python.helpers import Helpers
from agentgrader.copies.python.literals import scalars
from agentgrader.copies.python.names import renamed


def disguise(function: Any, claims: Mapping[ast.stmt, Claim], helpers: Helpers, draw: random.Random) -> None:
    """Put ``function`` in other words, in place. ``claims`` says what its assertions claim."""
    _undocument(function)
    function.body[:] = mapped(function.body, lambda s: [_said(claims[s], helpers, draw)] if s in claims else [s])
    constants = Constants(helpers, draw)
    function.body[:] = [constants.visit(s) for s in function.body]
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and method_of(decorator) == "parametrize":
            decorator.args[1:] = [constants.visit(a) for a in decorator.args[1:]]
    renamed(function, draw)


def _undocument(function: Any) -> None:
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        function.body[0] = ast.Pass()


def _said(claim: Claim, helpers: Helpers, draw: random.Random) -> ast.stmt:
    """A statement that asserts the claim."""
    assert claim.test is not None
    test = _turned(claim.test, draw)
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq | ast.NotEq) and draw.random() < 0.4:
        equal = isinstance(test.ops[0], ast.Eq)
        both = [test.left, test.comparators[0]]
        if claim.owner is not None and draw.random() < 0.6:
            return _call(ast.Attribute(claim.owner, "assertEqual" if equal else "assertNotEqual", ast.Load()), both)
        return _call(helpers.comparing(equal), both)
    if draw.random() < 0.3:
        test = ast.UnaryOp(ast.Not(), opposite(test))
    ways: list[Callable[[], ast.stmt]] = [
        lambda: ast.Assert(test, None),
        lambda: ast.If(opposite(test), [ast.Raise(ast.Name("AssertionError", ast.Load()), None)], []),
        lambda: _call(helpers.asserting(), [test]),
    ]
    if claim.owner is not None:
        owner = claim.owner
        ways += [
            lambda: _call(ast.Attribute(owner, "assertTrue", ast.Load()), [test]),
            lambda: _call(ast.Attribute(owner, "assertFalse", ast.Load()), [opposite(test)]),
        ]
    return draw.choice(ways)()


def _turned(test: ast.expr, draw: random.Random) -> ast.expr:
    """A comparison with a literal: its sides swapped, or each made a part of something."""
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq | ast.NotEq)):
        return test
    left, right = test.left, test.comparators[0]
    if not scalars(left) and not scalars(right):
        return test
    if draw.random() < 0.4:
        left, right = right, left
    match draw.randrange(6):
        case 0:
            beside = draw.randrange(100)
            left, right = (ast.Tuple([side, ast.Constant(beside)], ast.Load()) for side in (left, right))
        case 1:
            left, right = (ast.List([side], ast.Load()) for side in (left, right))
        case 2:
            key = draw.randrange(100)
            left, right = (ast.Dict([ast.Constant(key)], [side]) for side in (left, right))
    return ast.Compare(left, [test.ops[0]], [right])


def _call(function: ast.expr, given: list[ast.expr]) -> ast.stmt:
    return ast.Expr(ast.Call(function, given, []))
