"""Functions by path and key, looked up and called as their users do it: a method through its instance, a property as an attribute."""

from __future__ import annotations

import contextlib
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agentgrader.probes.deserialize import Unbuildable, found
from agentgrader.probes.serialize import _MRO, _SPACE, state

_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType)


@dataclass(frozen=True)
class Lookup:
    """A function that was found. For one of a class, the ``owner``, the ``name`` of the attribute there and what it is."""

    function: Callable[..., Any]
    owner: Any = None
    name: str = ""
    entry: Any = None
    accessor: str = ""

    def called(self, plain: list[Any], named: dict[str, Any]) -> Any:
        """What a user of it gets. The first argument of a method is the instance. Raises whatever it raises."""
        if isinstance(self.entry, staticmethod):
            return getattr(self.owner, self.name)(*plain, **named)
        if not plain or not self._is_found_through(plain[0]):
            return self.function(*plain, **named)
        first, rest = plain[0], plain[1:]
        if isinstance(self.entry, property) and self.accessor == "setter":
            return setattr(first, self.name, *rest)
        if isinstance(self.entry, property) and self.accessor == "deleter":
            return delattr(first, self.name)
        value = getattr(first, self.name)
        is_value = not rest and not named and not isinstance(self.entry, classmethod) and not callable(self.entry)
        return value if is_value else value(*rest, **named)

    def _is_found_through(self, first: Any) -> bool:
        """Whether an attribute of that name is what was found, and no other of a derived class or of the instance itself."""
        if not self.name:
            return False
        mro = _MRO(first) if isinstance(self.entry, classmethod) and type in _MRO(type(first)) else _MRO(type(first))
        entry = next((_SPACE(c)[self.name] for c in mro if self.name in _SPACE(c)), None)
        return entry is self.entry and self.name not in dict(state(first, _MRO(type(first))))


def first_of(places: list[list[str]]) -> Lookup:
    """The first of [module, key] that leads to a function.

    Raises:
        Unbuildable: none does.
    """
    for module, key in places[:-1]:
        with contextlib.suppress(Unbuildable):
            return look_up(module, key)
    return look_up(*places[-1])


def look_up(module: str, key: str) -> Lookup:
    """The function with that key of :mod:`agentgrader.probes.outline`, as the module has it now.

    Raises:
        Unbuildable: there is none.
    """
    path, _, accessor = key.partition("@")
    outer, _, name = path.rpartition(".")
    if not outer:
        function = found(f"{module}:{name}")
        if not callable(function):
            raise Unbuildable(f"{key} cannot be called")
        return Lookup(function)
    owner = found(f"{module}:{outer}")
    if type not in _MRO(type(owner)):
        raise Unbuildable(f"{outer} is no class")
    private = name.startswith("__") and not name.endswith("__")
    own = f"_{owner.__name__.lstrip('_')}{name}" if private else name
    entry = next((_SPACE(c)[own] for c in _MRO(owner) if own in _SPACE(c)), None)  # a method may have moved to a base
    function = entry
    if isinstance(entry, (staticmethod, classmethod)):
        function = entry.__func__
    elif isinstance(entry, property):
        function = {"": entry.fget, "setter": entry.fset, "deleter": entry.fdel}[accessor]
    elif not callable(entry):
        function = getattr(entry, "func", None)
    if not callable(function):
        raise Unbuildable(f"{key} is not there" if function is None else f"{key} cannot be called")
    return Lookup(function, owner, own, entry, accessor)
