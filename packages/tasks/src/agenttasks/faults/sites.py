"""Where faults can go: the nodes inside the functions of a source file, with their text positions and surroundings."""

import ast
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from agentgrader.syntax import parse

from agenttasks.faults.mutation import Edit

Function = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_LOOP = (ast.While,)


class Source:
    """Text of a file with the means to turn positions of its syntax tree into character positions.

    Raises:
        SyntaxError: the text is no Python.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = parse(text)
        self._starts = [0, *(m.end() for m in re.finditer(r"\r\n|\r|\n", text))]

    def offset(self, line: int, column: int) -> int:
        """Character position of a 1-based line and a column in UTF-8 bytes."""
        start = self._starts[line - 1]
        end = self._starts[line] if line < len(self._starts) else len(self.text)
        row = self.text[start:end]
        return start + (column if row.isascii() else len(row.encode()[:column].decode()))

    def start(self, node: ast.AST) -> int:
        return self.offset(node.lineno, node.col_offset)  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        return self.offset(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def segment(self, node: ast.AST) -> str:
        return self.text[self.start(node) : self.end(node)]

    def line(self, position: int) -> int:
        """1-based line of a character."""
        return bisect_right(self._starts, position)

    def lines(self, edits: tuple[Edit, ...]) -> tuple[int, ...]:
        """Lines that the edits touch."""
        spans = (range(self.line(e.start), self.line(max(e.start, e.end - 1)) + 1) for e in edits)
        return tuple(sorted({line for span in spans for line in span}))

    def replace(self, start: int, end: int, after: str) -> Edit:
        return Edit(start, self.text[start:end], after)

    def between(self, left: ast.AST, right: ast.AST, pattern: str, after: str) -> Edit | None:
        """Replace the one match of ``pattern`` between two nodes; ``None`` where comments make the place unclear."""
        low, high = self.end(left), self.start(right)
        found = re.search(pattern, self.text[low:high])
        if found is None or "#" in self.text[low:high]:
            return None
        return self.replace(low + found.start(), low + found.end(), after)

    def delete_statement(self, node: ast.stmt, alone: bool) -> Edit | None:
        """Take a statement out: its whole lines, or ``pass`` in its place where nothing else is in the block.

        ``None`` where it shares a line with other text.
        """
        start, end = self.start(node), self.end(node)
        if alone:
            return self.replace(start, end, "pass")
        head = self.text.rfind("\n", 0, start) + 1
        tail = self.text.find("\n", end)
        tail = len(self.text) if tail < 0 else tail + 1
        if self.text[head:start].strip() or self.text[end:tail].strip():
            return None
        return self.replace(head, tail, "")


@dataclass(frozen=True)
class Site:
    """A node that may be changed."""

    node: ast.AST
    function: str
    """Qualified name of the function around it, or of the function that it is."""
    in_while: bool
    """Inside a ``while`` loop of the function, where many changes never end."""
    alone: bool
    """The only statement of its block."""
    fixed_names: bool
    """An inner function rebinds names of this one, so that taking a binding away may not compile."""


def sites(source: Source) -> Iterator[Site]:
    """Every node inside a function body, and every function itself, in file order.

    Left out, because a change there is no behaviour or has no stable position: docstrings, annotations, default values, decorator
    expressions, format strings, and the tests of ``while`` loops.
    """
    yield from _block(source.tree, "", None)


def _block(scope: ast.AST, prefix: str, around: Site | None) -> Iterator[Site]:
    """Functions and classes that stand directly in a module or class."""
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, _FUNCTION):
            yield from _function(node, f"{prefix}{node.name}", around)
        elif isinstance(node, ast.ClassDef):
            yield from _block(node, f"{prefix}{node.name}.", around)
        elif isinstance(node, ast.If | ast.Try) and not _is_main(node):
            yield from _block(node, prefix, around)


def _function(node: Function, name: str, around: Site | None) -> Iterator[Site]:
    fixed = around.fixed_names if around else any(isinstance(n, ast.Nonlocal) for n in ast.walk(node))
    here = Site(node, name, around.in_while if around else False, False, fixed)
    yield here
    body = body_of(node)
    for statement in body:
        yield from _inside(statement, Site(statement, name, False, len(node.body) == 1, fixed))


def _inside(node: ast.AST, here: Site) -> Iterator[Site]:
    if isinstance(node, ast.JoinedStr) or type(node).__name__ == "TemplateStr":
        return
    if isinstance(node, _FUNCTION):
        yield from _function(node, f"{here.function}.{node.name}", here)
        return
    if isinstance(node, ast.ClassDef):
        yield from _block(node, f"{here.function}.{node.name}.", here)
        return
    yield Site(node, here.function, here.in_while, here.alone, here.fixed_names)
    if integer(node) is not None:
        return  # a negative number is one literal: its digits are no place of their own
    for field, value in ast.iter_fields(node):
        if field == "annotation" or (isinstance(node, ast.While) and field == "test"):
            continue
        in_while = here.in_while or isinstance(node, _LOOP)
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not isinstance(child, ast.expr_context | ast.arguments):
                alone = isinstance(value, list) and len(value) == 1 and isinstance(child, ast.stmt)
                yield from _inside(child, Site(child, here.function, in_while, alone, here.fixed_names))


def body_of(node: Function) -> list[ast.stmt]:
    """Statements of a function without its docstring."""
    first = node.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return node.body[1:] if documented else node.body


def integer(node: ast.AST) -> int | None:
    """The value of an integer literal, with its minus sign if it has one; ``None`` for all else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = integer(node.operand) if isinstance(node.operand, ast.Constant) else None
        return None if value is None else -value
    return node.value if isinstance(node, ast.Constant) and type(node.value) is int else None


def _is_main(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "__main__" in ast.dump(node.test)
