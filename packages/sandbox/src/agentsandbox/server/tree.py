"""What a folder holds, entry by entry, and one hash of it. Runs in the box and on the host alike.

The tree hash is the SHA-256 of the entries in order of path (as bytes), each as six fields with a zero byte after each::

    kind  mode  mtime  path  content  attributes

``kind`` is ``d`` folder, ``f`` file, ``h`` a further name of a file, ``l`` symbolic link, ``s`` anything else; ``mode`` the
permission bits in octal (``777`` for a link); ``mtime`` nanoseconds since 1970 in decimal; ``path`` relative to the folder,
empty for the folder itself; ``content`` the SHA-256 in hexadecimal for a file, the first of its paths for ``h``, the target
for a link, else empty; ``attributes`` the extended attributes as ``name=hexadecimal value`` in order, joined by commas.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from typing import NamedTuple, Union

FOLDER, FILE, NAME, LINK, SPECIAL = b"d", b"f", b"h", b"l", b"s"
PATH_MAX = 4000
"""Bytes of the longest path that can be scanned; the kernel takes no longer one in a call."""
_PIECE = 1 << 20
XATTR = "SCHILY.xattr."

Attributes = tuple[tuple[str, bytes], ...]


class Oversize(Exception):
    """A tree is larger or deeper than what was asked of it can bear."""


class Content:
    """The bytes of a file, hashed when first asked."""

    __slots__ = ("_digest", "data")

    def __init__(self, data: bytes, digest: bytes = b"") -> None:
        self.data = data
        self._digest = digest

    @property
    def digest(self) -> bytes:
        """SHA-256, hexadecimal."""
        self._digest = self._digest or hashlib.sha256(self.data).hexdigest().encode()
        return self._digest


class Digest(NamedTuple):
    """The hash of a file that was not kept."""

    digest: bytes


class Entry(NamedTuple):
    """One name in a tree."""

    kind: bytes
    mode: int
    mtime_ns: int
    payload: Union[bytes, Content, Digest] = b""  # noqa: UP007  (evaluated on 3.9)
    attributes: Attributes = ()


Entries = dict[bytes, Entry]
"""Path → entry, in order of path."""


def tree_hash(entries: Entries) -> str:
    """Hash of a tree by the formula above, hexadecimal."""
    whole = hashlib.sha256()
    for path, e in entries.items():
        content = e.payload if isinstance(e.payload, bytes) else e.payload.digest
        attributes = b",".join(b"%s=%s" % (n.encode("utf-8", "surrogateescape"), v.hex().encode()) for n, v in e.attributes)
        whole.update(b"%s\0%o\0%d\0%s\0%s\0%s\0" % (e.kind, e.mode, e.mtime_ns, path, content, attributes))
    return whole.hexdigest()


def scan(root: str, read: Callable[[bytes, int], Content | Digest]) -> Entries:
    """The entries of a folder of ours, whatever their modes forbid. ``read(path, size)`` gives the content of a file.

    Raises:
        Oversize: a path is longer than ``PATH_MAX``.
    """
    top = os.fsencode(root)
    locked: dict[bytes, int] = {}
    try:
        return _scanned(top, sorted(below(top, locked)), locked, read)
    finally:
        for path, mode in reversed(list(locked.items())):
            os.chmod(top + b"/" + path, mode)


def _scanned(top: bytes, paths: list[bytes], locked: dict[bytes, int], read: Callable[[bytes, int], Content | Digest]) -> Entries:
    found: Entries = {}
    names: dict[tuple[int, int], bytes] = {}
    for path in paths:
        full = top + b"/" + path
        status = os.lstat(full)
        kind = _kind(status.st_mode)
        payload: Union[bytes, Content, Digest] = b""  # noqa: UP007  (evaluated on 3.9)
        first = names.setdefault((status.st_dev, status.st_ino), path) if status.st_nlink > 1 and kind == FILE else path
        if first != path:
            kind, payload = NAME, first
        elif kind == LINK:
            payload = os.readlink(full)
        elif kind == FILE:
            payload = read(full, status.st_size)
        mode = locked.get(path, stat.S_IMODE(status.st_mode))
        found[path] = Entry(kind, mode, status.st_mtime_ns, payload, attributes_of(full) if kind in (FILE, FOLDER) else ())
    return found


def below(top: bytes, locked: dict[bytes, int]) -> list[bytes]:
    """Every path below ``top``, and that of itself. Folders that forbid looking are opened, and noted in ``locked`` with their modes.

    Raises:
        Oversize: a path is longer than ``PATH_MAX``.
    """
    longest = PATH_MAX - len(top) - 1
    found, todo = [b""], [b""]
    while todo:
        folder = todo.pop()
        full = top + b"/" + folder if folder else top
        mode = stat.S_IMODE(os.lstat(full).st_mode)
        if mode & 0o500 != 0o500:
            locked[folder] = mode
            os.chmod(full, 0o700)
        start = folder + b"/" if folder else b""
        with os.scandir(full) as entries:
            for entry in entries:
                path = start + entry.name
                if len(path) > longest:
                    raise Oversize(f"a path is longer than {PATH_MAX} bytes")
                found.append(path)
                if entry.is_dir(follow_symlinks=False):
                    todo.append(path)
    return found


def hash_folder(root: str, limit: int) -> str:
    """Tree hash of a folder as it is now, read anew.

    Raises:
        Oversize: its files have more than ``limit`` bytes, or a path is too long.
    """
    total = 0

    def read(path: bytes, size: int) -> Digest:
        nonlocal total
        total += size
        if total > limit:
            raise Oversize(f"the files of the tree have more than {limit} bytes")
        return Digest(hash_file(path))

    return tree_hash(scan(root, read))


def attributes_of(place: bytes | int) -> Attributes:
    """Extended attributes of a file or folder of ours, named or open; none where the file system has none."""
    try:
        names = os.listxattr(place)
    except OSError as e:
        if e.errno == errno.ENOTSUP:
            return ()
        raise
    if not names:
        return ()
    with readable(place):
        return tuple((name, os.getxattr(place, name)) for name in sorted(names))


@contextlib.contextmanager
def readable(place: bytes | int) -> Iterator[None]:
    """While it lasts, the mode of a file or folder of ours (no link) lets us read it."""
    mode = stat.S_IMODE(os.stat(place).st_mode)
    if mode & 0o400:
        yield
        return
    os.chmod(place, mode | 0o400)
    try:
        yield
    finally:
        os.chmod(place, mode)


def open_to_read(path: bytes) -> int:
    """A descriptor of a file of ours, also of one whose mode forbids reading. Never waits, never follows a link."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return os.open(path, flags)
    except PermissionError:
        with readable(path):
            return os.open(path, flags)


def read_file(path: bytes, size: int) -> bytes:
    """All bytes of a regular file of ours that has about ``size`` of them."""
    fd = open_to_read(path)
    try:
        return read_whole(fd, size)
    finally:
        os.close(fd)


def read_whole(fd: int, size: int) -> bytes:
    """The bytes of an open file to its end; one call if there are ``size``."""
    data = os.read(fd, size + 1)
    if len(data) == size:
        return data
    parts = [data]
    while parts[-1]:
        parts.append(os.read(fd, _PIECE))
    return b"".join(parts)


def hash_file(path: bytes) -> bytes:
    """SHA-256 of a regular file of ours, hexadecimal, without holding it whole."""
    whole = hashlib.sha256()
    fd = open_to_read(path)
    try:
        while piece := os.read(fd, _PIECE):
            whole.update(piece)
    finally:
        os.close(fd)
    return whole.hexdigest().encode()


def _kind(mode: int) -> bytes:
    return FILE if stat.S_ISREG(mode) else FOLDER if stat.S_ISDIR(mode) else LINK if stat.S_ISLNK(mode) else SPECIAL
