"""The lake: one Parquet file per (asset, partition), whose name says what made it.

``<asset>/<partition>.<code>-<config>-<inputs>.<digest>.<rows>[.partial].parquet``: the three parts of the key, the hash of the
content, and the number of rows are in the name, so that one listing of a folder tells what is there, what is stale and why.
Files are written under a temporary name and moved; a partial file (some rows are infrastructure failures) is never a hit.
"""

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import fsspec
from fsspec.core import url_to_fs
from trajschema.ids import digest as content_digest

if TYPE_CHECKING:
    import pyarrow as pa

ALL = "all"
"""Partition of an asset that has none."""


class CorruptPartition(Exception):
    """A stored partition cannot be read. It has been set aside, so the next run recomputes it."""


@dataclass(frozen=True)
class Key:
    """What made a partition: 8 hexadecimal digits each of its code, the configuration it read and its inputs."""

    code: str
    config: str
    inputs: str

    def __str__(self) -> str:
        return f"{self.code}-{self.config}-{self.inputs}"

    @classmethod
    def parse(cls, text: str) -> "Key":
        """The key in a file name. Raises ValueError if it is none."""
        code, config, inputs = text.split("-")
        return cls(code, config, inputs)

    def differences(self, other: "Key") -> frozenset[str]:
        """What changed from ``other`` to this key: code, configuration, input."""
        parts = (("code", self.code, other.code), ("configuration", self.config, other.config), ("input", self.inputs, other.inputs))
        return frozenset(word for word, mine, theirs in parts if mine != theirs)


@dataclass(frozen=True)
class Stored:
    """One file of the lake."""

    asset: str
    partition: str
    key: Key
    digest: str
    rows: int
    partial: bool
    path: str


@dataclass(frozen=True)
class Failure:
    """Why a partition could not be computed."""

    asset: str
    partition: str
    key: str
    error: str


class Lake:
    """Partitions under an fsspec address or a local folder. Reading is safe at any time; writing needs the lock."""

    def __init__(self, url: str) -> None:
        self.fs: fsspec.AbstractFileSystem
        self.fs, self.root = url_to_fs(url)

    def stored(self, asset: str) -> dict[str, Stored]:
        """Partition → newest file, from one listing."""
        found: dict[str, tuple[float, Stored]] = {}
        for info in self._ls(asset):
            item = _parse(asset, info["name"])
            if item is None:
                continue
            age = float(info.get("mtime") or 0)
            if item.partition not in found or age >= found[item.partition][0]:
                found[item.partition] = (age, item)
        return {partition: item for partition, (_, item) in sorted(found.items())}

    def failures(self, asset: str) -> dict[str, Failure]:
        """Partition → failure of the last try."""
        found = {}
        for info in self._ls(asset):
            if info["name"].endswith(".failed.json"):
                failure = _failure(asset, info["name"], self.fs.cat_file(info["name"]))
                found[failure.partition] = failure
        return found

    def write(
        self, asset: str, partition: str, key: Key, table: "pa.Table", *, partial: bool = False, volatile: tuple[str, ...] = ()
    ) -> Stored:
        """Store ``table``; the file that it replaces is removed once the new one is written.

        Raises:
            OSError: no room, or no right to write; nothing is left behind.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        kept = table.drop_columns([c for c in volatile if c in table.column_names])
        digest = content_digest(kept.to_pylist())[:12]
        name = f"{_stem(partition)}.{key}.{digest}.{table.num_rows}{'.partial' if partial else ''}.parquet"
        self.fs.makedirs(f"{self.root}/{asset}", exist_ok=True)
        buffer = pa.BufferOutputStream()
        pq.write_table(table, buffer, compression="zstd", write_page_checksum=True)
        path = self._put(f"{self.root}/{asset}", name, buffer.getvalue())
        self._forget(asset, partition, keep=path)
        return Stored(asset, partition, key, digest, table.num_rows, partial, path)

    def read(self, stored: Stored, columns: list[str] | None = None) -> "pa.Table":
        """The stored table, page checksums verified.

        Raises:
            CorruptPartition: the file is damaged or gone; a damaged one is renamed to ``*.corrupt`` and no longer listed.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            # Whole bytes and no thread of Arrow's, which `read_table` starts even when told not to: one that lets go of
            # Python's bytes while the interpreter ends aborts the process.
            data = pa.BufferReader(self.fs.cat_file(stored.path))
            with pq.ParquetFile(data, page_checksum_verification=True, pre_buffer=False) as file:
                return file.read(columns=columns, use_threads=False)
        except FileNotFoundError as error:
            raise CorruptPartition(f"{stored.asset}/{stored.partition}: {stored.path} is gone; run again to recompute it") from error
        except (pa.ArrowInvalid, OSError) as error:
            self._move(stored.path, stored.path + ".corrupt")
            raise CorruptPartition(
                f"{stored.asset}/{stored.partition}: {stored.path} is damaged ({error}); "
                "it is set aside as *.corrupt, run again to recompute it"
            ) from error

    def fail(self, failure: Failure) -> None:
        """Record a failure beside the partition's place."""
        self.fs.makedirs(f"{self.root}/{failure.asset}", exist_ok=True)
        self._put(f"{self.root}/{failure.asset}", f"{_stem(failure.partition)}.failed.json", json.dumps(asdict(failure)).encode())

    def note(self, asset: str, name: str) -> bytes | None:
        """What :meth:`write_note` left beside the partitions of an asset; nothing if it cannot be read."""
        try:
            return bytes(self.fs.cat_file(f"{self.root}/{asset}/{name}"))
        except OSError:
            return None

    def write_note(self, asset: str, name: str, text: str) -> None:
        """Keep a file that is no partition; its ``name`` begins with a dot."""
        self.fs.makedirs(f"{self.root}/{asset}", exist_ok=True)
        self._put(f"{self.root}/{asset}", name, text.encode())

    def drop(self, asset: str, partition: str) -> None:
        """Remove every file of a partition."""
        self._forget(asset, partition, keep=None)

    def sweep(self) -> int:
        """Remove temporary files that a killed writer left; only with the lock held. Returns how many."""
        left = [path for path in self.fs.glob(f"{self.root}/*/.*.tmp")]
        for path in left:
            self.fs.rm_file(path)
        return len(left)

    def _put(self, folder: str, name: str, data: "bytes | pa.Buffer") -> str:
        """Write under a temporary name, then move: the name either holds all of ``data`` or what it held before."""
        temporary = f"{folder}/.{uuid.uuid4().hex}.tmp"
        try:
            with self.fs.open(temporary, "wb") as file:
                file.write(data)
            self._move(temporary, f"{folder}/{name}")
        except BaseException:
            if self.fs.exists(temporary):
                self.fs.rm_file(temporary)
            raise
        return f"{folder}/{name}"

    def _forget(self, asset: str, partition: str, keep: str | None) -> None:
        for path in self.fs.glob(f"{self.root}/{asset}/{_stem(partition)}.*"):
            if path != keep and not path.endswith(".corrupt"):
                self.fs.rm_file(path)

    def _ls(self, asset: str) -> list[Mapping[str, Any]]:
        try:
            self.fs.invalidate_cache()
            return list(self.fs.ls(f"{self.root}/{asset}", detail=True))
        except FileNotFoundError:
            return []

    def _move(self, source: str, target: str) -> None:
        if isinstance(self.fs, fsspec.implementations.local.LocalFileSystem):
            os.replace(source, target)
        else:
            self.fs.mv(source, target)


def _stem(partition: str) -> str:
    """A name for files: dots part it from what follows, and a task may be called anything."""
    return quote(partition, safe="").replace(".", "%2E")


def _parse(asset: str, path: str) -> Stored | None:
    name = path.rsplit("/", 1)[-1]
    if not name.endswith(".parquet") or name.startswith("."):
        return None
    parts = name.removesuffix(".parquet").split(".")
    partial = parts[-1] == "partial"
    try:
        stem, key, digest, rows = parts[:-1] if partial else parts
        return Stored(asset, unquote(stem), Key.parse(key), digest, int(rows), partial, path)
    except ValueError:
        return None


def _failure(asset: str, path: str, text: bytes) -> Failure:
    try:
        return Failure(**json.loads(text))
    except (ValueError, TypeError):
        partition = unquote(path.rsplit("/", 1)[-1].removesuffix(".failed.json"))
        return Failure(asset, partition, "", "it failed, and the note of why cannot be read; run again")
