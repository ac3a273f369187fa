"""Record the arguments that functions are called with while tests run. For trusted code: the code under test could forge this."""

from __future__ import annotations

import ast
import builtins
import importlib.machinery
import json
import os
import threading
from typing import Any

from agentgrader.probes.outline import accessor
from agentgrader.probes.serialize import Encoder

_HOOK = "__note_call__"
_KEEP, _LOOK = 200, 2000
"""Distinct calls kept of one function, and calls of it that are looked at."""
_LOST = {"opaque", "long"}


class CallTracer:
    """Notes calls of ``targets``: real path of a file → keys of :mod:`agentgrader.probes.outline`."""

    def __init__(self, targets: dict[str, list[str]], encoder: Encoder) -> None:
        self._targets = targets
        self._encoder = encoder
        self._names = [(path, key) for path, keys in targets.items() for key in keys]
        self._calls: list[dict[str, dict[str, Any]]] = [{} for _ in self._names]
        self._seen = [0] * len(self._names)
        self._lost: list[str] = ["" for _ in self._names]
        self._busy = threading.Lock()

    def install(self) -> None:
        """From here on, modules of the targets report calls when they are imported."""
        loader: Any = importlib.machinery.SourceFileLoader
        plain = loader.source_to_code

        def source_to_code(this: Any, data: Any, path: Any, **options: Any) -> Any:
            keys = self._targets.get(os.path.realpath(os.fsdecode(path)))
            if keys is None:
                return plain(this, data, path, **options)
            tree = ast.parse(data)
            _Hooked({key: self._names.index((os.path.realpath(os.fsdecode(path)), key)) for key in keys}).visit(tree)
            return compile(ast.fix_missing_locations(tree), os.fsdecode(path), "exec", dont_inherit=True)

        loader.source_to_code = source_to_code
        setattr(builtins, _HOOK, self._note)

    def records(self) -> list[dict[str, Any]]:
        """One for each function: its calls, how many were seen, and the first thing that could not be written."""
        return [
            {"path": path, "key": key, "calls": list(self._calls[i].values()), "seen": self._seen[i], "lost": self._lost[i]}
            for i, (path, key) in enumerate(self._names)
        ]

    def _note(self, index: int, module: str, plain: tuple[Any, ...], star: Any, named: dict[str, Any], stars: Any) -> None:
        self._seen[index] += 1
        if self._seen[index] > _LOOK or len(self._calls[index]) >= _KEEP or not self._busy.acquire(blocking=False):
            return
        try:
            encode = self._encoder.encode
            call = {
                "module": module,
                "plain": [encode(a) for a in plain],
                "star": None if star is None else [encode(a) for a in star],
                "named": [[k, encode(v)] for k, v in named.items()],
                "stars": None if stars is None else [[k, encode(v)] for k, v in stars.items()],
            }
            lost = unwritten([call["plain"], call["star"], call["named"], call["stars"]])
            if lost:
                self._lost[index] = self._lost[index] or lost
            else:
                self._calls[index].setdefault(json.dumps(call), call)
        finally:
            self._busy.release()


def unwritten(e: Any) -> str:
    """What in an encoded value cannot be made anew; empty if all can."""
    waiting = [e]
    for item in waiting:
        if isinstance(item, list) and item:
            tag = item[0]
            if isinstance(tag, str) and tag in _LOST:
                return " ".join(str(part) for part in item[:2])
            if tag == "object" and isinstance(item[1], str) and item[1].startswith("?"):
                return f"object {item[1][1:]}"
            waiting.extend(i for i in item if isinstance(i, list))
    return ""


class _Hooked(ast.NodeTransformer):
    """Puts a call of the hook at the start of each function that has a number."""

    def __init__(self, numbers: dict[str, int]) -> None:
        self._numbers = numbers
        self._prefix = ""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        before, self._prefix = self._prefix, f"{self._prefix}{node.name}."
        self.generic_visit(node)
        self._prefix = before
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        number = self._numbers.get(self._prefix + node.name + accessor(node))
        if number is not None:
            a = node.args
            plain: ast.expr = ast.Tuple([_name(p.arg) for p in [*a.posonlyargs, *a.args]], ast.Load())
            named: ast.expr = ast.Dict([ast.Constant(p.arg) for p in a.kwonlyargs], [_name(p.arg) for p in a.kwonlyargs])
            rest = [_name(p.arg) if p else ast.Constant(None) for p in (a.vararg, a.kwarg)]
            call = ast.Call(_name(_HOOK), [ast.Constant(number), _name("__name__"), plain, rest[0], named, rest[1]], [])
            told = ast.Expr(ast.copy_location(call, node.body[0]))
            node.body.insert(1 if ast.get_docstring(node, clean=False) is not None else 0, ast.copy_location(told, node.body[0]))
        return node


def _name(name: str) -> ast.expr:
    return ast.Name(name, ast.Load())
