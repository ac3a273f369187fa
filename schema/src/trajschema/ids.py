"""Content ids: the same content has the same id on every machine."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel


def canonical_json(value: Any) -> bytes:
    """``value`` as UTF-8 JSON with sorted keys and no spaces.

    Models are dumped in JSON mode first. Lone surrogates survive as escapes, so any Python string has an id.

    Raises:
        TypeError: ``value`` holds something that JSON has no form for.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_dump).encode()


def _dump(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"no canonical JSON form for {type(value).__name__}")


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON of ``value``: 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def content_id(value: Any, length: int = 16) -> str:
    """The first ``length`` hexadecimal digits of :func:`digest` (16 digits: 64 bits)."""
    return digest(value)[:length]


def sha256_bytes(data: bytes) -> str:
    """SHA-256 of raw bytes: 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
