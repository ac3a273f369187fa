"""JSON values as real files hold them: read what can be read, and take nothing for granted about a type."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from agentrecorder.containers.lazy_json import LazyArray, LazyObject
from agentrecorder.containers.mmap_buffer import WINDOW

WHOLE_BYTES = WINDOW
"""Larger values are read piece by piece."""
_DEEPEST = 60
"""Levels of them; each is a pass over the bytes below it."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_DIGITS = re.compile(r"-?\d{1,18}")
_INFINITE = float("inf")
Json = Any
"""What a JSON text holds. Objects may be lazy: a ``Mapping``, not always a ``dict``; arrays a ``Sequence``, not always a ``list``."""


class NotJson(ValueError):
    """Bytes that are no JSON text."""


def loads(data: bytes | memoryview | str) -> Json:
    """The value of a JSON text, read leniently.

    NaN and infinities are read as floats; a lone surrogate, which no UTF-8 file can store, as U+FFFD; bytes that are no UTF-8 as
    U+FFFD too, unless a byte order mark says that they are UTF-16.

    Raises:
        NotJson: says where the text stops making sense.
    """
    try:
        return orjson.loads(data)
    except ValueError as problem:
        return _leniently(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else bytes(data), problem)


def _leniently(data: bytes, problem: ValueError) -> Json:
    text = decoded(data)
    try:
        value = json.loads(text, strict=False)
        return _storable(value) if _ESCAPED_SURROGATE.search(data) or _SURROGATE.search(text) else value
    except RecursionError:
        raise NotJson("nested too deeply") from problem
    except ValueError as again:
        raise NotJson(str(again)) from problem


def decoded(data: bytes) -> str:
    """Text of a file: UTF-8 with or without a mark, UTF-16 with one; what is neither becomes U+FFFD."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")


def read(data: memoryview, depth: int = 0) -> Json:
    """:func:`loads`, or a lazy value for an object or array of more than ``WHOLE_BYTES``, which is read piece by piece.

    Raises:
        NotJson: see :func:`loads`. A lazy value raises when the part that is bad is asked for.
    """
    lazy = _piecewise(data, read, depth) if len(data) > WHOLE_BYTES else None
    return loads(data) if lazy is None else lazy


def recovered(data: memoryview, depth: int = 0) -> Json:
    """What can be read of an object or array that is cut off or damaged: a lazy value whose bad parts raise when they are asked for.

    Raises:
        NotJson: it is no object and no array.
    """
    try:
        return loads(data)
    except NotJson:
        lazy = _piecewise(data, recovered, depth)
        if lazy is None:
            raise
        return lazy


def _piecewise(data: memoryview, read: Callable[[memoryview, int], Json], depth: int) -> LazyObject | LazyArray | None:
    if depth == _DEEPEST:
        raise NotJson("nested too deeply")

    def part(inner: memoryview) -> Json:
        return read(inner, depth + 1)

    start = bytes(data[:4096]).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"{":
        return LazyObject(data, part)
    return LazyArray(data, part) if start == b"[" else None


def _storable(value: Json) -> Json:
    match value:
        case str():
            return value if value.isascii() else _SURROGATE.sub("�", value.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
        case list():
            return [_storable(part) for part in value]
        case dict():
            return {_storable(key): _storable(part) for key, part in value.items()}
    return value


def is_object(value: Json) -> bool:
    """Whether a value is a JSON object. Asks for its very type, as to ask for a ``Mapping`` takes long."""
    return type(value) is dict or type(value) is LazyObject


def is_array(value: Json) -> bool:
    """Whether a value is a JSON array."""
    return type(value) is list or type(value) is LazyArray


def get(value: Json, *keys: str) -> Json:
    """The value below ``keys``; ``None`` where one is missing or cannot be read, or what should be an object is none."""
    for key in keys:
        if type(value) is dict:
            value = value.get(key)
        elif type(value) is LazyObject:
            try:
                value = value.get(key)
            except NotJson:
                return None
        else:
            return None
    return value


def items(value: Json) -> Sequence[Json]:
    """An array; empty for anything else."""
    return value if type(value) is list or type(value) is LazyArray else ()


def each(array: Iterable[Json]) -> Iterator[Json]:
    """Elements; in place of one that cannot be read, the :class:`NotJson` that says why."""
    if not isinstance(array, LazyArray):
        yield from array
        return
    for index in range(len(array)):
        try:
            yield array[index]
        except NotJson as problem:
            yield problem


def fields(value: Json) -> Mapping[str, Json]:
    """An object; empty for anything else."""
    return value if type(value) is dict or type(value) is LazyObject else {}


def string(value: Json) -> str:
    """A text; empty for ``None``; the JSON text of anything else."""
    if isinstance(value, str):
        return value
    return "" if value is None else dumps(value)


def prose(content: Json) -> str:
    """Message content: a text, or a list of parts of which those with a text are joined. An image stands as ``[image]``, sound as
    ``[audio]``."""
    if isinstance(content, str):
        return content
    if is_array(content):
        return "\n".join([_part(part) for part in content])
    return _part(content)


def _part(part: Json) -> str:
    if is_object(part):
        text = part.get("text")
        if type(text) is str:
            return text
        for key in ("text", "content"):
            if isinstance(part.get(key), str) or is_array(part.get(key)):
                return prose(part[key])
        kind = string(part.get("type"))
        for medium in ("image", "audio"):
            if medium in kind:
                return f"[{medium}]"
    return string(part)


def number(value: Json) -> float | None:
    """A number that is no truth value, not negative and finite; else ``None``."""
    return value if type(value) in (int, float) and 0 <= value < _INFINITE else None


def whole(value: Json) -> int | None:
    """A whole number as an exit status or a count is; a text of digits too; else ``None``."""
    if type(value) is int:
        return value if abs(value) < 2**63 else None
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) >= 2**63:
        return None
    return int(value) if value == int(value) else None


def dumps(value: Json) -> str:
    """Compact JSON text of any value that was read; a text that says why for one that is damaged inside or nested too deeply."""
    try:
        return orjson.dumps(value, default=_plain).decode()
    except (TypeError, ValueError):
        pass
    try:
        return json.dumps(value, default=_plain, separators=(",", ":"))
    except (ValueError, RecursionError) as problem:
        return json.dumps(f"cannot be written ({type(problem).__name__}: {problem})")


def written(value: Json) -> str:
    """:func:`dumps`, but the start of its own bytes for a large or damaged value."""
    return decoded(value.start) if isinstance(value, LazyObject | LazyArray) else dumps(value)


def _plain(value: Json) -> Json:
    if isinstance(value, LazyObject | LazyArray):
        try:
            return loads(value.raw)
        except NotJson:
            return decoded(value.raw)
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, Sequence | Iterator) else str(value)
