"""What the names of a module stand for: each scope's bindings, and the dotted origin of an expression."""

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from agentgrader.access.fold import Folder
from agentgrader.access.reach import HIDING, STANDARD

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSION = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_BUILT_IN = frozenset(dir(builtins))
_MOST = 8
"""Origins of one expression that are followed."""
_GETTERS = frozenset({"builtins.getattr", "builtins.object.__getattribute__", "builtins.type.__getattribute__", "inspect.getattr_static"})
_IMPORTERS = frozenset({"importlib.import_module", "importlib.__import__"})
_DICT_READS = frozenset({"get", "pop", "__getitem__", "setdefault"})

Bound = ast.expr | ast.stmt | str
"""What a name is bound to: an expression, a definition, or the dotted origin of an import."""


@dataclass
class Scope:
    """The names of a module, class, function or comprehension."""

    parent: "Scope | None"
    node: ast.AST
    names: dict[str, list[Bound]] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    """Names that a ``global`` statement gives to the module."""
    runs_at_import: bool = True

    def bind(self, name: str, *values: Bound) -> None:
        """Add what ``name`` may stand for; nothing for what cannot be told."""
        owner: Scope = self
        if name in self.shared:
            while owner.parent is not None:
                owner = owner.parent
        owner.names.setdefault(name, []).extend(values)

    def find(self, name: str) -> list[Bound] | None:
        """What ``name`` stands for here; nothing if it is bound nowhere."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names and (scope is self or not isinstance(scope.node, ast.ClassDef)):
                return scope.names[name]
            scope = scope.parent
        return None


def given_at_top(module: ast.Module) -> dict[str, list[ast.expr]]:
    """Name → plain constants that ``module`` gives it, for whoever imports it."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str | bytes | int):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
    return found


class Names:
    """The nodes of a module in order, each with its scope, and what expressions stand for."""

    def __init__(self, module: ast.Module, elsewhere: Mapping[str, list[ast.expr]], unbound: bool = False) -> None:
        """``elsewhere``: what modules beside this one give to names that may be imported from them.

        ``unbound``: names that the code does not bind may be modules, as in code that is executed within another.
        """
        self._unbound = unbound
        self._elsewhere = elsewhere
        self.module = Scope(None, module)
        self.nodes: list[tuple[ast.AST, Scope]] = []
        self._scope_of: dict[int, Scope] = {}
        self._attributes: dict[str, list[ast.expr]] = {}
        """Attribute → what any object of the module gets under that name."""
        self._origins: dict[int, frozenset[str]] = {}
        self._returns: dict[int, list[ast.expr]] = {}
        self.fold = Folder(self.origins, self.expressions)
        for node, scope in _scoped(module, self.module):
            self.nodes.append((node, scope))
            self._scope_of[id(node)] = scope
            self._bind(node, scope)
        self._mark_import_time()

    def scope_of(self, node: ast.AST) -> Scope:
        """The scope that a node stands in."""
        return self._scope_of.get(id(node), self.module)

    def origins(self, node: ast.expr) -> frozenset[str]:
        """Dotted names of what ``node`` may be: ``sys._getframe`` whatever it is called here. None if that cannot be told."""
        known = self._origins.get(id(node))
        if known is None:
            self._origins[id(node)] = frozenset()  # what refers to itself stands for nothing
            known = self._origins[id(node)] = frozenset(sorted(self._of(node))[:_MOST])
        return known

    def texts(self, node: ast.expr) -> list[str]:
        """Constant texts that ``node`` comes to."""
        return [v if isinstance(v, str) else v.decode("utf-8", "replace") for v in self.fold.values(node) if isinstance(v, str | bytes)]

    def definitions(self, node: ast.expr) -> list[ast.stmt]:
        """Functions and classes of the module that ``node`` names."""
        found = self.scope_of(node).find(node.id) if isinstance(node, ast.Name) else None
        return [b for b in found or () if isinstance(b, ast.stmt)]

    def expressions(self, node: ast.expr) -> list[ast.expr]:
        """What a name, or an attribute of whatever object, was given."""
        if isinstance(node, ast.Attribute):
            return [*self._attributes.get(node.attr, ()), *self._elsewhere.get(node.attr, ())][:_MOST]
        if not isinstance(node, ast.Name):
            return []
        found: list[ast.expr] = []
        for bound in (self.scope_of(node).find(node.id) or ())[:_MOST]:
            if isinstance(bound, ast.expr):
                found.append(bound)
            elif isinstance(bound, str):
                found += self._elsewhere.get(bound.rpartition(".")[2], ())
        return found[:_MOST]

    def _of(self, node: ast.expr) -> Iterator[str]:
        match node:
            case ast.Name(id=name):
                yield from self._of_name(name, self.scope_of(node))
            case ast.Attribute(value=value, attr=attr):
                owners = self.origins(value)
                yield from (_attribute(o, attr) for o in owners)
                for given in () if owners else self.expressions(node):
                    yield from self.origins(given)
            case ast.NamedExpr(value=value):
                yield from self.origins(value)
            case ast.IfExp(body=one, orelse=other):
                yield from self.origins(one) | self.origins(other)
            case ast.BoolOp(values=values):
                for value in values[:_MOST]:
                    yield from self.origins(value)
            case ast.Subscript(value=value, slice=index):
                yield from self._of_item(value, index)
            case ast.Call():
                yield from self._of_call(node)

    def _of_name(self, name: str, scope: Scope) -> Iterator[str]:
        bound = scope.find(name)
        if bound is None:
            yield from ("builtins",) if name == "__builtins__" else (f"builtins.{name}",) if name in _BUILT_IN else ()
            yield from (name,) if self._unbound and name in STANDARD else ()
        for value in (bound or ())[:_MOST]:
            if isinstance(value, str):
                yield value
            elif isinstance(value, ast.expr):
                yield from self.origins(value)

    def _of_item(self, value: ast.expr, index: ast.expr) -> Iterator[str]:
        for owner in self.origins(value):
            for key in self.texts(index) if not isinstance(index, ast.Slice) else ():
                yield from self._of_key(owner, key)
        for holder in [value, *self.expressions(value)][:_MOST]:
            if isinstance(holder, ast.List | ast.Tuple | ast.Dict):
                inner = holder.values if isinstance(holder, ast.Dict) else holder.elts
                for element in inner[:_MOST]:
                    yield from self.origins(element)

    def _of_key(self, owner: str, key: str) -> Iterator[str]:
        if owner == "sys.modules":
            yield key
        elif owner.endswith(".__dict__"):
            yield _attribute(owner.removesuffix(".__dict__"), key)
        elif owner == "builtins":  # __builtins__ is a dictionary in all modules but one
            yield f"builtins.{key}"
        elif owner in ("<globals>", "<locals>"):
            yield from self._of_name(key, self.module)

    def _of_call(self, node: ast.Call) -> Iterator[str]:
        names, args = self.origins(node.func), node.args
        if names & _GETTERS and len(args) > 1:
            yield from (_attribute(o, t) for o in self.origins(args[0]) for t in self.texts(args[1]))
        if "builtins.__import__" in names and args:
            whole = len(args) > 3 or any(k.arg == "fromlist" for k in node.keywords)
            yield from (t if whole else t.partition(".")[0] for t in self.texts(args[0]))
        if names & _IMPORTERS and args:
            yield from self.texts(args[0])
        if "builtins.vars" in names and args:
            yield from (f"{o}.__dict__" for o in self.origins(args[0]))
        if names & {"builtins.globals", "builtins.locals", "builtins.vars"} and not args:
            yield "<globals>"
        if isinstance(node.func, ast.Attribute) and node.func.attr in _DICT_READS and args:
            yield from (o for owner in self.origins(node.func.value) for t in self.texts(args[0]) for o in self._of_key(owner, t))
        if isinstance(node.func, ast.Attribute) and node.func.attr == "__getattribute__" and args:
            yield from (_attribute(o, t) for o in self.origins(node.func.value) for t in self.texts(args[0]))
        if isinstance(node.func, ast.Call) and "operator.attrgetter" in self.origins(node.func.func) and node.func.args and args:
            yield from (_attribute(o, t) for o in self.origins(args[0]) for t in self.texts(node.func.args[0]))
        if isinstance(node.func, ast.Lambda):
            yield from self.origins(node.func.body)
        for made in self.definitions(node.func):
            for value in self._returned(made):
                yield from self.origins(value)

    def _returned(self, made: ast.stmt) -> list[ast.expr]:
        """What a function of the module may give back, the first few."""
        if id(made) not in self._returns:
            found = ast.walk(made) if isinstance(made, _FUNCTION) else ()
            self._returns[id(made)] = [n.value for n in found if isinstance(n, ast.Return) and n.value is not None][:_MOST]
        return self._returns[id(made)]

    def _bind(self, node: ast.AST, scope: Scope) -> None:
        match node:
            case ast.Import(names=names):
                for alias in names:
                    scope.bind(alias.asname or alias.name.partition(".")[0], alias.name if alias.asname else alias.name.partition(".")[0])
            case ast.ImportFrom(names=names):
                for alias in names:
                    scope.bind(alias.asname or alias.name, f"{'.' * node.level}{node.module or ''}.{alias.name}")
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._give(target, value, scope)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self._give(target, value, scope)
            case ast.NamedExpr(target=target, value=value):
                self._give(target, value, scope)
            case ast.For(target=target, iter=many) | ast.AsyncFor(target=target, iter=many) | ast.comprehension(target=target, iter=many):
                self._give_each(target, many, scope)
            case ast.With(items=items) | ast.AsyncWith(items=items):
                for item in items:
                    if item.optional_vars is not None:
                        self._give(item.optional_vars, None, scope)
            case ast.ExceptHandler(name=str(name)):
                scope.bind(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                scope.bind(name, node)
            case ast.AugAssign(target=ast.Name(id=name)):
                scope.bind(name)

    def _give(self, target: ast.expr, value: ast.expr | None, scope: Scope) -> None:
        given = () if value is None else (value,)
        match target:
            case ast.Name(id=name):
                scope.bind(name, *given)
                if isinstance(scope.node, ast.ClassDef):
                    self._attributes.setdefault(name, []).extend(given)
            case ast.Attribute(attr=attr):
                self._attributes.setdefault(attr, []).extend(given)
            case ast.Starred(value=inner):
                self._give(inner, None, scope)
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                pairs = value.elts if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(targets) else [None] * len(targets)
                for inner, part in zip(targets, pairs, strict=True):
                    self._give(inner, part, scope)

    def _give_each(self, target: ast.expr, many: ast.expr, scope: Scope) -> None:
        elements = many.elts[:_MOST] if isinstance(many, ast.Tuple | ast.List | ast.Set) else []
        self._give(target, None, scope)
        for element in elements:
            self._give(target, element, scope)

    def _mark_import_time(self) -> None:
        """Functions that the module calls while it is imported run at import too."""
        called = {n.func.id for n, scope in self.nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and scope.runs_at_import}
        for _, scope in self.nodes:
            made = scope.node
            if isinstance(made, _FUNCTION) and made.name in called:
                scope.runs_at_import = True


def _attribute(owner: str, attr: str) -> str:
    """The dotted name of an attribute. A module of the standard library that another one holds is itself: ``os.sys`` is ``sys``."""
    if attr.lstrip("_") in HIDING and owner.partition(".")[0] in STANDARD:
        return attr.lstrip("_")
    return "builtins" if attr == "__self__" and owner.startswith("builtins.") else f"{owner}.{attr}"


def _scoped(module: ast.Module, top: Scope) -> Iterator[tuple[ast.AST, Scope]]:
    """Every node below ``module`` in order of the source, with its scope; parents first."""
    todo: list[tuple[ast.AST, Scope]] = [(module, top)]
    while todo:
        node, scope = todo.pop()
        yield node, scope
        if isinstance(node, ast.Global):
            scope.shared.update(node.names)
        inner = _opened(node, scope)
        children = [(child, inner if _is_inside(node, name) else scope) for name, child in _children(node)]
        todo += reversed(children)


def _children(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else (value,):
            if isinstance(child, ast.AST):
                yield name, child


def _opened(node: ast.AST, scope: Scope) -> Scope:
    """The scope of what is inside of ``node``."""
    at_import = scope.runs_at_import
    if isinstance(node, (*_FUNCTION, ast.Lambda)):
        inner = Scope(scope, node, runs_at_import=False)
        for argument in _arguments(node.args):
            inner.names[argument] = []
        return inner
    if isinstance(node, (*_COMPREHENSION, ast.ClassDef)):
        return Scope(scope, node, runs_at_import=at_import)
    if isinstance(node, ast.If) and "__main__" in ast.dump(node.test) and at_import:
        return Scope(scope, node, names=scope.names, runs_at_import=False)
    return scope


def _is_inside(node: ast.AST, name: str) -> bool:
    """Whether the part ``name`` of ``node`` is evaluated in the scope that it opens."""
    if isinstance(node, (*_FUNCTION, ast.ClassDef, ast.Lambda)):
        return name == "body"
    return name == "body" if isinstance(node, ast.If) else isinstance(node, _COMPREHENSION)


def _arguments(arguments: ast.arguments) -> Iterable[str]:
    more = [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
    return [a.arg for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *more]]
