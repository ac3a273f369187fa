"""Under which other names a repository hands out its functions: what a package takes from its modules, and second names in a module."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator


def exports(functions: Iterable[tuple[str, str]], is_source: Callable[[str], bool]) -> Iterator[tuple[str, str, list[list[str]]]]:
    """(module, key, other [module, key]) of those of the ``functions``, (module, key), that have other names in loaded modules.

    Only names that are meant for users count: of a package, those that ``__all__`` lists, and those beside the function itself.
    """
    names = _public(is_source)
    for module, key in functions:
        outer, dot, rest = key.partition(".")
        top, at, accessor = outer.partition("@")
        value = vars(sys.modules[module]).get(top) if module in sys.modules else None
        others = [[m, f"{n}{at}{accessor}{dot}{rest}"] for m, n, is_package in names.get(id(value), ()) if is_package or m == module]
        others = [other for other in others if other != [module, key]]
        if value is not None and others:
            yield module, key, others


def _public(is_source: Callable[[str], bool]) -> dict[int, list[tuple[str, str, bool]]]:
    """Identity of a class or function → module and name, and whether it is there for users of the module's package."""
    found: dict[int, list[tuple[str, str, bool]]] = {}
    for module, loaded in sorted(sys.modules.items()):
        file = getattr(loaded, "__file__", None)
        if not isinstance(file, str) or not is_source(file):
            continue
        space = dict(vars(loaded))
        listed = space.get("__all__")
        listed = listed if isinstance(listed, (list, tuple)) else ()
        for name, value in space.items():
            if not name.startswith("_") and callable(value):
                found.setdefault(id(value), []).append((module, name, file.endswith("__init__.py") or name in listed))
    return found
