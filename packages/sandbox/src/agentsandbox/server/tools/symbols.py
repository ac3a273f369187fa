"""The symbols tool: classes, functions, methods and variables of Python files, read off the syntax tree."""

from __future__ import annotations

import ast
import difflib
import re
import warnings
from collections.abc import Iterator
from typing import NamedTuple

from agentsandbox.server.tools.walking import files_below, printable, text_of

SHOWN = 200
"""Definitions shown."""

_WIDTH = 160
_ALIKE = 3
_PYTHON = (".py", ".pyi")
_DEFINED = re.compile(rb"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)


class Symbol(NamedTuple):
    """A definition. ``name`` is qualified: ``Class.method``."""

    path: str
    line: int
    kind: str
    name: str
    signature: str
    doc: str
    """First line of the docstring."""

    def __str__(self) -> str:
        said = f"{self.kind} {self.name}{self.signature}"
        said = said if len(said) <= _WIDTH else said[:_WIDTH] + "..."
        return f"{printable(self.path)}:{self.line}: {said}{f' - {self.doc}' if self.doc else ''}"


def report(root: str, shown: str, name: str | None) -> Iterator[str]:
    """Lines of the answer: the definitions below ``root`` (file or folder), or those of ``name`` only.

    ``name`` may be qualified. Files that cannot be parsed are told, and the rest goes on.
    """
    warnings.simplefilter("ignore")
    last = name.rpartition(".")[2] if name else ""
    known: dict[str, str] = {}
    broken: list[str] = []
    found = looked = 0
    for path, seen in files_below(root, shown):
        data = text_of(path) if path.endswith(_PYTHON) or path == root else None
        if data is None:
            continue
        looked += 1
        if name and last.encode("utf-8", "replace") not in data:
            _note(known, data, seen)
            continue
        try:
            tree = ast.parse(data)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as e:
            broken.append(_problem(seen, e))
            continue
        for symbol in _definitions(tree, seen, ""):
            if not name or symbol.name == name or symbol.name.endswith(f".{name}"):
                found += 1
                if found <= SHOWN:
                    yield str(symbol)
        _note(known, data, seen)
    yield from broken[:SHOWN]
    if found > SHOWN:
        yield f"{found} definitions, the first {SHOWN} are shown: name a file, a smaller folder or a name"
    if not found:
        alike = [f"{other} ({known[other]})" for other in difflib.get_close_matches(last, known, _ALIKE)] if name else []
        yield f"no definition{f' of {name}' if name else ''} in {looked} Python files{'; similar: ' if alike else ''}{', '.join(alike)}"


def _note(known: dict[str, str], data: bytes, seen: str) -> None:
    """Add names that look defined in a file, with where."""
    for match in _DEFINED.finditer(data):
        word = match[1].decode("utf-8", "replace")
        if word not in known:
            known[word] = f"{printable(seen)}:{data.count(10, 0, match.start(1)) + 1}"


def _problem(seen: str, error: Exception) -> str:
    line, what = (error.lineno or 1, error.msg) if isinstance(error, SyntaxError) else (1, str(error) or type(error).__name__)
    return f"{printable(seen)}:{line}: cannot be parsed: {what}"


def _definitions(node: ast.AST, path: str, prefix: str) -> Iterator[Symbol]:
    """Definitions in a module or class, and in the branches of its statements; not those inside of functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            kind = ("async " if isinstance(child, ast.AsyncFunctionDef) else "") + ("method" if prefix else "function")
            yield Symbol(path, child.lineno, kind, prefix + child.name, _signature(child), _doc(child))
        elif isinstance(child, ast.ClassDef):
            bases = ", ".join(ast.unparse(b) for b in [*child.bases, *child.keywords])
            yield Symbol(path, child.lineno, "class", prefix + child.name, f"({bases})" if bases else "", _doc(child))
            yield from _definitions(child, path, f"{prefix}{child.name}.")
        elif isinstance(child, (ast.Assign, ast.AnnAssign)):
            targets = child.targets if isinstance(child, ast.Assign) else [child.target]
            names = [n.id for t in targets for n in (t.elts if isinstance(t, (ast.Tuple, ast.List)) else [t]) if isinstance(n, ast.Name)]
            annotation = f": {ast.unparse(child.annotation)}" if isinstance(child, ast.AnnAssign) else ""
            yield from (Symbol(path, child.lineno, "variable", prefix + n, annotation, "") for n in names)
        elif isinstance(child, (ast.If, ast.Try, ast.With, ast.For, ast.While, ast.ExceptHandler)):
            yield from _definitions(child, path, prefix)


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"({ast.unparse(node.args)}){returns}"


def _doc(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    lines = (ast.get_docstring(node) or "").strip().splitlines()
    return lines[0][:_WIDTH] if lines else ""
