"""The assertions of a test function: where they stand, and what they claim."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_FIELDS = ("body", "orelse", "finalbody")
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_COMPARING: dict[str, type[ast.cmpop]] = {
    **dict.fromkeys(("assertEqual", "assertEquals", "assertListEqual", "assertTupleEqual", "assertDictEqual"), ast.Eq),
    **dict.fromkeys(("assertSetEqual", "assertSequenceEqual", "assertMultiLineEqual"), ast.Eq),
    **dict.fromkeys(("assertNotEqual", "assertNotEquals"), ast.NotEq),
    "assertIs": ast.Is,
    "assertIsNot": ast.IsNot,
    "assertIn": ast.In,
    "assertNotIn": ast.NotIn,
    "assertLess": ast.Lt,
    "assertLessEqual": ast.LtE,
    "assertGreater": ast.Gt,
    "assertGreaterEqual": ast.GtE,
}
_EQUAL_FUNCTIONS = ("assert_equal", "assert_equals", "eq_")
_OPPOSITE_METHODS = (("assertAlmostEqual", "assertNotAlmostEqual"), ("assertRegex", "assertNotRegex"))
OPPOSITE_METHOD = {a: b for pair in _OPPOSITE_METHODS for a, b in (pair, pair[::-1])}


@dataclass(frozen=True)
class Claim:
    """What one statement asserts."""

    test: ast.expr | None
    """An expression that is true; nothing for a call that has no such form."""
    owner: ast.expr | None = None
    """The test case whose method asserts it."""
    call: ast.Call | None = None
    """The call of the method itself, where ``test`` is missing."""


def claim_of(statement: ast.stmt) -> Claim | None:
    """What a statement asserts; nothing if it is no assertion."""
    if isinstance(statement, ast.Assert):
        return Claim(statement.test)
    if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
        return None
    call = statement.value
    name = method_of(call)
    if name in _EQUAL_FUNCTIONS and len(call.args) == 2:
        return Claim(ast.Compare(call.args[0], [ast.Eq()], [call.args[1]]))
    if not name.startswith("assert") or not isinstance(call.func, ast.Attribute) or not isinstance(call.func.value, ast.Name):
        return None
    if name.startswith(("assert_", "assertRaises", "assertWarns", "assertLogs")):
        return None
    return Claim(_test(name, call.args), call.func.value, call)


def _test(name: str, given: list[ast.expr]) -> ast.expr | None:
    if any(isinstance(a, ast.Starred) for a in given):
        return None
    match given:
        case [a, b, *_] if name in _COMPARING:
            return ast.Compare(a, [_COMPARING[name]()], [b])
        case [a, b, *_] if name in ("assertIsInstance", "assertNotIsInstance"):
            kind = ast.Call(ast.Name("isinstance", ast.Load()), [a, b], [])
            return kind if name == "assertIsInstance" else ast.UnaryOp(ast.Not(), kind)
        case [a, *_] if name == "assertTrue":
            return a
        case [a, *_] if name == "assertFalse":
            return ast.UnaryOp(ast.Not(), a)
        case [a, *_] if name in ("assertIsNone", "assertIsNotNone"):
            return ast.Compare(a, [ast.Is() if name == "assertIsNone" else ast.IsNot()], [ast.Constant(None)])
    return None


def expected_exceptions(statement: ast.stmt) -> ast.Call | None:
    """The call of ``pytest.raises`` or ``assertRaises`` that a with statement enters, if that is all it enters."""
    if not isinstance(statement, ast.With) or len(statement.items) != 1:
        return None
    call = statement.items[0].context_expr
    if isinstance(call, ast.Call) and method_of(call) in ("raises", "assertRaises", "assertRaisesRegex") and call.args:
        return call
    return None


def method_of(call: ast.Call) -> str:
    """The last name of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""


def is_assertion(statement: ast.stmt) -> bool:
    return claim_of(statement) is not None or expected_exceptions(statement) is not None


def mapped(body: list[ast.stmt], change: Callable[[ast.stmt], list[ast.stmt]]) -> list[ast.stmt]:
    """Statements with ``change`` made to each, inner ones first; not inside of functions and classes that are defined among them."""
    made: list[ast.stmt] = []
    for statement in body:
        if not isinstance(statement, _SCOPES):
            for inner in _bodies(statement):
                inner[:] = mapped(inner, change)
        made += change(statement)
    return made


def numbered(function: Any) -> list[ast.stmt]:
    """The assertions of a function, in the order in which :func:`mapped` meets them: their places are their marks."""
    return [s for s in _inner_first(function.body) if is_assertion(s)]


def is_plain(function: Any, statement: ast.stmt) -> bool:
    """Whether a statement is run whenever the function is: it stands in no branch, handler or loop of unknown length."""
    return _is_plain(function.body, statement)


def _is_plain(body: list[ast.stmt], wanted: ast.stmt) -> bool:
    for statement in body:
        if statement is wanted:
            return True
        if isinstance(statement, ast.With | ast.AsyncWith | ast.For) and _is_plain(statement.body, wanted):
            return not isinstance(statement, ast.For) or bool(getattr(statement.iter, "elts", ()))
        if isinstance(statement, ast.Try) and _is_plain(statement.finalbody, wanted):
            return True
    return False


def _inner_first(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        if not isinstance(statement, _SCOPES):
            for inner in _bodies(statement):
                yield from _inner_first(inner)
        yield statement


def _bodies(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for field in _FIELDS:
        inner = getattr(statement, field, None)
        if isinstance(inner, list):
            yield inner
    for handler in getattr(statement, "handlers", ()):
        yield handler.body
    for case in getattr(statement, "cases", ()):
        yield case.body
