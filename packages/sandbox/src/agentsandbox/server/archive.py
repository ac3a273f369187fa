"""Fill a folder from a tar archive, and empty it again."""

from __future__ import annotations

import io
import os
import shutil
import stat
import tarfile
import zlib

from agentsandbox.server.settings import BadTree

_PIECE = 1 << 20


def empty(folder: str, keep_files: bool = False) -> None:
    """Remove everything in ``folder``, or all folders in it; make it if it is not there, and open it to us if it is ours and closed."""
    if os.path.islink(folder) or not os.path.isdir(folder):
        remove(os.fsencode(folder))
        os.makedirs(folder)
        return
    status = os.stat(folder)
    if status.st_mode & 0o700 != 0o700 and status.st_uid == os.geteuid():
        os.chmod(folder, 0o700)
    with os.scandir(os.fsencode(folder)) as found:
        doomed = [e.path for e in found if not keep_files or e.is_dir(follow_symlinks=False)]
    for path in doomed:
        remove(path)


def remove(path: bytes) -> None:
    """Delete a file, or a folder with all that is in it: however deep it is, and whatever its modes forbid.

    Inner folders are moved up beside ``path`` before they are emptied, so no path grows longer than the kernel takes.
    """
    try:
        is_folder = stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return
    if not is_folder:
        os.unlink(path)
        return
    moved = path.rpartition(b"/")[0] + b"/.going-" + os.urandom(8).hex().encode()
    todo, count = [path], 0
    while todo:
        folder = todo.pop()
        os.chmod(folder, 0o700)
        with os.scandir(folder) as found:
            inner = [(e.path, e.is_dir(follow_symlinks=False)) for e in found]
        for full, is_folder in inner:
            if not is_folder:
                os.unlink(full)
                continue
            os.chmod(full, 0o700)
            count += 1
            todo.append(b"%s-%d" % (moved, count))
            os.rename(full, todo[-1])
        os.rmdir(folder)


def unpack(archive: bytes, folder: str) -> None:
    """Unpack a tar archive (plain or compressed) into an empty folder, without owners, special files or ``.git``.

    Raises:
        BadTree: no tar archive, or a path or link that leads out of ``folder``.
    """
    known = {""}
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            for member in tar:
                _unpack_one(tar, member, folder, known)
    except (tarfile.TarError, EOFError, KeyError, zlib.error) as e:
        raise BadTree(f"the tree is no tar archive that can be read: {e}") from e


def _unpack_one(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: str, known: set[str]) -> None:
    """Unpack one member. ``known`` holds the folders, relative, that are there and are no links."""
    name = os.path.normpath(member.name)
    if name.startswith(("/", "../")) or name == "..":
        raise BadTree(f"the archive names {member.name!r}, outside of itself")
    if name == "." or ".git" in name.split("/"):
        return
    _make_folders(name if member.isdir() else os.path.dirname(name), folder, known)
    path = os.path.join(folder, name)
    if member.issym():
        _make_way(path, name)
        os.symlink(member.linkname, path)
    elif member.isreg() or member.islnk():
        source = tar.extractfile(member)
        if source is None:
            raise BadTree(f"the archive has no content for {member.name!r}")
        _make_way(path, name)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o755 if member.mode & 0o100 else 0o644)
        with open(fd, "wb", buffering=0) as f:
            shutil.copyfileobj(source, f, _PIECE)


def _make_folders(name: str, top: str, known: set[str]) -> None:
    missing = []
    while name not in known:
        missing.append(name)
        name = os.path.dirname(name)
    for folder in reversed(missing):
        path = os.path.join(top, folder)
        if os.path.islink(path):
            raise BadTree(f"the archive writes {folder!r} through a link")
        if not os.path.isdir(path):
            _make_way(path, folder)
            os.mkdir(path)
        known.add(folder)


def _make_way(path: str, name: str) -> None:
    """A later member of the same name replaces a file or link, as tar has it."""
    if os.path.isdir(path) and not os.path.islink(path):
        raise BadTree(f"the archive has both a folder and something else at {name!r}")
    if os.path.lexists(path):
        os.unlink(path)
