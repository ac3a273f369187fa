"""Copy files into the workdir and out of it, never through a link and never anything else. Nothing of the agent runs meanwhile."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import tarfile
from collections.abc import Iterator
from decimal import Decimal

from agentsandbox.server import tree
from agentsandbox.server.archive import remove


class Refused(Exception):
    """A copy that would leave the workdir, is too large, or meets what is no file or folder."""


def copy_in(root: str, path: str, data: bytes, archive: bool, limit: int) -> None:
    """Write ``data`` as the file ``path``, or unpack it as a tar archive into the folder ``path``.

    Raises:
        Refused: see the class. Of an archive, what comes before the refused member may be there.
    """
    if len(data) > limit:
        raise Refused(f"{len(data)} bytes are more than the {limit} that may be copied")
    with _refusals(path):
        if archive:
            _unpack_all(root, path, data, limit)
        else:
            _write(root, _inside(path), data, 0o644)


def _unpack_all(root: str, path: str, data: bytes, limit: int) -> None:
    left = limit
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            for member in tar:
                left -= member.size
                if left < 0:
                    raise Refused(f"the archive holds more than the {limit} bytes that may be copied")
                _unpack(root, _inside(path), tar, member)
    except (tarfile.TarError, EOFError) as e:
        raise Refused(f"the archive cannot be read: {e}") from e


def copy_out(root: str, path: str, limit: int) -> bytes:
    """Content of the file ``path``, or a tar archive of the folder: links as links, special files left out.

    Raises:
        Refused: see the class.
    """
    with _refusals(path):
        full = _real(root, _inside(path))
        if os.path.isdir(full):
            return _packed(full, limit)
        if not stat.S_ISREG(os.lstat(full).st_mode):
            raise Refused(f"{path} is no file and no folder")
        return _read(full, limit)


@contextlib.contextmanager
def _refusals(path: str) -> Iterator[None]:
    try:
        yield
    except tree.Oversize as e:
        raise Refused(f"{path}: {e}") from e
    except OSError as e:
        raise Refused(f"{path}: {e.strerror or e}") from e


def _inside(path: str) -> bytes:
    """A path below the workdir, relative, as bytes; empty for the workdir.

    Raises:
        Refused: it is absolute, or goes up.
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or "\0" in path:
        raise Refused(f"{path!r} does not name a place inside of the workdir")
    return os.fsencode("/".join(parts))


def _real(root: str, inner: bytes, make: bool = False) -> bytes:
    """Where ``inner`` lies; every part that is there must be a folder but the last, which may be a file.

    Raises:
        Refused: a part is a link, or missing and not to be made.
    """
    full = os.fsencode(root)
    parts = inner.split(b"/") if inner else []
    for i, part in enumerate(parts):
        full += b"/" + part
        mode = os.lstat(full).st_mode if os.path.lexists(full) else None
        if mode is None and make:
            if i < len(parts) - 1:
                os.mkdir(full)
        elif mode is None:
            raise Refused(f"{os.fsdecode(inner)}: no such file")
        elif stat.S_ISLNK(mode):
            raise Refused(f"{os.fsdecode(inner)} leads through a link")
        elif i < len(parts) - 1 and not stat.S_ISDIR(mode):
            raise Refused(f"{os.fsdecode(inner)}: a part of the path is no folder")
    return full


def _write(root: str, inner: bytes, data: bytes, mode: int) -> bytes:
    full = _real(root, inner, make=True)
    if os.path.lexists(full):
        if not stat.S_ISREG(os.lstat(full).st_mode):
            raise Refused(f"{os.fsdecode(inner)} is there already, and is no file")
        remove(full)  # a new file: another name of the old one keeps its content
    with open(full, "xb") as f:
        f.write(data)
    os.chmod(full, mode & 0o777)
    return full


def _unpack(root: str, folder: bytes, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    inner = b"/".join(part for part in (folder, _inside(member.name)) if part)
    if member.isdir():
        full = _real(root, inner, make=True)
        if not os.path.lexists(full):
            os.mkdir(full)
        if not os.path.isdir(full):
            raise Refused(f"{os.fsdecode(inner)} is there already, and is no folder")
    elif member.issym():
        _link(root, inner, member.linkname)
    elif member.islnk():
        source = _real(root, b"/".join(part for part in (folder, _inside(member.linkname)) if part))
        if not stat.S_ISREG(os.lstat(source).st_mode):
            raise Refused(f"the archive links {member.name!r} to what is no file")
        full = _real(root, inner, make=True)
        remove(full)
        os.link(source, full)
    else:
        source_file = tar.extractfile(member) if member.isreg() else None
        if source_file is None:
            raise Refused(f"the archive holds {member.name!r}, which is no file, folder or link")
        full = _write(root, inner, source_file.read(), member.mode)
        os.utime(full, (member.mtime, member.mtime))


def _link(root: str, inner: bytes, target: str) -> None:
    place = os.path.normpath(os.path.join(os.path.dirname(os.fsdecode(inner)), target))
    if place.startswith(("/", "../")) or place == "..":
        raise Refused(f"the archive links {os.fsdecode(inner)} to {target!r}, outside of the workdir")
    full = _real(root, inner, make=True)
    if os.path.lexists(full):
        raise Refused(f"{os.fsdecode(inner)} is there already, and is no link")
    os.symlink(target, full)


def _read(full: bytes, limit: int) -> bytes:
    fd = tree.open_to_read(full)
    with open(fd, "rb") as f:
        data = f.read(limit + 1)
    if len(data) > limit:
        raise Refused(f"{os.fsdecode(full)} has more than the {limit} bytes that may be copied")
    return data


def _packed(top: bytes, limit: int) -> bytes:
    """A tar archive that holds all that the tree hash covers but special files."""
    left = limit

    def read(path: bytes, size: int) -> tree.Content:
        nonlocal left
        content = tree.Content(_read(path, left)) if size <= left else None
        if content is None:
            raise Refused(f"the folder holds more than the {limit} bytes that may be copied")
        left -= len(content.data)
        return content

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, e in tree.scan(os.fsdecode(top), read).items():
            if e.kind != tree.SPECIAL:
                _add(tar, path, e)
    return out.getvalue()


def _add(tar: tarfile.TarFile, path: bytes, e: tree.Entry) -> None:
    info = tarfile.TarInfo(os.fsdecode(path) or ".")
    info.mode = e.mode
    info.pax_headers = {"mtime": format(Decimal(e.mtime_ns).scaleb(-9), "f")}
    info.pax_headers.update({tree.XATTR + name: value.decode("utf-8", "surrogateescape") for name, value in e.attributes})
    data = b""
    if e.kind == tree.FOLDER:
        info.type = tarfile.DIRTYPE
    elif e.kind == tree.FILE:
        assert isinstance(e.payload, tree.Content)
        data = e.payload.data
        info.size = len(data)
    else:
        assert isinstance(e.payload, bytes)
        info.type = tarfile.SYMTYPE if e.kind == tree.LINK else tarfile.LNKTYPE
        info.linkname = os.fsdecode(e.payload)
    tar.addfile(info, io.BytesIO(data))
