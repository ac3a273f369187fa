"""Constants in other words."""

import ast
import random
from typing import Any

from agentgrader.copies.python.helpers import Helpers

_OFTEN = 0.6
_LONGEST = 2000
"""Characters of a text that is put in other words."""


class Constants(ast.NodeTransformer):
    """Puts constants in other words, where any expression of the same value does."""

    def __init__(self, helpers: Helpers, draw: random.Random) -> None:
        self._helpers = helpers
        self._draw = draw

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return self._other(node.value) or node if self._draw.random() < _OFTEN else node

    def visit_Expr(self, node: ast.Expr) -> Any:
        return node if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:
        return node

    def visit_TemplateStr(self, node: Any) -> Any:
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        node.value = self.visit(node.value) if node.value else None
        return node

    def visit_arg(self, node: ast.arg) -> Any:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        return node

    def visit_Match(self, node: ast.Match) -> Any:
        for case in node.cases:
            case.body = [self.visit(s) for s in case.body]
        return node

    def visit_FunctionDef(self, node: Any) -> Any:
        node.body = [self.visit(s) for s in node.body]
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Compare(self, node: ast.Compare) -> Any:
        if any(isinstance(op, ast.Is | ast.IsNot) for op in node.ops):
            return node if all(isinstance(c, ast.Constant) for c in node.comparators) else self.generic_visit(node)
        return self.generic_visit(node)

    def _other(self, value: object) -> ast.expr | None:
        if isinstance(value, bool):
            low, high = sorted(self._draw.sample(range(100), 2))
            return ast.Compare(ast.Constant(low), [ast.Lt() if value else ast.Gt()], [ast.Constant(high)])
        if isinstance(value, int):
            return self._integer(value)
        if isinstance(value, float):
            return self._helpers.real(value)
        if isinstance(value, bytes) and value:
            return self._helpers.octets(value)
        if isinstance(value, str) and 0 < len(value) <= _LONGEST and _can_be_encoded(value):
            return self._helpers.text(value)
        return None

    def _integer(self, value: int) -> ast.expr:
        one = self._draw.randrange(1, 50)
        match self._draw.randrange(4):
            case 0:
                return ast.BinOp(ast.Constant(value - one), ast.Add(), ast.Constant(one))
            case 1:
                return ast.BinOp(ast.Constant(value + one), ast.Sub(), ast.Constant(one))
        return self._helpers.integer(value)


def _can_be_encoded(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
