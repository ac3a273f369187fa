"""Literals that a module keeps in a name of its own: put where tests use them, and taken out of the module where nothing else does."""

import ast
import copy
from collections import Counter
from collections.abc import Iterable
from typing import Any

from agentgrader.copies.python.assertions import method_of
from agentgrader.copies.python.literals import scalars

_LITERAL = (ast.List, ast.Tuple, ast.Dict, ast.Set, ast.Constant)
Tables = dict[str, ast.expr]
"""Name → the literal that it is, once and for all."""


def tables_of(module: ast.Module) -> Tables:
    """The literals at the top of a module that it uses itself."""
    names = [n for n in ast.walk(module) if isinstance(n, ast.Name)]
    stored = Counter(n.id for n in names if not isinstance(n.ctx, ast.Load))
    loaded = {n.id for n in names if isinstance(n.ctx, ast.Load)}
    found = {name: s.value for s in module.body if (name := _named(s)) and isinstance(s, ast.Assign | ast.AnnAssign)}
    return {name: v for name, v in found.items() if name in loaded and stored[name] == 1 and isinstance(v, _LITERAL)}


def inline(function: Any, tables: Tables) -> None:
    """Write the rows of ``function`` out, in its parametrisations and its loops, and what it compares with."""
    tables = {name: value for name, value in tables.items() if name not in _bound(function)}
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and method_of(decorator) == "parametrize" and len(decorator.args) > 1:
            decorator.args[1] = _written(decorator.args[1], tables)
    for node in ast.walk(function):
        if isinstance(node, ast.For):
            node.iter = _written(node.iter, tables)
    _inline_sides(function, tables)
    _inline_locals(function)


def _inline_locals(function: Any) -> None:
    """The same with locals that are given a literal once and do nothing but to be compared with."""
    names = [n for n in ast.walk(function) if isinstance(n, ast.Name)]
    stored = Counter(n.id for n in names if not isinstance(n.ctx, ast.Load))
    given = {name: s for s in function.body if (name := _named(s)) and stored[name] == 1 and scalars(s.value)}
    sides = Counter(side.id for node in ast.walk(function) for side in _sides(node) if isinstance(side, ast.Name))
    loads = Counter(n.id for n in names if isinstance(n.ctx, ast.Load))
    chosen = {name: s for name, s in given.items() if loads[name] and loads[name] == sides[name] and not _names_in(s.value)}
    _inline_sides(function, {name: s.value for name, s in chosen.items()})
    function.body[:] = [s for s in function.body if s not in chosen.values()] or [ast.Pass()]


def _inline_sides(function: Any, tables: Tables) -> None:
    for node in ast.walk(function):
        if isinstance(node, ast.Compare) and _sides(node):
            node.left, node.comparators = _written(node.left, tables), [_written(c, tables) for c in node.comparators]
        elif isinstance(node, ast.Call) and _sides(node):
            node.args[:2] = [_written(a, tables) for a in node.args[:2]]


def _sides(node: ast.AST) -> list[ast.expr]:
    """What a node compares, to be equal."""
    if isinstance(node, ast.Compare) and all(isinstance(op, ast.Eq) for op in node.ops):
        return [node.left, *node.comparators]
    if isinstance(node, ast.Call) and method_of(node) in ("assertEqual", "assertEquals", "assert_equal", "eq_"):
        return node.args[:2]
    return []


def _names_in(node: ast.AST) -> bool:
    return any(isinstance(n, ast.Name) for n in ast.walk(node) if not isinstance(n, ast.Call))


def drop_unused(module: ast.Module, names: Iterable[str]) -> None:
    """Take tables out of the module that nothing names any more."""
    used = {n.id for n in ast.walk(module) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    used |= {n.value for n in ast.walk(module) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    gone = set(names) - used
    module.body[:] = [s for s in module.body if _named(s) not in gone]


def _bound(function: Any) -> set[str]:
    """Names that the function gives a meaning of its own."""
    stored = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    return stored | {n.arg for n in ast.walk(function) if isinstance(n, ast.arg)}


def _written(node: ast.expr, tables: Tables) -> ast.expr:
    return copy.deepcopy(tables[node.id]) if isinstance(node, ast.Name) and node.id in tables else node


def _named(statement: ast.stmt) -> str:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            return name
    return ""
