"""Damage to logs: cut, flipped, of the wrong type. The same random numbers do the same damage."""

import json
import random
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from trajtests.recorder_logs import Json

NESTED = "[" * 3000 + "]" * 3000
WRONG: tuple[str, ...] = (
    "null", "true", "0", "-1", "2.5", "1e999", "NaN", "-Infinity", str(2**70), '""', '"\\ud800"', '"\\u0000"', '"a\\u2028b\\u0085c"',
    "[]", "{}", "[[]]", "[null]", '[{"a": null}]', '{"a": [1]}', '"x"', '["text", 7, null, {}]', '{"type": "text"}', NESTED,
)  # fmt: skip
"""JSON texts of what a place in a log does not expect."""
LINES: tuple[bytes, ...] = (
    b"42", b'"text"', b"[1]", b"null", b"{}", b"[]", b"{", b"\x00\x00", b"\xff\xfe\x00", b'{"type": ', b'{"a": NaN}', b'{"a": "\\ud800"}',
    b'{"type": null, "message": 3}', b'{"role": "assistant"}', NESTED.encode(), b"x" * 100_000, b'{"a": "' + b"y" * 100_000 + b'"}',
)  # fmt: skip
"""Lines that are part of no log."""


def flipped(data: bytes, rng: random.Random) -> bytes:
    """A few bytes changed."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def nulled(data: bytes, rng: random.Random) -> bytes:
    """A stretch of NUL bytes, as an interrupted write leaves it."""
    start = rng.randrange(len(data))
    stop = min(len(data), start + rng.randint(1, 200))
    return data[:start] + b"\0" * (stop - start) + data[stop:]


def without(data: bytes, rng: random.Random) -> bytes:
    """A stretch missing."""
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randint(1, 300) :]


def twice(data: bytes, rng: random.Random) -> bytes:
    """A stretch standing twice."""
    start = rng.randrange(len(data))
    stop = start + rng.randint(1, 300)
    return data[:stop] + data[start:stop] + data[stop:]


def cut(data: bytes, rng: random.Random) -> bytes:
    """The end missing."""
    return data[: rng.randrange(len(data))]


def mistyped(data: bytes, rng: random.Random) -> bytes:
    """A value of the JSON tree of a document, or of a line, replaced by another that has no business there."""
    parts = [data] if _whole(data) else data.split(b"\n")
    at = rng.choice([i for i, part in enumerate(parts) if part.strip()])
    try:
        tree = json.loads(parts[at])
    except (ValueError, RecursionError):
        return flipped(data, rng)
    mark = "a place that is written over"
    spots = list(places(tree))
    holder, key = rng.choice(spots) if spots else ([tree], 0)
    holder[key] = mark
    text = json.dumps(tree if spots else mark)
    parts[at] = text.replace(json.dumps(mark), rng.choice(WRONG)).encode()
    return b"\n".join(parts)


def places(tree: Json) -> Iterator[tuple[Any, Any]]:
    """Every container of a tree with each of its keys."""
    pairs: list[tuple[Any, Any]] = list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree)) if isinstance(tree, list) else []
    for key, value in pairs:
        yield tree, key
        yield from places(value)


def _whole(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


DAMAGE: tuple[Callable[[bytes, random.Random], bytes], ...] = (flipped, nulled, without, twice, cut, mistyped, mistyped, mistyped, mistyped)
"""As often as they are drawn."""


def damaged(original: Path, target: Path, rng: random.Random) -> Path:
    """A copy of a log with one to three damages, in one of its files if it is a folder, inside or outside of a ZIP."""
    if original.is_dir():
        shutil.copytree(original, target)
        victim = rng.choice(sorted(p for p in target.rglob("*") if p.is_file()))
        victim.write_bytes(_damage(victim.read_bytes(), rng))
    elif zipfile.is_zipfile(original) and rng.random() < 0.7:
        with zipfile.ZipFile(original) as old, zipfile.ZipFile(target, "w") as new:
            names = old.namelist()
            victim_name = rng.choice(names)
            for name in names:
                new.writestr(name, _damage(old.read(name), rng) if name == victim_name else old.read(name))
    else:
        target.write_bytes(_damage(original.read_bytes(), rng))
    return target


def _damage(data: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.choice((1, 1, 2, 3))):
        if data:
            data = rng.choice(DAMAGE)(data, rng)
    return data
