"""Other names for the locals of a function."""

import ast
import random
from collections.abc import Iterator
from typing import Any

_LOOKED_UP = frozenset({"locals", "vars", "eval", "exec", "dir", "globals", "compile"})
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def renamed(function: Any, draw: random.Random) -> None:
    """Give the locals of ``function`` random names, in place; not its parameters, nor what is looked up by name."""
    inside = [n for s in function.body for n in ast.walk(s)]
    if any((isinstance(n, ast.Name) and n.id in _LOOKED_UP) or isinstance(n, ast.Match) for n in inside):
        return
    own = [n for s in function.body for n in _of_one_scope(s)]
    stored = {n.id for n in own if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    stored |= {n.name for n in own if isinstance(n, ast.ExceptHandler) and n.name}
    new = {name: "".join(draw.choices(_LETTERS, k=draw.randrange(5, 11))) for name in sorted(stored - _kept(function, inside))}
    for n in inside:
        if isinstance(n, ast.Name):
            n.id = new.get(n.id, n.id)
        elif isinstance(n, ast.ExceptHandler) and n.name:
            n.name = new.get(n.name, n.name)


def _of_one_scope(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    if not isinstance(node, _SCOPES):
        for inner in ast.iter_child_nodes(node):
            yield from _of_one_scope(inner)


def _kept(function: Any, inside: list[ast.AST]) -> set[str]:
    """Names that are bound in another way than by assignment somewhere, so that they are not one thing."""
    kept = {a.arg for n in [function.args, *inside] if isinstance(n, ast.arguments) for a in _parameters(n)}
    for n in inside:
        if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            kept.add(n.name)
            if isinstance(n, ast.ClassDef):
                kept |= {m.id for m in ast.walk(n) if isinstance(m, ast.Name)}
        elif isinstance(n, ast.Global | ast.Nonlocal):
            kept.update(n.names)
        elif isinstance(n, ast.alias):
            kept.add((n.asname or n.name).partition(".")[0])
    return kept


def _parameters(a: ast.arguments) -> list[ast.arg]:
    return [*a.posonlyargs, *a.args, *a.kwonlyargs, *([a.vararg] if a.vararg else []), *([a.kwarg] if a.kwarg else [])]
