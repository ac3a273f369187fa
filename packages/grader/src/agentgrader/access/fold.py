"""Constants that an expression comes to, without running anything: joined, sliced, formatted and decoded text and numbers."""

import ast
import base64
import binascii
import codecs
import operator
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

LARGEST = 1 << 16
"""Most characters, bytes or elements of one constant."""
_BUDGET = 1 << 22
"""Most of them in all constants of a file."""
_CODECS = frozenset({"rot13", "rot_13", "rot-13", "hex", "hex_codec", "base64", "base64_codec", "utf-8", "utf8", "ascii", "latin-1"})
_METHODS = frozenset(
    {"join", "format", "replace", "decode", "encode", "lower", "upper", "strip", "lstrip", "rstrip", "title", "swapcase", "capitalize"}
    | {"casefold", "split", "rsplit", "partition", "rpartition", "removeprefix", "removesuffix", "hex"}
)
_OPERATIONS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.BitXor: operator.xor,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.FloorDiv: operator.floordiv,
}
_WIDE = re.compile(r"[0-9]{4}|\*")
"""In a format: a width that makes a long text of a short one."""
_FAILURES = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, binascii.Error, zlib.error, OverflowError)


class Exhausted(Exception):
    """The constants of a file take too much to work out."""


class Folder:
    """Works out the constants of one file.

    ``meanings`` gives the dotted origins of an expression, ``bound`` what a name or attribute was given.
    """

    def __init__(self, meanings: Callable[[ast.expr], Iterable[str]], bound: Callable[[ast.expr], Iterable[ast.expr]]) -> None:
        self._meanings = meanings
        self._bound = bound
        self._left = _BUDGET
        self._known: dict[int, tuple[Any, ...]] = {}

    def values(self, node: ast.expr, local: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
        """The constants that ``node`` may be, a few; none if that cannot be told. Lists, sets and iterators come as tuples.

        Raises:
            Exhausted: they are too many or too large.
        """
        if local:
            return self._folded(node, local)
        if id(node) not in self._known:
            self._known[id(node)] = ()  # what refers to itself is no constant
            self._known[id(node)] = self._folded(node, {})
        return self._known[id(node)]

    def value(self, node: ast.expr, local: Mapping[str, Any]) -> Any:
        """The one constant that ``node`` is.

        Raises:
            LookupError: it is none.
        """
        found = self.values(node, local)
        if not found:
            raise LookupError
        return found[0]

    def _folded(self, node: ast.expr, local: Mapping[str, Any]) -> tuple[Any, ...]:
        self._spend(1)
        if isinstance(node, ast.Constant):
            return (node.value,)
        if isinstance(node, ast.Name):
            if node.id in local:
                return (local[node.id],)
            return self._given(node)
        if isinstance(node, ast.Attribute):
            return self._given(node)
        if isinstance(node, ast.IfExp):
            return (*self.values(node.body, local), *self.values(node.orelse, local))[:4]
        if isinstance(node, ast.NamedExpr):
            return self.values(node.value, local)
        try:
            result = self._computed(node, local)
        except _FAILURES:
            return ()
        self._spend(_size(result))
        return (result,)

    def _given(self, node: ast.expr) -> tuple[Any, ...]:
        return tuple(v for bound in list(self._bound(node))[:4] for v in self.values(bound))[:4]

    def _spend(self, amount: int) -> None:
        self._left -= amount
        if self._left < 0:
            raise Exhausted

    def _computed(self, node: ast.expr, local: Mapping[str, Any]) -> Any:
        """The constant, or any of the usual errors if there is none."""
        one = self.value
        match node:
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                return _flat(one(e, local) for e in elements)
            case ast.JoinedStr(values=parts):
                return _text("", [self._part(p, local) for p in parts])
            case ast.BinOp(left=left, op=op, right=right):
                return self._operation(op, one(left, local), one(right, local))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -one(operand, local)
            case ast.Subscript(value=value, slice=ast.Slice(lower=lower, upper=upper, step=step)):
                return one(value, local)[slice(*(None if part is None else one(part, local) for part in (lower, upper, step)))]
            case ast.Subscript(value=value, slice=index):
                return one(value, local)[one(index, local)]
            case ast.ListComp(elt=elt, generators=[only]) | ast.GeneratorExp(elt=elt, generators=[only]) if not only.ifs:
                return self._each(elt, only, local)
            case ast.Call(func=func, args=args):
                return self._called(func, args, local)
        raise LookupError

    def _part(self, node: ast.expr, local: Mapping[str, Any]) -> str:
        if isinstance(node, ast.FormattedValue):
            spec = "" if node.format_spec is None else str(self.value(node.format_spec, local))
            if len(spec) > 3:  # a width may be anything
                raise LookupError
            return format(self.value(node.value, local), spec)
        return str(self.value(node, local))

    def _operation(self, op: ast.operator, left: Any, right: Any) -> Any:
        if isinstance(op, ast.Mult):
            times = next((n for n in (left, right) if isinstance(n, int)), None)
            text = right if times is left else left
            if times is None or _size(text) * (_size(times) if isinstance(text, int) else abs(times)) > LARGEST:
                raise LookupError
            return left * right
        if isinstance(op, ast.Mod):
            if isinstance(left, str | bytes) and _WIDE.search(left if isinstance(left, str) else left.decode("latin-1")):
                raise LookupError
            return _limited(left % right)
        if isinstance(op, ast.Div):
            return _joined(left, right)
        return _limited(_OPERATIONS[type(op)](left, right))

    def _each(self, elt: ast.expr, generator: ast.comprehension, local: Mapping[str, Any]) -> tuple[Any, ...]:
        if not isinstance(generator.target, ast.Name):
            raise LookupError
        found = []
        for value in self.value(generator.iter, local):
            self._spend(1)
            found.append(self.value(elt, {**local, generator.target.id: value}))
        return _flat(found)

    def _called(self, func: ast.expr, args: list[ast.expr], local: Mapping[str, Any]) -> Any:
        names = set(self._meanings(func))
        if "builtins.map" in names and len(args) == 2:
            mapped = set(self._meanings(args[0]))
            return _flat(_by_name(mapped, [v]) for v in self.value(args[1], local))
        known = [self.value(a, local) for a in args]
        if names:
            return _by_name(names, known)
        if isinstance(func, ast.Attribute) and func.attr in _METHODS:
            target = self.value(func.value, local)
            if not isinstance(target, str | bytes) or (func.attr in ("decode", "encode") and not set(known) <= _CODECS):
                raise LookupError
            if func.attr == "join":
                return _text(target, known[0])
            if _grown(func.attr, target, known) > LARGEST:
                raise LookupError
            result = getattr(target, func.attr)(*known)
            return _flat(result) if isinstance(result, list | tuple) else _limited(result)
        raise LookupError


def _grown(method: str, target: Any, known: list[Any]) -> int:
    """The most that a method makes of its text."""
    if method == "replace":
        return (len(target) + 1) * (len(known[1]) + 1)
    if method == "format":
        return LARGEST + 1 if ":" in target else (target.count("{") + 1) * max((_size(k) + 8 for k in known), default=0) + len(target)
    return len(target)


def _text(separator: Any, parts: Iterable[Any]) -> Any:
    """:meth:`str.join` of parts that are not too long together."""
    parts = tuple(parts)
    if sum(len(part) + len(separator) for part in parts) > LARGEST:
        raise LookupError
    return separator.join(parts)


def _flat(values: Iterable[Any]) -> tuple[Any, ...]:
    """Plain values that are not too large together; no lists of lists."""
    found: list[Any] = []
    left = LARGEST
    for value in values:
        left -= 1 + _size(value)
        if left < 0 or isinstance(value, tuple):
            raise LookupError
        found.append(value)
    return tuple(found)


def _by_name(names: set[str], known: list[Any]) -> Any:
    """What one of a few functions of the standard library gives for constants."""
    for name in names & _FUNCTIONS.keys():
        return _limited(_FUNCTIONS[name](*known))
    raise LookupError


def _inflated(data: bytes, *_: Any) -> bytes:
    return zlib.decompressobj().decompress(data, LARGEST)


def _decoded(data: Any, encoding: str = "utf-8", *_: Any) -> Any:
    if encoding.lower() not in _CODECS:
        raise LookupError
    return codecs.decode(data, encoding)


def _joined(*parts: str) -> str:
    return str(_text("/", parts))


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "builtins.chr": chr,
    "builtins.ord": ord,
    "builtins.str": lambda value, *more: _decoded(value, *more) if more else str(value),
    "builtins.bytes": lambda value, *more: value.encode() if isinstance(value, str) else bytes(tuple(value)),
    "builtins.bytearray": lambda value, *more: value.encode() if isinstance(value, str) else bytes(tuple(value)),
    "builtins.bytes.fromhex": bytes.fromhex,
    "builtins.bytearray.fromhex": bytes.fromhex,
    "builtins.reversed": lambda value: tuple(reversed(value)),
    "builtins.list": tuple,
    "builtins.tuple": tuple,
    "builtins.int": lambda value, *base: int(value[:100] if isinstance(value, str) else value, *base),
    "builtins.str.join": _text,
    "base64.b64decode": base64.b64decode,
    "base64.urlsafe_b64decode": base64.urlsafe_b64decode,
    "base64.standard_b64decode": base64.b64decode,
    "base64.decodebytes": base64.decodebytes,
    "base64.b32decode": base64.b32decode,
    "base64.b16decode": base64.b16decode,
    "base64.b85decode": base64.b85decode,
    "base64.a85decode": base64.a85decode,
    "binascii.unhexlify": binascii.unhexlify,
    "binascii.a2b_hex": binascii.a2b_hex,
    "binascii.a2b_base64": binascii.a2b_base64,
    "codecs.decode": _decoded,
    "zlib.decompress": _inflated,
    "os.path.join": _joined,
    "pathlib.Path": _joined,
    "pathlib.PurePath": _joined,
}


def _size(value: Any) -> int:
    if isinstance(value, int):
        return 1 + value.bit_length() // 8
    return len(value) if isinstance(value, str | bytes | bytearray | tuple) else 1


def _limited(value: Any) -> Any:
    if _size(value) > LARGEST:
        raise LookupError
    return value
