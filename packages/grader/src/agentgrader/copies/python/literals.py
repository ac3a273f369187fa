"""Expected values that stand in a test in so many words, and other values that look as likely."""

import ast
import copy
import random
from typing import Any

from agentgrader.copies.python.assertions import method_of
from agentgrader.copies.python.rows import Rows

_SCALARS = (bool, int, float, str, bytes)
_KEEPING_APART = frozenset(
    {"date", "time", "datetime", "timedelta", "Decimal", "Fraction", "tuple", "list", "dict", "OrderedDict", "deque"}
)
"""What is made of different values is different."""
_LETTERS = "aeiorstnlcdmu"


def scalars(node: ast.AST) -> list[ast.Constant]:
    """The scalars of a literal, however deep; none if anything in it is computed, or made by what is not known to keep them apart."""
    found: list[ast.Constant] = []
    return found if _gathers(node, found) else []


def _gathers(node: ast.AST | None, found: list[ast.Constant]) -> bool:
    match node:
        case ast.Constant(value=value):
            if isinstance(value, _SCALARS):
                found.append(node)
            return True
        case ast.List(elts=inner) | ast.Tuple(elts=inner) | ast.Set(elts=inner):
            return all(_gathers(e, found) for e in inner)
        case ast.Dict(keys=keys, values=values):
            return all(k is not None and _gathers(k, found) for k in keys) and all(_gathers(v, found) for v in values)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float())):
            return _gathers(node.operand, found)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str()), attr="join"), args=[ast.List() | ast.Tuple()], keywords=[]):
            return _gathers(node.args[0], found)
        case ast.Call(args=inner, keywords=[]) if method_of(node) in _KEEPING_APART:
            return all(_gathers(e, found) for e in inner)
        case ast.Name():
            return True
    return False


def expected(test: ast.expr | None, function: Any, rows: list[Rows]) -> list[list[ast.Constant]]:
    """Literals of which one, if it is changed, makes a true claim false: groups, in each of which one scalar is to be changed.

    Empty where there is none. A change of one together with the opposite of the claim is true again. A parameter that is used
    elsewhere too gives way to its value.
    """
    if not isinstance(test, ast.Compare):
        return []
    if all(isinstance(op, ast.Eq) for op in test.ops):
        return _of_a_side(test, function, rows)
    if len(test.ops) == 1 and isinstance(test.ops[0], ast.Is):
        groups = _of_a_side(test, function, rows) if isinstance(test.comparators[0], ast.Constant | ast.Name) else []
        return groups if all(isinstance(one.value, bool) for group in groups for one in group) else []
    if len(test.ops) == 1 and isinstance(test.ops[0], ast.In) and isinstance(test.left, ast.Constant):
        value = test.left.value
        return [[test.left]] if isinstance(value, str) and sum(c.isalpha() for c in value) >= 4 else []
    return []


def _of_a_side(test: ast.Compare, function: Any, rows: list[Rows]) -> list[list[ast.Constant]]:
    """The literal that is a side of a comparison, or the values that a parameter has there."""
    for i, side in [*reversed(list(enumerate(test.comparators))), (-1, test.left)]:
        if not isinstance(side, ast.Name):
            if found := scalars(side):
                return [found]
            continue
        own = [r for r in rows if side.id in r.names]
        given = [n for s in function.body for n in ast.walk(s) if isinstance(n, ast.Name) and n.id == side.id]
        bound = [n for r in own if isinstance(r.owner, ast.For) for n in ast.walk(r.owner.target)]
        if len(own) != 1 or any(not isinstance(n.ctx, ast.Load) and n not in bound for n in given):
            continue
        cells = own[0].column(side.id)
        if cells and all(scalars(c[at]) for c, at in cells):
            if sum(isinstance(n.ctx, ast.Load) for n in given) == 1:
                return [scalars(c[at]) for c, at in cells]
            if len(cells) == 1:
                return [scalars(_put(test, i, copy.deepcopy(cells[0][0][cells[0][1]])))]
    return []


def _put(test: ast.Compare, side: int, value: ast.expr) -> ast.expr:
    if side < 0:
        test.left = value
    else:
        test.comparators[side] = value
    return value


def changed(value: Any, draw: random.Random, apart: bool = False) -> Any:
    """Another value of the same type that could as well stand there. ``apart``: a text that hardly is part of the same whole."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return _other_integer(value, draw)
    if isinstance(value, float):
        other = draw.choice((value + draw.choice((1, -1, 0.5, 2, -2, 0.1)), value * 2, -value, float(round(value)) + 1))
        return other if other != value and abs(other) != float("inf") else 1.5
    if isinstance(value, bytes):
        return changed(value.decode("latin-1"), draw).encode("latin-1", "replace")
    return _part_of_nothing(value, draw) if apart else _other_text(value, draw)


def _part_of_nothing(value: str, draw: random.Random) -> str:
    other = value
    while other == value:
        other = _replaced(_replaced(value, draw), draw)
    return other


def _other_integer(value: int, draw: random.Random) -> int:
    digits = str(abs(value))
    ways = [value + draw.choice((1, 1, -1, -1, 2, -2, 3, 10)), value + draw.randrange(1, 9)]
    if len(digits) > 1:
        at = draw.randrange(len(digits))
        other = int(digits[:at] + draw.choice("123456789") + digits[at + 1 :])
        ways += [other if value > 0 else -other] * 2
    other = draw.choice(ways)
    return other if other != value else value + 1


def _other_text(value: str, draw: random.Random) -> str:
    if not value:
        return draw.choice((" ", "a", "0", "None"))
    at = draw.randrange(len(value))
    ways = [
        _replaced(value, draw),
        value[:at] + value[at + 1 :],
        value[:at] + value[at] + value[at:],
        value[:at] + value[at + 1 : at + 2] + value[at] + value[at + 2 :],
        value.swapcase() if len(value) < 3 else value[:-1],
    ]
    other = draw.choice(ways)
    return other if other != value else _replaced(value, draw)


def _replaced(value: str, draw: random.Random) -> str:
    """One character made another one of its kind: of those in the text, so that no strange one gives it away, if there are some."""
    places = [i for i, c in enumerate(value) if c.isalnum()] or list(range(len(value)))
    at = draw.choice(places)
    old = value[at]
    kind = "0123456789" if old.isdigit() else _LETTERS.upper() if old.isupper() else _LETTERS if old.islower() else " -_.,/:;()"
    same = {c for c in value if c != old and (c.isdigit(), c.isupper(), c.islower()) == (old.isdigit(), old.isupper(), old.islower())}
    return value[:at] + draw.choice(sorted(same) or [c for c in kind if c != old]) + value[at + 1 :]
