"""Source code with a report at the start of each function: what the recorder of calls has modules compiled with."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from typing import Any

from agentgrader.probes.outline import accessor

Hook = Callable[..., None]


def hooked(source: bytes, number: Callable[[str], int]) -> ast.Module:
    """The tree of ``source``, each function of it with a hook. ``number`` gives the number of the function with a key
    (:mod:`agentgrader.probes.outline`). Functions inside functions have none."""
    tree = ast.parse(source)
    _Hooked(number).visit(tree)
    return ast.fix_missing_locations(tree)


def arm(number: int, hook: Hook | None) -> None:
    """Calls of the function with that number go to ``hook`` from now on, or nowhere: it then costs a look at a name."""
    setattr(builtins, _hook_name(number), hook)


def _hook_name(number: int) -> str:
    return f"__call_hook_{number}__"


class _Hooked(ast.NodeTransformer):
    """Puts ``if HOOK is not None: HOOK(module, plain, star, named, stars)`` at the start of each function."""

    def __init__(self, number: Callable[[str], int]) -> None:
        self._number = number
        self._prefix = ""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        before, self._prefix = self._prefix, f"{self._prefix}{node.name}."
        self.generic_visit(node)
        self._prefix = before
        return node

    def visit_FunctionDef(self, node: Any) -> Any:
        hook = _name(_hook_name(self._number(self._prefix + node.name + accessor(node))))
        a = node.args
        plain: ast.expr = ast.Tuple([_name(p.arg) for p in [*a.posonlyargs, *a.args]], ast.Load())
        named: ast.expr = ast.Dict([ast.Constant(p.arg) for p in a.kwonlyargs], [_name(p.arg) for p in a.kwonlyargs])
        rest = [_name(p.arg) if p else ast.Constant(None) for p in (a.vararg, a.kwarg)]
        call = ast.Expr(ast.Call(hook, [_name("__name__"), plain, rest[0], named, rest[1]], []))
        told = ast.If(ast.Compare(hook, [ast.IsNot()], [ast.Constant(None)]), [call], [])
        at = 1 if ast.get_docstring(node, clean=False) is not None else 0
        for inner in ast.walk(told):
            ast.copy_location(inner, node.body[0])
        node.body.insert(at, told)
        return node

    visit_AsyncFunctionDef = visit_FunctionDef


def _name(name: str) -> ast.expr:
    return ast.Name(name, ast.Load())
