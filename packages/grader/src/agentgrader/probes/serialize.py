"""Python values as JSON, structure and exact types kept, without a question to the value itself.

Every value is a list that starts with a tag:

- ``none``; ``bool`` b; ``int`` text; ``float`` hexadecimal text; ``complex`` real imaginary; ``str`` s; ``bytes`` / ``bytearray`` base64
- ``list`` / ``tuple`` / ``set`` / ``frozenset`` [items] (sets sorted by their encoding); ``dict`` [[key, value], ...] in its order
- ``range`` a b c; ``slice`` a b c (encoded); ``ellipsis``; ``notimplemented``; ``lock``, and in an answer whether it is taken
- ``ref`` module name: a class, function or builtin that an import finds again
- ``code`` path name line position module defaults kwdefaults cells: a function that no import finds, as it stands in a file
- ``made`` class [arguments]: an instance that its class makes anew from these (dates, decimals, patterns, partial functions);
  ``made`` ``builtins:getattr`` [instance, name]: a method bound to it
- ``object`` class base state: any other instance; ``base`` is the builtin value that it extends or null, ``state`` its [[name, value], ...]
- ``enum`` class value; ``iterator`` [items] end, where ``end`` is ``done``, ``more`` or the name of the error that it raised
- ``long`` length sha256: a string or bytes too long to send; ``cycle`` depth: the container so many levels up
- ``shared`` value: a list, dictionary, set or instance that stands in more than one place of what is encoded together
- ``opaque`` class: nothing is known but the class

A class is ``module:qualified.name``; a ``?`` in front means that this name leads to something else. Attributes, lengths and
items are read through the interpreter's own types, so a class cannot lie about its instances.
"""

from __future__ import annotations

import array
import base64
import collections
import datetime
import decimal
import enum
import fractions
import functools
import hashlib
import itertools
import json
import re
import sys
import threading
import types
import uuid
from collections.abc import Callable
from typing import Any

from agentgrader.probes.codes import locate

Encoded = list[Any]
MAX_NODES, MAX_DEPTH, MAX_TEXT, MAX_ITEMS = 4000, 30, 20_000, 200

_MRO = type.__dict__["__mro__"].__get__
_SPACE = type.__dict__["__dict__"].__get__
_QUALNAME = type.__dict__["__qualname__"].__get__
_MODULE = type.__dict__["__module__"].__get__
_MAXLEN = collections.deque.__dict__["maxlen"]
_LOCKS = (type(threading.Lock()), type(threading.RLock()))
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType)
_NOT_BOUND = (types.ModuleType, type(None))
_ITERABLE: tuple[Any, ...] = (b"", {}, {}.items(), {}.values(), set(), range(0))
_ITERATORS: tuple[type, ...] = (
    type(iter([])),
    type(iter(())),
    type(iter("")),
    *(type(iter(x)) for x in _ITERABLE),
    *(map, filter, zip, enumerate, reversed, type(reversed([])), types.GeneratorType),
)
"""Builtin iterators. Those over lists, tuples and strings, which come first, can be looked at without a step."""
_SHARED = frozenset({"list", "dict", "set"})
_ITERTOOLS = tuple(x for x in vars(itertools).values() if type(x) is type)
_PARTS: dict[type, Callable[[Any], list[Any]]] = {
    datetime.date: lambda x: [x.year, x.month, x.day],
    datetime.time: lambda x: [x.hour, x.minute, x.second, x.microsecond, x.tzinfo],
    datetime.datetime: lambda x: [x.year, x.month, x.day, x.hour, x.minute, x.second, x.microsecond, x.tzinfo],
    datetime.timedelta: lambda x: [x.days, x.seconds, x.microseconds],
    datetime.timezone: lambda x: [x.utcoffset(None), x.tzname(None)],
    decimal.Decimal: lambda x: [str(x)],
    fractions.Fraction: lambda x: [x.numerator, x.denominator],
    uuid.UUID: lambda x: [str(x)],
    re.Pattern: lambda x: [x.pattern, x.flags],
    re.Match: lambda x: [x.re, x.string, x.pos, x.endpos, x.start()],
    functools.partial: lambda x: [x.func, x.args, x.keywords],
    types.MappingProxyType: lambda x: [dict(x)],
    types.GenericAlias: lambda x: [x.__origin__, x.__args__],
    memoryview: lambda x: [bytes(x)],
    array.array: lambda x: [x.typecode, x.tolist()],
}
_PARTS_BY_NAME: dict[str, Callable[[Any], list[Any]]] = {"zoneinfo:ZoneInfo": lambda x: [x.key]}
"""The same for classes that are slow to import."""
ALIASES: dict[type, str] = {
    types.MappingProxyType: "types:MappingProxyType",
    type(None): "types:NoneType",
    re.Pattern: "re:Pattern",
}
"""Classes whose own name leads nowhere, in every version or in some; in a process that makes calls also those that moved."""
MOVED: dict[int, str] = {}
"""Identity of a function that moved → the name that it counts as."""
SENT = "<value>"
"""Name of the file that codes which were sent here say they are from: one that equals them may stand in a file that is edited."""
CODES: dict[types.CodeType, tuple[Any, ...]] = {}
"""Codes that were sent here → where they stand: path, name, line, position."""
_BASES: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (int, lambda x: int.__add__(x, 0)),
    (float, float.__float__),
    (str, str.__str__),
    (bytes, lambda x: bytes.__add__(x, b"")),
    (tuple, lambda x: tuple(list(tuple.__iter__(x)))),
    (list, lambda x: list(list.__iter__(x))),
    (collections.OrderedDict, lambda x: list(collections.OrderedDict.items(x))),
    (dict, lambda x: dict(dict.items(x))),
    (set, lambda x: set(set.__iter__(x))),
    (frozenset, lambda x: frozenset(frozenset.__iter__(x))),
    (collections.deque, lambda x: list(collections.deque.__iter__(x))),
    (BaseException, lambda x: BaseException.__dict__["args"].__get__(x)),
)
"""Builtin types that others extend, and how to get at the builtin value."""


class TooMuch(Exception):
    """The value is too large or too deep."""


class Encoder:
    """Encodes values. ``consume`` lets it draw from iterators; ``sources`` names the files that a ``code`` may stand in.

    ``told`` says whether a code may be written down; all may where it is missing.
    """

    def __init__(
        self, consume: bool, sources: Callable[[str], str | None], told: Callable[[types.CodeType], bool] = lambda code: True
    ) -> None:
        self._consume = consume
        self._sources = sources
        self._told = told
        self._left = 0
        self._above: list[int] = []
        self._met: dict[int, tuple[Any, Encoded]] = {}
        """Of an answer: identity → what may be shared, and how it was encoded first."""
        self.on_code: Callable[[types.CodeType, tuple[Any, ...]], None] | None = None
        """Told of every ``code``, and where it stands: path, name, line, position."""

    def encode(self, value: Any) -> Encoded:
        """``value`` as a list of JSON values; ``opaque`` where it is too large."""
        self._met = {}
        return self._whole(value)

    def encode_beside(self, value: Any) -> Encoded:
        """The same; what it shares with values since the last :meth:`encode` is marked in these too."""
        return self._whole(value)

    def met(self) -> dict[int, Any]:
        """Lists, sets, dictionaries and instances in what was encoded since the last :meth:`encode`, by identity; while they are kept."""
        return {number: x for number, (x, _) in self._met.items()}

    def _whole(self, value: Any) -> Encoded:
        self._left, self._above = MAX_NODES, []
        try:
            return self._any(value)
        except (TooMuch, RecursionError):
            return ["opaque", class_name(type(value))]

    def _any(self, x: Any) -> Encoded:
        self._left -= 1
        if self._left < 0 or len(self._above) > MAX_DEPTH:
            raise TooMuch
        kind = type(x)
        if x is None:
            return ["none"]
        if kind is bool:
            return ["bool", x]
        if kind is int:
            return ["int", str(x) if -(10**18) < x < 10**18 else hex(x)]
        if kind is float:
            return ["float", x.hex()]
        if kind is complex:
            return ["complex", x.real.hex(), x.imag.hex()]
        if kind is str:
            return ["str", x] if len(x) <= MAX_TEXT else ["long", len(x), _sha(x.encode("utf-8", "surrogatepass"))]
        if kind is bytes or kind is bytearray:
            tag = "bytes" if kind is bytes else "bytearray"
            return [tag, base64.b64encode(x).decode()] if len(x) <= MAX_TEXT else ["long", len(x), _sha(bytes(x))]
        if x is Ellipsis or x is NotImplemented:
            return ["ellipsis" if x is Ellipsis else "notimplemented"]
        if kind in _LOCKS:
            return ["lock", *([x._is_owned() if kind is _LOCKS[1] else x.locked()] if self._consume else [])]
        if kind is range:
            return ["range", x.start, x.stop, x.step]
        if id(x) in self._above:
            return ["cycle", len(self._above) - self._above.index(id(x))]
        self._above.append(id(x))
        try:
            made = self._compound(x, kind)
        finally:
            self._above.pop()
        if self._consume and (made[0] in _SHARED or (made[0] == "object" and (made[2] is None or made[2][0] in _SHARED))):
            self._meet(x, made)
        return made

    def _meet(self, x: Any, made: Encoded) -> None:
        """Mark what was met before, here and there: in place, since it stands in other values by now."""
        _, first = self._met.setdefault(id(x), (x, made))
        if first is not made:
            for encoded in (first, made):
                if encoded[0] != "shared":
                    encoded[:] = ["shared", list(encoded)]

    def _compound(self, x: Any, kind: type) -> Encoded:
        if kind is list or kind is tuple:
            return [kind.__name__, [self._any(i) for i in x]]
        if kind is dict:
            return ["dict", [[self._any(k), self._any(v)] for k, v in list(x.items())]]
        if kind is set or kind is frozenset:
            return [kind.__name__, sorted((self._any(i) for i in x), key=json.dumps)]
        if kind is slice:
            return ["slice", self._any(x.start), self._any(x.stop), self._any(x.step)]
        if kind in _PARTS:
            return ["made", class_name(kind), [self._any(i) for i in _PARTS[kind](x)]]
        if kind is type and x in ALIASES:
            return ["ref", *ALIASES[x].split(":")]
        if type in _MRO(kind):
            return _reference(x, class_name(x)) or ["opaque", "class " + class_name(x)]
        if kind is types.MethodType or (kind is types.BuiltinFunctionType and type(x.__self__) not in _NOT_BOUND):
            return self._method(x, kind)
        if kind in _FUNCTIONS:
            return self._function(x)
        if kind is types.ModuleType:
            return ["opaque", "module"]
        if enum.Enum in _MRO(kind):
            return ["enum", class_name(kind), self._any(object.__getattribute__(x, "_value_"))]
        if kind in _ITERATORS or kind in _ITERTOOLS:
            return self._iterator(x, kind)
        return self._instance(x, kind)

    def _function(self, x: Any) -> Encoded:
        module, name = getattr(x, "__module__", None), getattr(x, "__qualname__", "")
        owner = getattr(x, "__objclass__", None)
        found = None if id(x) in MOVED else _reference(x, f"{owner.__module__ if owner else module or 'builtins'}:{name}")
        if found:
            return found
        if type(x) is types.FunctionType:
            if id(x) in MOVED:
                return ["ref", *MOVED[id(x)].split(":")]
            code = x.__code__
            where = CODES.get(code) if code.co_filename == SENT else self._where(code)
            if where is not None:
                if self.on_code:
                    self.on_code(code, where)
                cells = [self._any(c.cell_contents) for c in x.__closure__ or ()]
                kw = [[k, self._any(v)] for k, v in (x.__kwdefaults__ or {}).items()]
                return ["code", *where, str(x.__globals__.get("__name__")), self._any(x.__defaults__), kw, cells]
        return ["opaque", class_name(type(x))]

    def _method(self, x: Any, kind: type) -> Encoded:
        name = x.__name__ if kind is types.BuiltinFunctionType or type(x.__func__) is types.FunctionType else ""
        if kind is types.MethodType and not any(e is x.__func__ for e in _entries(x.__self__, name)):
            return ["opaque", "types:MethodType"]
        return ["made", "builtins:getattr", [self._any(x.__self__), ["str", name]]]

    def _where(self, code: types.CodeType) -> tuple[Any, ...] | None:
        place = locate(code, self._sources(code.co_filename), self._consume) if self._told(code) else None
        return None if place is None else (code.co_filename, code.co_name, code.co_firstlineno, place)

    def _iterator(self, x: Any, kind: type) -> Encoded:
        if not self._consume:
            if kind not in _ITERATORS[:3]:
                return ["opaque", "iterator"]
            rest = x.__reduce__()
            items = list(rest[1][0])[rest[2] if len(rest) > 2 else 0 :]
            return ["iterator", [self._any(i) for i in items], "done"]
        items = []
        end = "more"
        try:
            for _ in range(MAX_ITEMS):
                items.append(self._any(next(x)))
        except StopIteration:
            end = "done"
        except TooMuch:
            raise
        except Exception as e:
            end = class_name(type(e))
        return ["iterator", items, end]

    def _instance(self, x: Any, kind: type) -> Encoded:
        mro = _MRO(kind)
        base: Encoded | None = None
        for builtin, extract in _BASES:
            if builtin in mro:
                base = self._any(extract(x))
                break
        else:
            named = _PARTS_BY_NAME.get(class_name(kind))
            if named:
                return ["made", class_name(kind), [self._any(i) for i in named(x)]]
            if not _plain(mro):
                return ["opaque", class_name(kind)]
        return ["object", class_name(kind), base, [[name, self._any(value)] for name, value in state(x, mro)]]


def state(x: Any, mro: tuple[type, ...]) -> list[tuple[str, Any]]:
    """Attributes that an instance holds itself, by name: its dictionary and its slots."""
    found: dict[str, Any] = {}
    for cls in mro:
        for name, entry in _SPACE(cls).items():
            try:
                if type(entry) is types.GetSetDescriptorType and name == "__dict__":
                    found.update((str(k), v) for k, v in dict.items(entry.__get__(x)))
                elif (type(entry) is types.MemberDescriptorType or entry is _MAXLEN) and not name.startswith("__"):
                    found.setdefault(name, entry.__get__(x))
            except (AttributeError, TypeError):
                continue  # an empty slot
    return sorted(found.items())


def _plain(mro: tuple[type, ...]) -> bool:
    """Whether instances hold nothing but what :func:`state` sees: every class is made by a class statement."""
    return all(cls is object or cls.__flags__ & 1 << 9 for cls in mro)


def class_name(cls: type) -> str:
    """``module:qualified.name``, with ``?`` in front where that name does not lead to ``cls``."""
    if cls in ALIASES:
        return ALIASES[cls]
    name = f"{_MODULE(cls)}:{_QUALNAME(cls)}"
    return name if _reference(cls, name) else "?" + name


def _reference(x: Any, name: str) -> Encoded | None:
    module, _, path = name.partition(":")
    found: Any = sys.modules.get(module)
    for part in path.split("."):
        if found is None:
            return None
        found = (vars(found) if type(found) is types.ModuleType else _inherited(found)).get(part)
        if type(found) in (staticmethod, classmethod):
            found = found.__func__
    return ["ref", module, path] if found is x else None


def _entries(owner: Any, name: str) -> list[Any]:
    """Functions of that name in the classes of an instance, or those that a class is made of."""
    classes = (*(_MRO(owner) if type in _MRO(type(owner)) else ()), *_MRO(type(owner)))
    found = [_SPACE(c)[name] for c in classes if name in _SPACE(c)]
    return [e.__func__ if type(e) is classmethod else e for e in found]


def _inherited(owner: Any) -> Any:
    return _SPACE(owner) if isinstance(owner, type) else {}


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
