"""ZIP archives, also those that are cut off or packed with Zstandard."""

import importlib
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_START = b"PK\x03\x04"
_BOUNDS = (_START, b"PK\x07\x08", b"PK\x01\x02")
_LARGEST = 4 << 30
"""Bytes of an entry, unpacked: no log is larger, and what is packed to be larger is no log."""
_UNKNOWN = 0xFFFFFFFF


class NotUnpacked(ValueError):
    """An entry that cannot be unpacked; says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in an archive."""

    name: str
    method: int
    packed: memoryview

    def unpack(self) -> bytes:
        """Its bytes; of an entry that is cut off, those that are there.

        Raises:
            NotUnpacked: the method is not known here, or the bytes are damaged.
        """
        match self.method:
            case 0:
                return bytes(self.packed)
            case 8:
                return _inflated(self.packed)
            case 93:  # which zipfile does not read before Python 3.14
                return _zstandard(bytes(self.packed))
        raise NotUnpacked(f"packed with method {self.method}, which is not known here")


def entries(path: Path, data: memoryview) -> list[Entry]:
    """The entries of the archive at ``path``, whose bytes are ``data``. Of a name that stands twice the last counts."""
    try:
        with zipfile.ZipFile(path) as archive:
            found = [_at(data, i.header_offset, i.filename, i.compress_type, i.compress_size) for i in archive.infolist()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
        found = list(_scanned(data))
    return list({entry.name: entry for entry in found}.values())


def _at(data: memoryview, offset: int, name: str, method: int, size: int) -> Entry:
    header = _LOCAL.unpack_from(data, offset)
    start = offset + _LOCAL.size + header[9] + header[10]
    return Entry(name, method, data[start : start + size])


def _scanned(data: memoryview) -> Iterator[Entry]:
    """Entries found by their own headers, for an archive whose directory, at its end, is lost."""
    buffer, offset = bytes(data), 0
    while buffer[offset : offset + 4] == _START and offset + _LOCAL.size <= len(buffer):
        _, _, flags, method, _, _, _, size, _, named, extra = _LOCAL.unpack_from(buffer, offset)
        start = offset + _LOCAL.size + named + extra
        name = buffer[offset + _LOCAL.size : start - extra].decode("utf-8", "replace")
        if size == _UNKNOWN or (flags & 8 and size == 0):
            end = min((at for mark in _BOUNDS if (at := buffer.find(mark, start)) >= 0), default=len(buffer))
        else:
            end = min(start + size, len(buffer))
        yield Entry(name, method, data[start:end])
        offset = buffer.find(_START, end)
        if offset < 0:
            return


def _inflated(packed: memoryview) -> bytes:
    try:
        return _within(zlib.decompressobj(-15).decompress(packed, _LARGEST + 1))
    except zlib.error as problem:
        raise NotUnpacked(f"damaged ({problem})") from problem


def _zstandard(packed: bytes) -> bytes:
    for unpack in (_by_standard_library, _by_zstandard, _by_pyarrow):
        try:
            return _within(unpack(packed))
        except ImportError:
            continue
        except NotUnpacked:
            raise
        except Exception as problem:  # each library has errors of its own
            raise NotUnpacked(f"damaged ({problem})") from problem
    raise NotUnpacked("packed with Zstandard: Python 3.14, or the package zstandard or pyarrow, can read it")


def _by_standard_library(packed: bytes) -> Any:
    return importlib.import_module("compression.zstd").ZstdDecompressor().decompress(packed, _LARGEST + 1)


def _by_zstandard(packed: bytes) -> Any:
    return importlib.import_module("zstandard").ZstdDecompressor().decompressobj().decompress(packed)


def _by_pyarrow(packed: bytes) -> Any:
    arrow = importlib.import_module("pyarrow")
    return arrow.CompressedInputStream(arrow.BufferReader(packed), "zstd").read(_LARGEST + 1)


def _within(data: bytes) -> bytes:
    if len(data) > _LARGEST:
        raise NotUnpacked(f"more than {_LARGEST} bytes, unpacked")
    return data
