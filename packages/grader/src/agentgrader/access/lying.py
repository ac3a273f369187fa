"""Objects that say of themselves what is not so: equal to everything, of any class."""

import ast
from collections.abc import Iterator

_KIND = "objects that lie"
_COMPARING = frozenset({"__eq__", "__ne__"})
_CHECKING = frozenset({"__instancecheck__", "__subclasscheck__", "__subclasshook__"})
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def lies(owner: ast.ClassDef | str, method: ast.expr | None = None) -> Iterator[tuple[str, str]]:
    """Methods of a class that lie; or of one method, given by name and as a lambda. Kind and name of each.

    ``__eq__`` and ``__ne__`` lie where no answer depends on the object itself; checks of classes where they always say yes; and a
    class that says it is another.
    """
    if isinstance(owner, str):
        if isinstance(method, ast.Lambda) and _lying(owner, method, [method.body], ""):
            yield _KIND, owner
        return
    for statement in owner.body:
        if isinstance(statement, _FUNCTION):
            if statement.name == "__class__":
                yield _KIND, "__class__"
            elif statement.name in ("__getattribute__", "__getattr__") and _says_class(statement):
                yield _KIND, f"{statement.name} answers for __class__"
            elif _lying(statement.name, statement, _answers(statement), owner.name):
                yield _KIND, statement.name
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                name = target.id if isinstance(target, ast.Name) else ""
                if name == "__class__":
                    yield _KIND, "__class__"
                elif isinstance(statement.value, ast.Lambda) and _lying(name, statement.value, [statement.value.body], owner.name):
                    yield _KIND, name


def _answers(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    """What a function returns; not what functions in it do."""
    found: list[ast.expr] = []
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Return) and node.value is not None:
            found.append(node.value)
        if not isinstance(node, (*_FUNCTION, ast.ClassDef, ast.Lambda)):
            todo += ast.iter_child_nodes(node)
    return found


def _lying(name: str, function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, answers: list[ast.expr], owner: str) -> bool:
    said = [a for a in answers if not _declines(a)]
    if name in _COMPARING:
        yes = name == "__eq__"
        constant = [bool(a.value) for a in said if isinstance(a, ast.Constant)]
        if len(constant) == len(said):
            return constant.count(yes) == len(said) > 0
        own = _first(function)
        return not _mentions(function, {own, owner, "__class__", "super"} - {""})
    if name in _CHECKING:
        return bool(said) and all(isinstance(a, ast.Constant) and a.value is True for a in said)
    return False


def _says_class(function: ast.AST) -> bool:
    return any(isinstance(n, ast.Constant) and n.value == "__class__" for n in ast.walk(function))


def _declines(answer: ast.expr) -> bool:
    return isinstance(answer, ast.Name) and answer.id == "NotImplemented"


def _first(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> str:
    plain = [*function.args.posonlyargs, *function.args.args]
    return plain[0].arg if plain else ""


def _mentions(function: ast.AST, names: set[str]) -> bool:
    body = function.body if isinstance(function, ast.Lambda) else ast.Module(getattr(function, "body", []), [])
    return any(isinstance(n, ast.Name) and n.id in names for n in ast.walk(body))
