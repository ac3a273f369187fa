"""Blocks of functions: parts of which it depends on a condition whether they run. And source code that notes which of them did."""

from __future__ import annotations

import ast
import hashlib
import itertools
from collections.abc import Mapping
from typing import Any

from agentgrader.probes.outline import is_text

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_LATER = tuple(getattr(ast, name) for name in ("Match", "TryStar") if hasattr(ast, name))
_FORKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.With, ast.AsyncWith, ast.Assert, *_LATER)
"""Statements that may leave a function early, so that what follows is a block too."""
_MOST = 2000
"""Names in a block that are looked at."""
_UNSAID = frozenset({"ctx", "type_comment", "kind", "annotation", "returns", "lineno", "col_offset", "end_lineno", "end_col_offset"})


def blocks(tree: ast.Module) -> list[list[Any]]:
    """[digest, first line] of each block in the functions of a module, in order.

    The digest is of the block and of the condition before it; equal for blocks that differ in names of locals, layout or docstrings.
    ``tree`` is spent.
    """
    walk = _Blocks({}, "")
    walk.visit(tree)
    return [[digest, line] for digest, line in walk.found]


def noting(tree: ast.Module, wanted: Mapping[int, int], name: str) -> ast.Module:
    """``tree`` with a call ``name(number)`` at the start of each block that is ``wanted``: place in :func:`blocks` → number."""
    _Blocks(wanted, name).visit(tree)
    return ast.fix_missing_locations(tree)


_OPPOSITES: dict[type, type] = {ast.NotEq: ast.Eq, ast.GtE: ast.Lt, ast.LtE: ast.Gt, ast.NotIn: ast.In, ast.IsNot: ast.Is}


class _Said(bytes):
    """A digest, with the names of locals in what it is of."""

    names: list[str]

    def __new__(cls, digest: bytes, names: list[str]) -> _Said:
        made = super().__new__(cls, digest)
        made.names = names
        return made


class _Blocks(ast.NodeTransformer):
    """Numbers blocks from the outside inwards, and puts calls into those that are wanted."""

    def __init__(self, wanted: Mapping[int, int], name: str) -> None:
        self.found: list[tuple[str, int]] = []
        self._wanted = wanted
        self._name = name
        self._locals: dict[str, str] = {}
        self._digests: dict[int, bytes] = {}
        self._names: dict[int, list[str]] = {}
        self._kept: list[ast.AST] = []
        self._inside = 0

    def visit_FunctionDef(self, node: Any) -> Any:
        if not self._inside:
            self._locals = _local_names(node)
        self._inside += 1
        for part in (node.args.defaults, node.args.kw_defaults, node.decorator_list):
            part[:] = [each and self.visit(each) for each in part]
        at = 1 if is_text(node.body[0]) else 0
        node.body[at:] = self._body(node.body[at:], "def", node.name)
        self._inside -= 1
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_If(self, node: Any) -> Any:
        then, otherwise = self._condition(node.test)
        never = node.body if _is_false(node.test) else []
        node.test = self.visit(node.test)
        node.body = never or self._body(node.body, type(node).__name__, then)
        node.orelse = self._body(node.orelse, type(node).__name__, otherwise)
        return node

    visit_While = visit_If

    def visit_For(self, node: Any) -> Any:
        many = self._said(node.iter)
        node.iter = self.visit(node.iter)
        node.body = node.body if _is_empty(node.iter) else self._body(node.body, "for", many)
        node.orelse = self._body(node.orelse, "else", many)
        return node

    visit_AsyncFor = visit_For

    def visit_Try(self, node: Any) -> Any:
        tried = self._said(node.body)
        node.body = self._body(node.body, "try", each=True)
        for handler in node.handlers:
            handler.body = self._body(handler.body, "except", self._said(handler.type), tried)
        node.orelse = self._body(node.orelse, "else", tried)
        node.finalbody = self._body(node.finalbody, "finally")
        return node

    visit_TryStar = visit_Try

    def visit_With(self, node: Any) -> Any:
        node.items = [self.visit(item) for item in node.items]
        node.body = self._body(node.body, "with", each=True)
        return node

    visit_AsyncWith = visit_With

    def visit_match_case(self, node: Any) -> Any:
        condition = self._said([node.pattern, node.guard])
        node.guard = node.guard and self.visit(node.guard)
        node.body = self._body(node.body, "case", condition)
        return node

    def visit_IfExp(self, node: Any) -> Any:
        then, otherwise = self._condition(node.test)
        node.test = self.visit(node.test)
        node.body = self._expression(node.body, "IfExp", then)
        node.orelse = self._expression(node.orelse, "IfExp", otherwise)
        return node

    def visit_BoolOp(self, node: Any) -> Any:
        before = [self._said(value) for value in node.values]
        kind = type(node.op).__name__
        rest = [self._expression(v, kind, *before[: i + 1]) for i, v in enumerate(node.values[1:])]
        node.values = [self.visit(node.values[0]), *rest]
        return node

    def visit_Lambda(self, node: Any) -> Any:
        if not self._inside:
            self._locals = _local_names(node)
        self._inside += 1
        node.body = self._expression(node.body, "lambda")
        self._inside -= 1
        return node

    def visit_ListComp(self, node: Any) -> Any:
        return self._comprehension(node, "elt")

    visit_SetComp = visit_GeneratorExp = visit_ListComp

    def visit_DictComp(self, node: Any) -> Any:
        node.key = self.visit(node.key)
        return self._comprehension(node, "value")

    def _comprehension(self, node: Any, field: str) -> Any:
        condition = self._said(node.generators)
        node.generators = [self.visit(g) for g in node.generators]
        setattr(node, field, self._expression(getattr(node, field), "for", condition))
        return node

    def _body(self, statements: list[Any], *context: Any, each: bool = False) -> list[Any]:
        """``each``: whichever of the statements raises an error, it may be handled outside, and those that follow are not reached."""
        made: list[Any] = []
        whole = context
        for i, statement in enumerate(statements):
            if context:
                made += self._begun(statement, statements[i:], context)
            fork = isinstance(statement, _FORKS)
            condition = min(self._condition(statement.test)) if isinstance(statement, (ast.If, ast.While, ast.Assert)) else b""
            made.append(self.visit(statement))
            context = ("after", type(statement).__name__, condition) if fork else whole if each else ()
        return made

    def _begun(self, first: ast.AST, block: Any, context: tuple[Any, ...]) -> list[ast.stmt]:
        number = self._numbered(first, block, context)
        return [ast.copy_location(ast.Expr(self._call(number, first)), first)] if number in self._wanted else []

    def _expression(self, node: ast.expr, *context: Any) -> ast.expr:
        if not self._inside:
            return self.visit(node)  # type: ignore[no-any-return]
        number = self._numbered(node, node, context)
        made = self.visit(node)
        if number not in self._wanted:
            return made  # type: ignore[no-any-return]
        both = ast.Tuple([self._call(number, node), made], ast.Load())
        return ast.copy_location(ast.Subscript(both, ast.Constant(1), ast.Load()), node)

    def _numbered(self, first: ast.AST, block: Any, context: tuple[Any, ...]) -> int:
        if not self._inside:
            return -1
        parts = [c if isinstance(c, bytes) else str(c).encode() for c in context]
        names = [name for c in context if isinstance(c, _Said) for name in c.names]
        numbers: dict[str, int] = {}
        order = [numbers.setdefault(name, len(numbers)) for name in itertools.islice([*names, *self._named(block)], _MOST)]
        digest = hashlib.sha256(b"\0".join([*parts, self._digest(block), repr(order).encode()])).hexdigest()
        self.found.append((digest, getattr(first, "lineno", 0)))
        return len(self.found) - 1

    def _call(self, number: int, at: ast.AST) -> ast.expr:
        call = ast.Call(ast.Name(self._name, ast.Load()), [ast.Constant(self._wanted[number])], [])
        for node in ast.walk(call):
            ast.copy_location(node, at)
        return call

    def _said(self, node: Any) -> _Said:
        return _Said(self._digest(node), self._named(node))

    def _named(self, node: Any) -> list[str]:
        """Locals that are no parameters, wherever they stand in it."""
        if isinstance(node, list):
            return [name for each in node for name in self._named(each)]
        if not isinstance(node, ast.AST):
            return []
        if id(node) not in self._names:
            self._kept.append(node)
            names = (n.id if isinstance(n, ast.Name) else n.arg for n in ast.walk(node) if isinstance(n, (ast.Name, ast.arg)))
            self._names[id(node)] = list(itertools.islice((name for name in names if self._locals.get(name) == "local"), _MOST))
        return self._names[id(node)]

    def _condition(self, test: ast.expr) -> tuple[_Said, _Said]:
        """Digests of a condition and of its opposite: the same for ``a < b``, ``b > a`` and, turned round, ``not a < b``."""
        holds = True
        while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            test, holds = test.operand, not holds
        said, names = self._digest(test), self._named(test)
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            kind = type(test.ops[0])
            sides = [self._said(test.left), self._said(test.comparators[0])]
            opposite = _OPPOSITES.get(kind)
            kind, holds = (opposite, not holds) if opposite else (kind, holds)
            if kind is ast.Gt:
                kind, sides = ast.Lt, sides[::-1]
            sides = sorted(sides) if kind is ast.Eq else sides
            said, names = kind.__name__.encode() + b"".join(sides), [name for side in sides for name in side.names]
        both = (_Said(b"if " + said, names), _Said(b"not " + said, names))
        return both if holds else (both[1], both[0])

    def _digest(self, node: Any) -> bytes:
        """Asked of nodes before anything is put into them."""
        if isinstance(node, list):
            return hashlib.sha256(b"[" + b"".join(map(self._digest, node))).digest()
        if not isinstance(node, ast.AST):
            value = f"{node:x}" if type(node) is int else repr(node)  # decimals of a very long number are refused
            return hashlib.sha256(f"{type(node).__name__} {value}".encode("utf-8", "surrogatepass")).digest()
        if id(node) not in self._digests:
            self._kept.append(node)  # a number names one node as long as that is there
            fields = [(n, v) for n, v in ast.iter_fields(node) if n not in _UNSAID]
            if isinstance(node, (ast.Name, ast.arg)):
                name = node.id if isinstance(node, ast.Name) else node.arg
                fields = [("name", self._locals.get(name, f" {name}"))]
            if isinstance(node, _FUNCTION) and is_text(node.body[0]):
                fields = [(n, v[1:] if n == "body" else v) for n, v in fields]
            said = b"".join(name.encode() + self._digest(value) for name, value in fields)
            self._digests[id(node)] = hashlib.sha256(type(node).__name__.encode() + said).digest()
        return self._digests[id(node)]


def _is_false(test: ast.expr) -> bool:
    """Whether what stands under it never runs, whatever happens: it is no block."""
    return isinstance(test, ast.Constant) and not test.value


def _is_empty(many: ast.expr) -> bool:
    """Whether a loop over it never runs its body, whatever happens."""
    written = many.keys if isinstance(many, ast.Dict) else many.elts if isinstance(many, (ast.Tuple, ast.List)) else None
    return written == [] or (isinstance(many, ast.Constant) and many.value in ("", b""))


def _local_names(function: Any) -> dict[str, str]:
    """Names that belong to a function and those inside it; parameters by their place, the others all alike."""
    nodes = list(ast.walk(function))
    found = {n.id: "local" for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    found |= {n.arg: "local" for n in nodes if isinstance(n, ast.arg)}
    found |= {n.name: "local" for n in nodes if isinstance(n, ast.ExceptHandler) and n.name}
    own = function.args
    return found | {a.arg: f"parameter {i}" for i, a in enumerate([*own.posonlyargs, *own.args, *own.kwonlyargs])}
