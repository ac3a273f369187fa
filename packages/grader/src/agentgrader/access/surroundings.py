"""What the code of one module asks of its surroundings: where, when and by whom it runs, what there is beside it, and chance.

Only Python is looked at: of other languages no calls are recorded, so no pass in them is ever confirmed.
"""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping

from agentgrader.access import surroundings_names as known
from agentgrader.access.paths import Paths
from agentgrader.access.places import Reach, below
from agentgrader.access.reach import EXECUTING, STANDARD
from agentgrader.access.scopes import Names, Scope
from agentgrader.syntax import parse

_DEEPEST = 3
"""Code within constants within constants that is looked through."""
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_OF_OBJECTS = frozenset({"__hash__", "__repr__"})
"""Methods that may work with addresses and hashes."""
Asked = tuple[str, str]
"""Kind, and by what name."""


def asks(source: str | bytes, own: Collection[str], elsewhere: Mapping[str, list[ast.expr]], deep: int = 0) -> list[Reach]:
    """Every place in ``source``, in its order.

    Args:
        source: Python.
        own: names of the repository's modules.
        elsewhere: what other modules of the diff give to names.
        deep: how often the code stands within constants of other code.

    Raises:
        SyntaxError, ValueError: it is no Python that is read here.
        RecursionError, MemoryError: it is nested too deeply.
        Exhausted: its constants are too large to be worked out.
    """
    return sorted(_Asking(parse(source), own, elsewhere, deep).found(), key=lambda r: r.line)


class _Asking:
    def __init__(self, module: ast.Module, own: Collection[str], elsewhere: Mapping[str, list[ast.expr]], deep: int) -> None:
        self._own = own
        self._elsewhere = elsewhere
        self._deep = deep
        self._names = names = Names(module, elsewhere, unbound=deep > 0)
        self._paths = Paths(names)
        self._loaded = {n.id for n, _ in names.nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        self._handling = {id(inner) for n, _ in names.nodes if isinstance(n, ast.ExceptHandler) for inner in ast.walk(n)}
        self._spared = set(_spared(module, names))
        self._counts = {id(n.func): len(n.args) + len(n.keywords) for n, _ in names.nodes if isinstance(n, ast.Call)}

    def found(self) -> Iterator[Reach]:
        for node, scope in self._names.nodes:
            line = getattr(node, "lineno", 0)
            if id(node) not in self._spared:
                yield from (Reach(kind, what[:80], line) for kind, what in sorted(set(self._at(node, scope))))

    def _at(self, node: ast.AST, scope: Scope) -> Iterator[Asked]:
        match node:
            case ast.ImportFrom(level=0, module=str(module), names=names):
                for alias in names:
                    yield from self._imported(module, alias)
                    if alias.name.startswith("_") and not alias.name.endswith("__") and module.partition(".")[0] in STANDARD - {*self._own}:
                        yield known.PRIVATE, f"{module}.{alias.name}"
            case ast.Attribute(ctx=ast.Load()):
                yield from self._attribute(node)
            case ast.Name(ctx=ast.Load()):
                yield from self._name(node)
            case ast.Subscript(ctx=ast.Load()):
                yield from self._asked(self._names.origins(node)) - self._asked(self._names.origins(node.value))
            case ast.Call():
                yield from self._asked(self._names.origins(node)) - self._asked(self._names.origins(node.func))
                yield from self._called(node, scope)
            case ast.Compare():
                yield from self._compared(node, scope)
            case ast.BinOp(left=left, right=right) if not self._names.texts(left):
                yield from self._by_address([left, right], scope)
            case ast.Constant(value=known.MAIN_MODULE):
                yield known.MAIN, known.MAIN_MODULE
            case ast.Try(body=body, handlers=handlers) if any(self._is_for_imports(h.type) for h in handlers):
                yield from self._tried(body)
            case ast.With(body=body, items=items) if any(self._suppresses(item.context_expr) for item in items):
                yield from self._tried(body)
            case ast.Global(names=names) if scope.node is not None:
                yield from ((known.STATE, f"global {name}") for name in names)
            case ast.ClassDef(body=body) if any(isinstance(m, _FUNCTION) and m.name == "__del__" for m in body):
                yield known.LIFETIME, "__del__"

    def _asked(self, origins: Iterable[str]) -> set[Asked]:
        """What is asked by naming one of ``origins``."""
        found: set[Asked] = set()
        for origin in origins:
            if origin.partition(".")[0] not in self._own:
                found |= next((hit for name in known.plain(origin) if (hit := set(below(name, known.ASKING)))), set())
        return found

    def _imported(self, module: str, alias: ast.alias) -> Iterator[Asked]:
        """A name that is imported and not used here is for others. One that is used counts where it is."""
        if alias.name == "*":
            yield from ((known.HIDDEN, f"from {m} import *") for m in known.plain(module)[:1] if m in known.HOLDERS)
        elif (alias.asname or alias.name) not in self._loaded:
            yield from self._asked([f"{module}.{alias.name}"])

    def _attribute(self, node: ast.Attribute) -> Iterator[Asked]:
        origins, owners = self._names.origins(node), self._names.origins(node.value)
        yield from self._asked(origins) - self._asked(owners)
        for owner in owners:
            if any(map(known.OUTPUT.fullmatch, known.plain(owner))) and node.attr not in known.WRITING:
                yield known.TERMINAL, f"{owner}.{node.attr}"
        if node.attr.startswith("_") and not node.attr.endswith("__") and node.attr not in known.PUBLIC and self._is_of_python(node.value):
            yield known.PRIVATE, node.attr
        if node.attr == "__dict__":
            yield from self._by_name(node.value, known.HIDDEN, "__dict__")
        if node.attr in known.LOCATIONS:
            yield known.LOCATIONS[node.attr], node.attr
        elif all(map(self._is_foreign, origins)):
            kinds = {**known.ATTRIBUTES, **(known.CALLED if self._counts.get(id(node)) == 0 else {})}
            yield from ((kinds[name], name) for name in (node.attr,) if name in kinds)

    def _is_of_python(self, node: ast.expr) -> bool:
        """Whether it is a module, class or function of Python's library, or what one of these makes."""
        makers = [value.func for value in (node, *self._names.expressions(node)) if isinstance(value, ast.Call)]
        tops = {origin.partition(".")[0] for each in (node, *makers) for origin in self._names.origins(each)}
        return bool((tops & STANDARD) - {"builtins", *self._own})

    def _is_foreign(self, origin: str) -> bool:
        """Whether it is of a library that no table knows."""
        top = origin.partition(".")[0]
        return bool(top) and top not in self._own and top not in STANDARD

    def _name(self, node: ast.Name) -> Iterator[Asked]:
        yield from self._asked(self._names.origins(node))
        if self._names.scope_of(node).find(node.id) is None:
            yield from ((kind, node.id) for kind in (known.NAMES.get(node.id),) if kind)

    def _by_name(self, owner: ast.expr, kind: str, how: str) -> Iterator[Asked]:
        """What a module is asked for by a name."""
        for name in sorted(self._paths.plainly(owner) & (known.HOLDERS | STANDARD)):
            if name.partition(".")[0] in STANDARD:
                yield kind, f"{how} of {name}"

    def _called(self, node: ast.Call, scope: Scope) -> Iterator[Asked]:
        names = self._paths.plainly(node.func)
        args = node.args
        for name in names & known.WITHOUT.keys():
            least, kind = known.WITHOUT[name]
            nothing = [v.value for v in (*args, *(k.value for k in node.keywords)) if isinstance(v, ast.Constant) and v.value is None]
            if len(args) + len(node.keywords) - len(nothing) < least and not any(isinstance(a, ast.Starred) for a in args):
                yield kind, name
        if names & known.PENDING and id(node) not in self._handling:
            yield known.EXCEPTION, sorted(names & known.PENDING)[0]
        yield from self._at_a_path(names, node)
        if not args:
            return
        if names & EXECUTING and self._deep < _DEEPEST:
            yield from self._executed(args[0])
        if "builtins.getattr" in names and len(args) > 1 and not self._names.texts(args[1]):
            yield from self._by_name(args[0], known.HIDDEN, "getattr")
        yield from self._handed_on([*args, *(k.value for k in node.keywords)], names)
        for name in sorted(names & known.BY_NAME.keys()):
            yield from self._by_name(args[0], known.BY_NAME[name], name.removeprefix("builtins."))
        if names & known.LOOKING:
            yield from self._looked_at(args[:1])
        if "builtins.hash" in names and not _is_of_objects(scope) and any(map(_holds_text, self._names.fold.values(args[0]))):
            yield known.ADDRESSES, "hash of a text"

    def _handed_on(self, values: Iterable[ast.expr], names: Collection[str]) -> Iterator[Asked]:
        """Whole modules of Python that others are given: what they ask of it does not stand here."""
        if known.BY_NAME.keys() & {*names} or known.LOOKING & {*names}:
            return
        for value in values:
            inner = value.values if isinstance(value, ast.Dict) else value.elts if isinstance(value, (ast.List, ast.Tuple, ast.Set)) else []
            for each in (value, *inner):
                yield from ((known.HIDDEN, f"{n}, handed on") for n in sorted(self._paths.plainly(each) & (STANDARD - {*self._own})))

    def _executed(self, code: ast.expr) -> Iterator[Asked]:
        for source in self._names.texts(code):
            try:
                yield from ((r.kind, r.what) for r in asks(source, self._own, self._elsewhere, self._deep + 1))
            except (SyntaxError, ValueError):
                continue

    def _looked_at(self, nodes: Iterable[ast.expr]) -> Iterator[Asked]:
        for origin in (origin for node in nodes for origin in self._names.origins(node)):
            if any(map(known.OUTPUT.fullmatch, known.plain(origin))):
                yield known.TERMINAL, f"what {origin} is"

    def _compared(self, node: ast.Compare, scope: Scope) -> Iterator[Asked]:
        sides = [node.left, *node.comparators]
        yield from self._looked_at(sides)
        if any(known.MAIN_MODULE in self._names.texts(side) for side in sides):
            yield known.MAIN, known.MAIN_MODULE
        if any(isinstance(v, int) for side in sides for v in self._names.fold.values(side)):
            yield from self._by_address(sides, scope)

    def _by_address(self, sides: Iterable[ast.expr], scope: Scope) -> Iterator[Asked]:
        """Addresses and hashes that something is computed of: objects that hash and name themselves do, nobody else has to."""
        if _is_of_objects(scope):
            return
        for made in (each for side in sides for each in (side, *self._names.expressions(side))):
            names = self._names.origins(made.func) & known.BY_ADDRESS if isinstance(made, ast.Call) else ()
            yield from ((known.ADDRESSES, f"{name.removeprefix('builtins.')} in arithmetic") for name in names)

    def _is_for_imports(self, caught: ast.expr | None) -> bool:
        kinds = caught.elts if isinstance(caught, ast.Tuple) else [] if caught is None else [caught]
        return caught is None or any(self._names.origins(kind) & known.IMPORT_FAILED for kind in kinds)

    def _suppresses(self, manager: ast.expr) -> bool:
        called = isinstance(manager, ast.Call) and "contextlib.suppress" in self._names.origins(manager.func)
        return isinstance(manager, ast.Call) and called and any(map(self._is_for_imports, manager.args))

    def _tried(self, body: Iterable[ast.stmt]) -> Iterator[Asked]:
        """Modules whose import may fail."""
        for statement in body:
            names = [a.name for a in statement.names] if isinstance(statement, ast.Import) else []
            if isinstance(statement, ast.ImportFrom) and statement.level == 0:
                names = [statement.module or ""]
            yield from ((known.INSTALLED, top) for top in (n.partition(".")[0] for n in names) if top not in self._own)

    def _at_a_path(self, names: Collection[str], node: ast.Call) -> Iterator[Asked]:
        func, args = node.func, [*node.args, *(k.value for k in node.keywords)]
        asked = sorted(known.AT_A_PATH & set(names))[:1]
        places: list[ast.expr] = args[:1] if asked else []
        if not asked:
            handed = {p: a for a in args for o in self._names.origins(a) for p in known.plain(o) if p in known.AT_A_PATH}
            asked = sorted(handed)[:1]
            places = [a for a in args if a not in handed.values()] if handed else []
        if not asked and isinstance(func, ast.Attribute) and func.attr in known.METHODS_OF_PATHS:
            asked = [func.attr]
            places = args[:1] if set(names) & {f"{path}.{func.attr}" for path in known.PATHS} else [func.value]
        for text in dict.fromkeys(text for place in places for text in self._paths.beginnings(place)):
            yield known.FILES, f"{asked[0]} of {text!r}"


def _is_of_objects(scope: Scope) -> bool:
    return isinstance(scope.node, _FUNCTION) and scope.node.name in _OF_OBJECTS


def _holds_text(value: object) -> bool:
    return isinstance(value, str | bytes) or (isinstance(value, tuple) and any(map(_holds_text, value)))


def _spared(module: ast.Module, names: Names) -> Iterator[int]:
    """Nodes that ask nothing: a module's own entry among the modules, and what a program begins with."""
    for node, _ in names.nodes:
        match node:
            case ast.Subscript(slice=ast.Name(id="__name__") | ast.Attribute(attr="__module__")):
                yield id(node.value)
            case ast.Expr(value=ast.Constant() as said):
                yield id(said)
    for statement in module.body:
        match statement:
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[only]) as test, orelse=[]):
                yield from (id(test), id(only))
