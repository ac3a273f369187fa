"""What functions and classes a source file has, and a fingerprint of each: code that differs in layout or comments only is alike."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from typing import Any

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITION = (*_FUNCTION, ast.ClassDef)
MAX_CONSTANTS = 60


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_VALUES = _words(
    "frozenset set dict list tuple range str int float bytes bool complex len sorted min max sum zip enumerate reversed abs round chr ord "
    "object slice namedtuple compile escape Decimal Fraction TypeVar ParamSpec TypeVarTuple NewType cast Lock RLock getLogger "
    "defaultdict OrderedDict Counter deque ChainMap MappingProxyType attrgetter itemgetter timedelta datetime date time timezone "
    "UUID Path PurePath PurePosixPath partial maketrans join split rsplit splitlines format lower upper strip lstrip rstrip title replace "
    "encode decode keys values items fromkeys copy union intersection difference get field auto total_seconds isoformat"
)
"""Functions and methods that make values and change nothing."""
_DECORATORS = _words(
    "staticmethod classmethod property setter deleter getter wraps lru_cache cache cached_property dataclass total_ordering contextmanager "
    "asynccontextmanager abstractmethod overload override final runtime_checkable unique no_type_check deprecated"
)
"""Decorators that give something in place of what they decorate, and do nothing else."""


def outline(tree: ast.Module) -> dict[str, Any]:
    """``functions``: key → digest, parameters, constants; ``classes``: name → attributes; ``rest``: digest of all other code, and its
    ``constants``; ``values``: name of what such code assigns → digest of that; ``effects``: digests of what else it does but import;
    ``imports``: names that it imports; ``listed``: those in ``__all__``;
    ``acting``: names of definitions and assignments that do more, when the module is imported. ``tree`` is spent.

    A key is the qualified name; for what belongs to a property with ``@setter`` or ``@deleter`` behind it. Functions inside
    functions are part of the outer one.
    """
    functions: dict[str, dict[str, Any]] = {}
    classes: dict[str, Any] = {}
    tree = _Bare().visit(tree)
    for prefix, node in definitions(tree.body, ""):
        if isinstance(node, ast.ClassDef):
            bases = [ast.dump(b) for b in (*node.bases, *node.keywords)]
            decorators = [ast.dump(d) for d in node.decorator_list]
            classes[prefix + node.name] = {"attributes": sorted(_attributes(node)), "bases": bases, "decorators": decorators}
            continue
        key = prefix + node.name + accessor(node)
        earlier = functions.get(key, {}).get("digest", "")
        functions[key] = {
            "digest": _digest(earlier, node),
            "parameters": _parameters(node.args),
            "constants": _constants(node),
            "async": isinstance(node, ast.AsyncFunctionDef),
        }
    own = frozenset(name.rpartition(".")[2] for name in (*functions, *classes))
    acting = {prefix + node.name for prefix, node in definitions(tree.body, "") if _acts(node, own)}
    rest = _Hollow().visit(tree)
    values: dict[str, str] = {}
    effects: list[str] = []
    for prefix, node in _outside(rest.body, ""):
        names = _assigned(node)
        if not names:
            effects.append(_digest("", node))
        acting |= {prefix + name for name in names if _acts(node, own)}
        for name in names:
            values[prefix + name] = _digest(values.get(prefix + name, ""), node)
    imports = [a.asname or a.name.partition(".")[0] for n in _imports(tree.body) for a in n.names]
    top = {"rest": _digest("", rest), "constants": _constants(rest), "values": values, "effects": effects}
    top |= {"imports": sorted({*imports}), "listed": sorted(_listed(rest.body)), "acting": sorted(acting)}
    return {"functions": functions, "classes": classes, **top}


def definitions(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, Any]]:
    """Functions and classes that are not inside a function, with the prefix of their qualified name."""
    for node in body:
        if isinstance(node, _DEFINITION):
            yield prefix, node
            if isinstance(node, ast.ClassDef):
                yield from definitions(node.body, f"{prefix}{node.name}.")
        else:
            for field in ("body", "orelse", "finalbody"):
                yield from definitions(getattr(node, field, []), prefix)
            for handler in getattr(node, "handlers", []):
                yield from definitions(handler.body, prefix)


def _outside(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.stmt]]:
    """Statements that run when the module is imported, but definitions and imports; those of a class with a prefix."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _outside(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, (ast.If, ast.Try)):
            for part in (node.body, node.orelse, getattr(node, "finalbody", []), *(h.body for h in getattr(node, "handlers", []))):
                yield from _outside(part, prefix)
        elif not isinstance(node, (*_FUNCTION, ast.Import, ast.ImportFrom, ast.Pass)) and not is_text(node):
            yield prefix, node


def _imports(body: list[ast.stmt]) -> Iterator[Any]:
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif isinstance(node, (ast.If, ast.Try)):
            for part in (node.body, node.orelse, getattr(node, "finalbody", []), *(h.body for h in getattr(node, "handlers", []))):
                yield from _imports(part)


def _listed(body: list[ast.stmt]) -> set[str]:
    """Texts in what ``__all__`` is given or grows by."""
    found: set[str] = set()
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(t, ast.Name) and t.id == "__all__" for t in targets) and getattr(node, "value", None) is not None:
            found |= {c.value for c in ast.walk(node) if isinstance(c, ast.Constant) and isinstance(c.value, str)}
    return found


def _assigned(node: ast.stmt) -> list[str]:
    """Names that an assignment to names alone gives a value."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    plain = [t.id for t in targets if isinstance(t, ast.Name)]
    return plain if len(plain) == len(targets) else []


def _acts(node: ast.stmt, own: frozenset[str]) -> bool:
    """Whether an assignment or a definition calls what may do anything; ``own`` are names of the module's functions and classes."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        known = (_called(d.func if isinstance(d, ast.Call) else d) in _DECORATORS - own for d in node.decorator_list)
        return not all(known) or any(_calls(each, own) for each in _evaluated(node))
    return _calls(node, own)


def _evaluated(node: Any) -> Iterator[ast.AST]:
    """What of a definition is worked out when it is made."""
    yield from (a for d in node.decorator_list if isinstance(d, ast.Call) for a in (*d.args, *d.keywords))
    if isinstance(node, ast.ClassDef):
        yield from (*node.bases, *node.keywords)
        return
    a = node.args
    yield from (d for d in (*a.defaults, *a.kw_defaults, node.returns) if d)
    yield from (p.annotation for p in (*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg) if p and p.annotation)


def _calls(node: ast.AST, own: frozenset[str]) -> bool:
    waiting: list[ast.AST] = [node]
    for each in waiting:
        if isinstance(each, ast.Call) and (_called(each.func) not in _VALUES or _called(each.func) in own):
            return True
        waiting += [] if isinstance(each, ast.Lambda) else ast.iter_child_nodes(each)
    return False


def _called(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""


def accessor(node: Any) -> str:
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Attribute) and decorator.attr in ("setter", "deleter"):
            return "@" + decorator.attr
    return ""


def _digest(earlier: str, node: ast.AST) -> str:
    return hashlib.sha256((earlier + ast.dump(node)).encode()).hexdigest()


class _Bare(ast.NodeTransformer):
    """Takes docstrings away."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        body = getattr(node, "body", None)
        if isinstance(node, (*_DEFINITION, ast.Module)) and body and is_text(body[0]):
            node.body = body[1:] or [ast.Pass()]
        return node


class _Hollow(ast.NodeTransformer):
    """Takes the bodies of functions away."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, _FUNCTION):
            return ast.FunctionDef(name=node.name, args=ast.arguments([], [], None, [], [], None, []), body=[], decorator_list=[])
        return super().generic_visit(node)


def is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _parameters(a: ast.arguments) -> dict[str, Any]:
    plain = [*a.posonlyargs, *a.args]
    return {
        "plain": [p.arg for p in plain],
        "unnamed": [p.arg for p in a.posonlyargs],
        "optional": len(a.defaults),
        "star": a.vararg.arg if a.vararg else None,
        "named": [p.arg for p in a.kwonlyargs],
        "named_optional": [p.arg for i, p in enumerate(a.kwonlyargs) if a.kw_defaults[i] is not None],
        "stars": a.kwarg.arg if a.kwarg else None,
    }


def _constants(node: ast.AST) -> list[list[Any]]:
    """Numbers and short texts in the code, in the encoding of :mod:`agentgrader.probes.serialize`."""
    found: dict[str, list[Any]] = {}
    for inner in ast.walk(node):
        value = inner.value if isinstance(inner, ast.Constant) else None
        if type(value) is int and abs(value) < 10**18:
            found[repr(value)] = ["int", str(value)]
        elif type(value) is float:
            found[repr(value)] = ["float", value.hex()]
        elif type(value) is str and len(value) <= 40:
            found[repr(value)] = ["str", value]
    return list(found.values())[:MAX_CONSTANTS]


def _attributes(node: ast.ClassDef) -> set[str]:
    """Names that instances may hold: assigned in the class body, or to the first parameter of a method."""
    found: set[str] = set()
    for statement in node.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        found |= {t.id for t in targets if isinstance(t, ast.Name)}
    for method in ast.walk(node):
        if isinstance(method, _FUNCTION) and (method.args.posonlyargs or method.args.args):
            own = [*method.args.posonlyargs, *method.args.args][0].arg
            for inner in ast.walk(method):
                if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store) and isinstance(inner.value, ast.Name):
                    found |= {inner.attr} if inner.value.id == own else set()
    return found
