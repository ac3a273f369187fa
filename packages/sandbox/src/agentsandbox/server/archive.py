"""Fill a folder from a tar archive, and empty it again."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import tarfile

from agentsandbox.server.settings import BadTree


def empty(folder: str, keep_files: bool = False) -> None:
    """Remove everything in ``folder``, or all folders in it; make it if it is not there."""
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if os.path.isdir(path) and not os.path.islink(path):
            remove_tree(path)
        elif not keep_files:
            os.unlink(path)


def remove_tree(path: str) -> None:
    """Delete a folder, also one whose permissions forbid it."""
    os.chmod(path, 0o700)
    for folder, folders, _ in os.walk(path):
        for name in folders:
            inner = os.path.join(folder, name)
            if not os.path.islink(inner):
                with contextlib.suppress(OSError):
                    os.chmod(inner, 0o700)
    shutil.rmtree(path)


def unpack(archive: bytes, folder: str) -> None:
    """Unpack a tar archive (plain or compressed) without owners, special files or ``.git``.

    Raises:
        BadTree: no tar archive, or a path or link that leads out of ``folder``.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            for member in tar:
                _unpack_one(tar, member, folder)
    except (tarfile.TarError, EOFError) as e:
        raise BadTree(f"the tree is no tar archive that can be read: {e}") from e


def _unpack_one(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: str) -> None:
    name = os.path.normpath(member.name)
    if name.startswith(("/", "../")) or name == "..":
        raise BadTree(f"the archive names {member.name!r}, outside of itself")
    if name == "." or ".git" in name.split("/"):
        return
    path = os.path.join(folder, name)
    if os.path.realpath(os.path.dirname(path)) != os.path.join(os.path.realpath(folder), os.path.dirname(name)).rstrip("/"):
        raise BadTree(f"the archive writes {member.name!r} through a link")
    if member.isdir():
        os.makedirs(path, exist_ok=True)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if member.issym():
        os.symlink(member.linkname, path)
    elif member.isreg() or member.islnk():
        source = tar.extractfile(member)
        if source is None:
            raise BadTree(f"the archive has no content for {member.name!r}")
        with open(path, "wb") as f:
            shutil.copyfileobj(source, f)
        os.chmod(path, 0o755 if member.mode & 0o100 else 0o644)
