"""Where the path of a file begins: with a text that is written in the code, or with what comes from elsewhere."""

import ast

from agentgrader.access import surroundings_names as known
from agentgrader.access.parameters import Parameters
from agentgrader.access.scopes import Names

_MOST = 40
"""Expressions that are looked at for one path."""
_HERE = ast.Constant(".")
"""``Path()``."""


class Paths:
    """Paths in the code of one module."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._parameters = Parameters(names)

    def beginnings(self, path: ast.expr) -> list[str]:
        """Constant texts that ``path`` may begin with. None for one that comes from elsewhere as a whole."""
        todo = [path]
        seen: set[int] = set()
        found: list[str] = []
        while todo and len(seen) < _MOST:
            node = todo.pop(0)
            if id(node) in seen:
                continue
            seen.add(id(node))
            texts = [text for text in self._names.texts(node) if text]
            texts = texts or [known.SEPARATORS[name] for name in self.plainly(node) & known.SEPARATORS.keys()]
            found += texts
            todo += [] if texts else self._inner(node)
        return list(dict.fromkeys(found))

    def plainly(self, node: ast.expr) -> set[str]:
        """Every name that what ``node`` stands for is known by."""
        return {name for origin in self._names.origins(node) for name in known.plain(origin)}

    def _inner(self, node: ast.expr) -> list[ast.expr]:
        """What ``node`` may begin with."""
        match node:
            case ast.BinOp(left=left, op=ast.Mod(), right=right):
                return self._formatted(left, [right])
            case ast.BinOp(left=left, right=right):
                return self._first([left, right])
            case ast.JoinedStr(values=values):
                return self._first(values)
            case ast.FormattedValue(value=first) | ast.Subscript(value=first) | ast.Starred(value=first):
                return [first]
            case ast.Call():
                return self._made(node)
            case ast.Name():
                return [*self._names.expressions(node), *self._parameters.given(node)]
            case ast.Attribute(value=value):
                return self._names.expressions(node) or [value]
            case ast.IfExp(body=one, orelse=other):
                return [one, other]
            case ast.BoolOp(values=parts) | ast.Dict(values=parts) | ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                return list(parts)
        return []

    def _first(self, pieces: list[ast.expr]) -> list[ast.expr]:
        """The first piece that is not an empty text."""
        return [piece for piece in pieces if set(self._names.texts(piece)) != {""}][:1]

    def _made(self, node: ast.Call) -> list[ast.expr]:
        if self.plainly(node.func) & known.JOINING:
            return self._first(node.args) or [_HERE]
        if not isinstance(node.func, ast.Attribute):
            return []
        return self._formatted(node.func.value, node.args) if node.func.attr == "format" else [node.func.value]

    def _formatted(self, template: ast.expr, args: list[ast.expr]) -> list[ast.expr]:
        """Of a text that is put together by ``%`` or ``format``."""
        if not any(text.startswith(("%", "{")) for text in self._names.texts(template)):
            return [template]
        return args[0].elts[:1] if args and isinstance(args[0], ast.Tuple) else args[:1]
