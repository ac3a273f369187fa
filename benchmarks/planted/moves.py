"""A function or class that moves to a module of its own, with an import left where it was: it does what it did."""

import ast
import builtins
import copy
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from agentgrader.syntax import parse

_DEFINITION = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def moved(path: str, text: str, edited: list[str]) -> dict[str, str] | None:
    """The module and the new one beside it, by path, with the first edited function that can go moved there; nothing where none can.

    A method goes with its class. What its home defines is imported where it is used, for the two import each other.
    """
    tree = parse(text)
    imported = {a.asname or a.name.partition(".")[0]: node for node in tree.body if _imports(node) for a in node.names}  # type: ignore[attr-defined]
    future = "from __future__ import annotations\n" if "from __future__ import annotations" in text else ""
    defined = _bound(tree.body)
    tops = {n.name: n for n in tree.body if isinstance(n, _DEFINITION)}
    for name in dict.fromkeys(q.partition(".")[0] for q in edited):
        node = tops.get(name)
        if node is None or {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} & {"locals", "globals", "vars", "dir"}:
            continue  # what it imports would show
        parts = _run_at_import(node if not future else _Unannotated().visit(copy.deepcopy(node)))
        at_once = {n.id for part in parts for n in ast.walk(part) if isinstance(n, ast.Name)} - {*imported} - {*dir(builtins)} - {name}
        own = _bound(node.body) if isinstance(node, ast.ClassDef) else set()
        if at_once - own - _bound(tree.body[: tree.body.index(node)]) or _counts_on_home(node):
            continue
        home, new = PurePosixPath(path), f"_moved_{name.strip('_').lower()}"
        package = "." if home.name == "__init__.py" else f".{home.stem}"
        used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        heads = dict.fromkeys(ast.unparse(imported[n]) for n in sorted(used & {*imported}))
        body = _importing(node, package, (used & defined) - {*imported} - {name})
        early = sorted(at_once & defined - own)
        heads |= {f"from {package} import {', '.join(early)}": None} if early else {}
        module = future + "\n".join([*(h for h in heads if "__future__" not in h), "", body, ""])
        lines = text.splitlines(keepends=True)
        start = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        left = f"from .{new} import {name}\n"
        return {path: "".join([*lines[: start - 1], left, *lines[node.end_lineno :]]), str(home.with_name(f"{new}.py")): module}
    return None


def _imports(node: ast.stmt) -> bool:
    return isinstance(node, (ast.Import, ast.ImportFrom)) and not any(a.name == "*" for a in node.names)


def _bound(body: Sequence[ast.stmt]) -> set[str]:
    """Names that statements bind, those inside of functions and classes left out, and so are names that are imported."""
    found: set[str] = set()
    waiting: list[ast.AST] = list(body)
    for node in waiting:
        if isinstance(node, _DEFINITION):
            found.add(node.name)
        else:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
            waiting.extend(ast.iter_child_nodes(node))
    return found


class _Unannotated(ast.NodeTransformer):
    """Takes annotations away: they are not worked out."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)


def _run_at_import(node: ast.stmt) -> Iterator[ast.AST]:
    """Parts that run when the definition does: decorators, defaults, annotations, bases, and what stands in a class."""
    if isinstance(node, _FUNCTION):
        yield from (*node.decorator_list, node.args, *([node.returns] if node.returns else []))
    elif isinstance(node, ast.ClassDef):
        yield from (*node.decorator_list, *node.bases, *node.keywords)
        for inner in node.body:
            yield from _run_at_import(inner)
    else:
        yield node


def _counts_on_home(node: ast.AST) -> bool:
    """Whether it asks where it is, or writes to its home."""
    return any(
        isinstance(n, ast.Global) or (isinstance(n, ast.Name) and n.id in ("globals", "__name__", "__file__")) for n in ast.walk(node)
    )


def _importing(node: ast.stmt, package: str, late: set[str]) -> str:
    """The definition, with an import at the head of each function of what it uses of its home."""
    copied = parse(ast.unparse(node)).body[0]
    outer = [copied] if isinstance(copied, _FUNCTION) else [n for n in ast.walk(copied) if isinstance(n, _FUNCTION)]
    for function in outer:
        own = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        bound = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        names = sorted((own & late) - bound - {a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)})
        if names:
            at = 1 if ast.get_docstring(function, clean=False) is not None else 0
            function.body[at:at] = parse(f"from {package} import {', '.join(names)}").body
    return ast.unparse(ast.fix_missing_locations(copied))
