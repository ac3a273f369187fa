"""Put a folder back exactly as it was. What it was is kept in the memory of the server, where no other process reaches.

Neither times nor inode numbers say whether a file changed: a write through a shared mapping changes none of them on a
memory file system. So every byte is compared. Nothing of the agent may run meanwhile.
"""

from __future__ import annotations

import os
import stat

from agentsandbox.server.archive import remove
from agentsandbox.server.tree import (
    FILE,
    FOLDER,
    LINK,
    NAME,
    SPECIAL,
    Attributes,
    Content,
    Entries,
    Entry,
    Oversize,
    attributes_of,
    hash_file,
    open_to_read,
    read_file,
    read_whole,
    scan,
    tree_hash,
)

_MASKED = 0o7022  # bits that a new file does not get from open(2) under the server's umask
_LARGE = 1 << 20  # bytes; a larger file is hashed first, and read whole only if its content is not held yet


class TreeState:
    """A frozen tree with its contents. Special files are no part of it."""

    def __init__(self, entries: Entries) -> None:
        self.entries = {path: e for path, e in entries.items() if e.kind != SPECIAL}
        self._hash = ""

    @property
    def tree_hash(self) -> str:
        """See :mod:`agentsandbox.server.tree`."""
        self._hash = self._hash or tree_hash(self.entries)
        return self._hash


class TreeStates:
    """The snapshots of one folder. Equal contents are kept once; together they may hold ``limit`` bytes."""

    def __init__(self, folder: str, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._held: dict[bytes, Content] = {}
        self._used = 0

    def take(self) -> TreeState:
        """The folder as it is now.

        Raises:
            Oversize: the contents do not fit, or a path is too long.
        """
        held, used = dict(self._held), self._used

        def read(path: bytes, size: int) -> Content:
            nonlocal used
            digest = hash_file(path) if size > _LARGE else b""
            if digest in held:
                return held[digest]
            content = Content(read_file(path, size), digest) if used + size <= self._limit else None
            if content and content.digest in held:
                return held[content.digest]
            used += size
            if content is None or used > self._limit:
                raise Oversize(self._refusal())
            held[content.digest] = content
            return content

        snapshot = TreeState(scan(self._folder, read))
        self._held, self._used = held, used
        return snapshot

    def clear(self) -> None:
        """Forget all contents."""
        self._held, self._used = {}, 0

    def _refusal(self) -> str:
        return f"snapshots may hold {self._limit >> 20} MiB of this box's memory, and the contents of the tree exceed that"


def put_back(folder: str, entries: Entries) -> None:
    """Make ``folder`` hold ``entries`` and nothing else.

    First everything that differs goes, so that there is space; then it is written anew; then folders get modes and times.

    Raises:
        OSError: something cannot be removed or written.
    """
    if not _is_folder(os.fsencode(folder)):
        remove(os.fsencode(folder))
        os.mkdir(folder)
    work = _PutBack(os.fsencode(folder) + b"/", entries)
    work.remove_what_differs()
    work.write_what_is_missing()
    work.settle_folders()


class _PutBack:
    """One run of :func:`put_back`. ``top`` ends with a slash."""

    def __init__(self, top: bytes, entries: Entries) -> None:
        self._top = top
        self._entries = entries
        self._missing: dict[bytes, Entry] = {}
        """What has to be made anew, parents first."""
        self._unsettled: set[bytes] = set()
        """Folders whose mode, time or attributes are not as they were, or will not be."""
        self._shared: dict[tuple[int, int], bytes] = {}
        """Inode of each file with several names → the name seen first."""
        self._owner = (os.geteuid(), os.getegid())

    def remove_what_differs(self) -> None:
        children = self._children()
        for path, e in self._entries.items():
            gone = path.rpartition(b"/")[0] in self._missing
            if gone:
                same = False
            elif e.kind == FOLDER:
                same = self._is_same_folder(path, e)
                if same:
                    self._remove_others(path, children[path])
            elif e.kind == FILE:
                same = self._is_same_file(path, e)
            else:
                same = self._is_same_name(path, e)
            if not same:
                self._missing[path] = e
                self._unsettled.add(path.rpartition(b"/")[0])
                if e.kind == FOLDER:
                    self._unsettled.add(path)
                if not gone:
                    remove(self._top + path)

    def write_what_is_missing(self) -> None:
        for path, e in self._missing.items():
            write(self._top, path, e)

    def settle_folders(self) -> None:
        """From the inside out, as each change of a folder changes its time and needs its parents open."""
        for path in sorted(self._unsettled, reverse=True):
            e = self._entries[path]
            full = self._top + path
            _set_attributes(full, e.attributes)
            os.chmod(full, e.mode)
            _set_time(full, e.mtime_ns)

    def _children(self) -> dict[bytes, set[bytes]]:
        found: dict[bytes, set[bytes]] = {path: set() for path, e in self._entries.items() if e.kind == FOLDER}
        for path in self._entries:
            if path:
                parent, _, name = path.rpartition(b"/")
                found[parent].add(name)
        return found

    def _is_same_folder(self, path: bytes, e: Entry) -> bool:
        full = self._top + path
        status = _is_folder(full)
        if status is None:
            return False
        if stat.S_IMODE(status.st_mode) != e.mode or e.mode & 0o700 != 0o700:
            self._unsettled.add(path)
        if status.st_mtime_ns != e.mtime_ns or attributes_of(full) != e.attributes:
            self._unsettled.add(path)
        return True

    def _remove_others(self, path: bytes, wanted: set[bytes]) -> None:
        full = self._top + path
        for name in os.listdir(full):
            if name not in wanted:
                remove(full + b"/" + name)
                self._unsettled.add(path)

    def _is_same_file(self, path: bytes, e: Entry) -> bool:
        """Whether a file is as it was; time and mode are put right if all else is."""
        assert isinstance(e.payload, Content)
        full, data = self._top + path, e.payload.data
        try:
            fd = open_to_read(full)
        except OSError:
            return False
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode) or status.st_size != len(data) or (status.st_uid, status.st_gid) != self._owner:
                return False
            inode = (status.st_dev, status.st_ino)
            if status.st_nlink > 1 and inode in self._shared:
                return False
            if attributes_of(fd) != e.attributes or read_whole(fd, len(data)) != data:
                return False
            if stat.S_IMODE(status.st_mode) != e.mode:
                os.chmod(fd, e.mode)
            if status.st_mtime_ns != e.mtime_ns:
                os.utime(fd, ns=(e.mtime_ns, e.mtime_ns))
            if status.st_nlink > 1:
                self._shared[inode] = path
            return True
        finally:
            os.close(fd)

    def _is_same_name(self, path: bytes, e: Entry) -> bool:
        """Whether a link, or a further name of a file, is as it was; the time of a link is put right."""
        full = self._top + path
        try:
            status = os.lstat(full)
        except OSError:
            return False
        if e.kind == NAME:
            return self._shared.get((status.st_dev, status.st_ino)) == e.payload
        if not stat.S_ISLNK(status.st_mode) or status.st_nlink > 1 or (status.st_uid, status.st_gid) != self._owner:
            return False
        if os.readlink(full) != e.payload:
            return False
        if status.st_mtime_ns != e.mtime_ns:
            _set_time(full, e.mtime_ns)
        return True


def _is_folder(full: bytes) -> os.stat_result | None:
    """The status of a folder of ours; it can be read and written from here on. Nothing if there is none."""
    try:
        status = os.lstat(full)
    except OSError:
        return None
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        return None
    if status.st_mode & 0o700 != 0o700:
        os.chmod(full, 0o700)
    return status


def write(top: bytes, path: bytes, e: Entry) -> None:
    """Make one entry where nothing is. ``top`` ends with a slash."""
    full = top + path
    if e.kind == FOLDER:
        os.mkdir(full, 0o700)
    elif e.kind == NAME:
        assert isinstance(e.payload, bytes)
        os.link(top + e.payload, full, follow_symlinks=False)
    elif e.kind == LINK:
        assert isinstance(e.payload, bytes)
        os.symlink(e.payload, full)
        _set_time(full, e.mtime_ns)
    else:
        assert isinstance(e.payload, Content)
        plain = not e.mode & _MASKED
        fd = os.open(full, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, e.mode if plain else 0o600)
        try:
            view = memoryview(e.payload.data)
            while view:
                view = view[os.write(fd, view) :]
            _set_attributes(fd, e.attributes)
            if not plain:
                os.chmod(fd, e.mode)
            os.utime(fd, ns=(e.mtime_ns, e.mtime_ns))
        finally:
            os.close(fd)


def _set_attributes(place: bytes | int, wanted: Attributes) -> None:
    present = attributes_of(place)
    if present == wanted:
        return
    for name, _ in present:
        os.removexattr(place, name)
    for name, value in wanted:
        os.setxattr(place, name, value)


def _set_time(full: bytes, mtime_ns: int) -> None:
    os.utime(full, ns=(mtime_ns, mtime_ns), follow_symlinks=False)
