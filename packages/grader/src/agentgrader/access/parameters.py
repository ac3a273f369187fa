"""What the parameters of a module's functions are given: by default, and by calls in the same module."""

import ast
from collections import defaultdict

from agentgrader.access.scopes import Names, Scope

_MOST = 8
"""Calls of a function that are looked at."""
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Parameters:
    """Of the functions of one module."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._calls: dict[str, list[ast.Call]] = defaultdict(list)
        self._called_as: dict[int, str] = {}
        for node, _ in names.nodes:
            match node:
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                    self._calls[name].append(node)
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as made):
                    self._called_as[id(made)] = name
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    self._called_as[id(node)] = name

    def given(self, node: ast.expr) -> list[ast.expr]:
        """What ``node`` may stand for where it names a parameter; nothing else has any."""
        function = self._function(node) if isinstance(node, ast.Name) else None
        if not isinstance(node, ast.Name) or not isinstance(function, _FUNCTION):
            return []
        arguments, name = function.args, node.id
        places = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
        by_place = zip(reversed(places), reversed(arguments.defaults), strict=False)
        by_name = zip((a.arg for a in arguments.kwonlyargs), arguments.kw_defaults, strict=True)
        found = [default for known, default in (*by_place, *by_name) if known == name and default is not None]
        for call in self._calls[self._called_as.get(id(function), "")][:_MOST]:
            found += [k.value for k in call.keywords if k.arg == name]
            bound = isinstance(call.func, ast.Attribute) and places[:1] in (["self"], ["cls"])
            at = places.index(name) - bound if name in places else -1
            if 0 <= at < len(call.args):
                found.append(call.args[at])
        return found

    def _function(self, node: ast.Name) -> ast.AST | None:
        scope: Scope | None = self._names.scope_of(node)
        while scope is not None and node.id not in scope.names:
            scope = scope.parent
        return scope.node if scope else None
