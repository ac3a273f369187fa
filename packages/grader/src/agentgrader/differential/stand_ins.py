"""What values need of modules of the tests, without the tests: the classes and functions that they name, and what these need.

Calls are made where there are no tests, yet some of their arguments are instances of classes that stand in test modules, or functions
of these.
"""

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from agentgrader.differential.module_names import root_of
from agentgrader.syntax import parse

_RUNNERS = ("pytest", "_pytest", "unittest", "nose", "hypothesis", "doctest")
_FILES = 20
Read = Callable[[str], str | None]
"""Text of a file of the tests; nothing for any other."""


def stand_ins(calls: Sequence[Any], codes: Sequence[Mapping[str, Any]], modules: Mapping[str, str], read: Read) -> dict[str, str]:
    """Name of a module → the part of its text that ``calls`` need. ``modules``: name → path of its file."""
    looked_up = {tuple(c["code"]): c["names"] for c in codes}
    wanted: dict[str, set[str]] = defaultdict(set)
    for module, name in _named(calls, looked_up):
        if module in modules:
            wanted[module] |= {name.partition(".")[0]} if name else set()
    places = {name: [path] for name, path in modules.items()}
    texts: dict[str, str] = {}
    done: dict[str, set[str]] = {}
    waiting = list(wanted)
    for module in waiting:
        if done.get(module) == wanted[module] or len(texts) > _FILES:
            continue
        done[module] = set(wanted[module])
        path, source = next(((p, text) for p in places[module] if (text := read(p)) is not None), ("", None))
        if source is None:
            continue
        try:
            texts[module], imports = part_of(source, wanted[module])
        except (SyntaxError, ValueError, RecursionError):
            continue
        for other, names, stem in _resolved(imports, module, path):
            if names - wanted[other] or other not in places:
                wanted[other] |= names
                places.setdefault(other, [f"{stem}.py", f"{stem}/__init__.py"])
                waiting.append(other)
    return texts


def _named(calls: Sequence[Any], looked_up: Mapping[tuple[Any, ...], Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Modules and names in them that encoded values refer to."""
    waiting: list[Any] = list(calls)
    while waiting:
        e = waiting.pop()
        if isinstance(e, dict):
            waiting += e.values()
        elif isinstance(e, (list, tuple)) and e:
            waiting += e
            if e[0] in ("object", "made", "enum") and isinstance(e[1], str):
                module, _, name = e[1].partition(":")
                yield module, name
            elif e[0] == "ref" and len(e) == 3 and isinstance(e[1], str):
                yield e[1], e[2]
            elif e[0] == "code" and len(e) > 6:
                yield from ((e[5], name) for name in ("", *looked_up.get(tuple(e[1:5]), ())))  # its module is needed at least


def part_of(source: str, wanted: set[str]) -> tuple[str, list[ast.stmt]]:
    """The statements of a module that bind ``wanted`` names, and those that these need, at their lines; and the imports among them.

    Raises:
        SyntaxError: it is no Python.
    """
    tree = parse(source)
    binding: dict[str, list[ast.stmt]] = defaultdict(list)
    for statement in tree.body:
        for name in _bound(statement):
            binding[name].append(statement)
    kept: set[ast.stmt] = set()
    names = [*wanted]
    for name in names:
        for statement in binding.get(name, ()):
            if statement not in kept and not _is_test(statement):
                kept.add(statement)
                names += _used(statement)
    lines = source.split("\n")
    text = [""] * len(lines)
    for statement in kept:
        first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))])
        text[first - 1 : statement.end_lineno] = lines[first - 1 : statement.end_lineno]
    future = [s for s in tree.body if isinstance(s, ast.ImportFrom) and s.module == "__future__"]
    for statement in future:
        text[statement.lineno - 1] = lines[statement.lineno - 1]
    return "\n".join(text), [s for s in kept if isinstance(s, (ast.Import, ast.ImportFrom))]


def _is_test(statement: ast.stmt) -> bool:
    """Whether it is a test, or brings in what runs tests."""
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        module = statement.module or "" if isinstance(statement, ast.ImportFrom) else statement.names[0].name
        return module.partition(".")[0] in _RUNNERS
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        if statement.name.lower().startswith("test"):
            return True
        return isinstance(statement, ast.ClassDef) and any("TestCase" in ast.dump(base) for base in statement.bases)
    return False


def _bound(statement: ast.stmt) -> set[str]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {(a.asname or a.name).partition(".")[0] for a in statement.names}
    if isinstance(statement, (ast.If, ast.Try, ast.With, ast.For, ast.While)):
        inner = [s for s in ast.walk(statement) if isinstance(s, ast.stmt) and s is not statement]
        return {name for s in inner for name in _bound(s)}
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _used(statement: ast.stmt) -> list[str]:
    return [n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]


def _resolved(imports: Sequence[ast.stmt], module: str, path: str) -> Iterator[tuple[str, set[str], str]]:
    """Modules that are imported from, the names, and the path without ending where each would stand in the tree of ``module``."""
    is_package = path.endswith("/__init__.py")
    root = root_of(module, path)
    package = module if is_package else module.rpartition(".")[0]
    for statement in imports:
        if not isinstance(statement, ast.ImportFrom):
            continue
        base = statement.module or ""
        if statement.level:
            parts = package.split(".")
            above = parts[: len(parts) - statement.level + 1]
            base = ".".join([*above, *([base] if base else [])])
        names = {a.name for a in statement.names}
        stem = "/".join([*([root] if root else []), *base.split(".")])
        yield base, names, stem
        for name in sorted(names):
            yield f"{base}.{name}", set(), f"{stem}/{name}"
