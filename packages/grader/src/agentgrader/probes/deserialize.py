"""What :mod:`agentgrader.probes.serialize` wrote: its parts, and values made anew from it with the classes of this process."""

from __future__ import annotations

import base64
import collections
import importlib
import itertools
import re
import sys
import threading
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agentgrader.probes.codes import codes
from agentgrader.probes.serialize import _MRO, _SPACE, ALIASES, Encoded


class Unbuildable(Exception):
    """The value cannot be made anew here; the message says why."""


_SCALARS: dict[str, Callable[[Encoded], Any]] = {
    "none": lambda e: None,
    "bool": lambda e: e[1],
    "int": lambda e: int(e[1], 0),
    "float": lambda e: float.fromhex(e[1]),
    "complex": lambda e: complex(float.fromhex(e[1]), float.fromhex(e[2])),
    "str": lambda e: e[1],
    "bytes": lambda e: base64.b64decode(e[1]),
    "bytearray": lambda e: bytearray(base64.b64decode(e[1])),
    "ellipsis": lambda e: Ellipsis,
    "notimplemented": lambda e: NotImplemented,
    "lock": lambda e: threading.RLock(),
    "range": lambda e: range(e[1], e[2], e[3]),
}
_CONTAINERS: dict[str, Callable[[Any], Any]] = {"tuple": tuple, "set": set, "frozenset": frozenset}
_UNMADE = object()
_FIXED: tuple[Any, ...] = (int, float, str, bytes, tuple, frozenset)
_FILLED: tuple[Any, ...] = (collections.OrderedDict, dict, list, set)


_HOLDERS = frozenset({*_CONTAINERS, "list", "iterator"})


class Rebuilder:
    """Makes values. ``sent`` holds codes by path, name, line and position; ``sources`` gives the text of a file that others stand in."""

    def __init__(self, sources: Callable[[str], str | None], sent: Mapping[tuple[Any, ...], types.CodeType] | None = None) -> None:
        self._sources = sources
        self._sent = sent or {}
        self._above: list[Any] = []

    def value(self, e: Encoded) -> Any:
        """The value.

        Raises:
            Unbuildable: it was not written in full, or its class, function or file is not here.
        """
        tag = e[0]
        if tag in _SCALARS:
            return _SCALARS[tag](e)
        if tag == "cycle":
            return self._container(e[1])
        self._above.append(_UNMADE)
        try:
            return self._compound(tag, e)
        except Unbuildable:
            raise
        except Exception as error:
            raise Unbuildable(f"{tag}: {type(error).__name__}") from error
        finally:
            self._above.pop()

    def _container(self, depth: int) -> Any:
        made = self._above[-depth] if 0 < depth <= len(self._above) else _UNMADE
        if made is _UNMADE:
            raise Unbuildable("a container in itself that cannot be changed")
        return made

    def _begun(self, made: Any) -> Any:
        """Note a container before it is filled, so that what is in it can refer to it."""
        self._above[-1] = made
        return made

    def _compound(self, tag: str, e: Encoded) -> Any:
        if tag == "list":
            items = self._begun([])
            items.extend(self.value(i) for i in e[1])
            return items
        if tag in _CONTAINERS:
            return _CONTAINERS[tag](self.value(i) for i in e[1])
        if tag == "dict":
            pairs = self._begun({})
            pairs.update((self.value(k), self.value(v)) for k, v in e[1])
            return pairs
        if tag == "slice":
            return slice(*map(self.value, e[1:]))
        if tag == "ref":
            return found(f"{e[1]}:{e[2]}")
        if tag == "enum":
            return found(e[1])(self.value(e[2]))
        if tag == "iterator" and e[2] == "done":
            return iter([self.value(i) for i in e[1]])
        if tag == "made":
            return self._made(e)
        if tag == "code":
            return self._function(e)
        if tag == "object":
            return self._instance(e)
        raise Unbuildable(f"{tag} {e[1] if len(e) > 1 else ''}".strip())

    def _made(self, e: Encoded) -> Any:
        parts = [self.value(i) for i in e[2]]
        if e[1] == "functools:partial":
            return found(e[1])(parts[0], *parts[1], **parts[2])
        if e[1] == "re:Pattern":
            return re.compile(*parts)
        if e[1] == "re:Match":
            return _match(*parts)
        return found(e[1])(*parts)

    def _function(self, e: Encoded) -> types.FunctionType:
        _, path, name, line, place, module, defaults, kwdefaults, cells = e
        code = self._sent.get((path, name, line, place))
        if code is None:
            source = self._sources(path)
            if source is None:
                raise Unbuildable(f"function in {module}")
            code = codes(source, path, name, line)[place]
        home = sys.modules.get(module) or importlib.import_module(module)
        closure = tuple(types.CellType(self.value(c)) for c in cells)
        made = types.FunctionType(code, vars(home), name, self.value(defaults), closure)
        made.__kwdefaults__ = {k: self.value(v) for k, v in kwdefaults} or None
        return made

    def _instance(self, e: Encoded) -> Any:
        _, name, base, attributes = e
        cls = found(name)
        mro = _MRO(cls)
        x = self._bare(cls, mro, base, {k: v for k, v in attributes})
        own: dict[str, Any] | None = None
        slots: dict[str, Any] = {}
        for c in reversed(mro):
            for key, entry in _SPACE(c).items():
                if key == "__dict__" and type(entry) is types.GetSetDescriptorType:
                    own = entry.__get__(x)
                elif type(entry) is types.MemberDescriptorType:
                    slots[key] = entry
        for key, value in attributes:
            if c_made(cls, key):
                continue
            if key in slots:
                slots[key].__set__(x, self.value(value))
            elif own is not None:
                own[key] = self.value(value)
            else:
                raise Unbuildable(f"{name} has no place for {key}")
        return x

    def _bare(self, cls: type, mro: tuple[type, ...], base: Encoded | None, attributes: dict[str, Encoded]) -> Any:
        if base is None:
            return self._begun(object.__new__(cls))
        if collections.deque in mro:
            queue: Any = self._begun(collections.deque.__new__(cls))
            limit = self.value(attributes["maxlen"]) if "maxlen" in attributes else None
            collections.deque.__init__(queue, self.value(base), limit)
            return queue
        for builtin in _FILLED:
            if builtin in mro:
                made = self._begun(builtin.__new__(cls))
                if collections.defaultdict in mro:
                    collections.defaultdict.__init__(made, self.value(attributes["default_factory"]), self.value(base))
                else:
                    builtin.__init__(made, self.value(base))
                return made
        content = self.value(base)
        if BaseException in mro:
            error: Any = cls.__new__(cls, *content)
            BaseException.__dict__["args"].__set__(error, content)
            return error
        for builtin in _FIXED:
            if builtin in mro:
                return builtin.__new__(cls, content)
        raise Unbuildable(f"{cls.__name__} extends something unknown")


def _match(pattern: Any, text: str, start: int, end: int, found: int) -> Any:
    made = [
        pattern.match(text, found, end),
        pattern.fullmatch(text, start, end),
        pattern.match(text, start, end),
        pattern.search(text, start, end),
    ]
    fitting = [m for m in made if m is not None]
    if not fitting:
        raise Unbuildable("a match of something else")
    return fitting[0]


def c_made(cls: type, key: str) -> bool:
    """Members that a constructor of the standard library has set already."""
    return key in ("default_factory", "maxlen") and issubclass(cls, (collections.defaultdict, collections.deque))


def found(name: str) -> Any:
    """What ``module:qualified.name`` leads to. Raises :class:`Unbuildable` where it leads nowhere."""
    for cls, alias in ALIASES.items():
        if name == alias:
            return cls
    module, _, path = name.partition(":")
    try:
        x: Any = sys.modules.get(module) or importlib.import_module(module)
        for part in path.split("."):
            x = getattr(x, part)
    except Exception as error:
        raise Unbuildable(f"{name} is not there") from error
    return x


def parts(e: Any) -> list[Any]:
    """The encoded values that ``e`` holds directly."""
    tag = e[0]
    if tag in _HOLDERS or tag == "shared":
        return list(e[1]) if tag in _HOLDERS else [e[1]]
    if tag == "dict":
        return [*itertools.chain.from_iterable(e[1])]
    if tag in ("made", "enum"):
        return list(e[2]) if tag == "made" else [e[2]]
    if tag == "slice":
        return list(e[1:])
    if tag == "object":
        return [*([] if e[2] is None else [e[2]]), *(value for _, value in e[3])]
    if tag == "code":
        return [e[6], *(value for _, value in e[7]), *e[8]]
    return []


def everything(e: Any) -> Iterator[Any]:
    """``e``, and all that it holds at whatever depth."""
    waiting = [e]
    for item in waiting:
        yield item
        waiting.extend(parts(item))
