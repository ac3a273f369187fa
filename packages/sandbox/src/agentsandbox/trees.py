"""A folder or an archive on this machine as the tree that a box is loaded with."""

import io
import os
import stat
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

from trajschema.ids import sha256_bytes

EMPTY = bytes(1024)
"""An archive with nothing in it: its end, which is two blocks of zeros."""
_MTIME = 946684800  # 2000-01-01: older than any byte code that a run could leave behind
_PASSED_OVER = frozenset({".git", ".hg", ".svn", ".venv", "__pycache__", "node_modules"})
_GIT_TIMEOUT_S = 60


class TreeUnusable(ValueError):
    """A path holds nothing that a box could be loaded with."""


def tree_of(path: Path) -> bytes:
    """The tar archive of a folder; the content of a file, which must be a tar archive (plain or compressed).

    Of a git work tree, what git does not ignore, committed or not; of any other folder everything but version control,
    virtual environments and caches. The same files give the same bytes: sorted, no owners, one fixed time.

    Raises:
        TreeUnusable: there is neither a folder nor an archive, or a file cannot be read.
    """
    try:
        if path.is_dir():
            return _packed(path)
        if not tarfile.is_tarfile(path):
            raise TreeUnusable(f"{path} is neither a folder nor a tar archive; name one of the two")
        return path.read_bytes()
    except OSError as error:
        raise TreeUnusable(f"{error.filename or path} cannot be read: {error.strerror}; name a folder or a tar archive") from error


def name_of(tree: bytes) -> str:
    """A task id for a tree that no task describes: `tree-` and 12 hexadecimal digits of its content."""
    return f"tree-{sha256_bytes(tree)[:12]}"


def _packed(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name in sorted(_by_git(folder) or _by_walk(folder)):
            _add(tar, folder / name, name)
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:  # git lists what was deleted but not committed
        return
    info = tarfile.TarInfo(name)
    info.mtime, info.mode = _MTIME, 0o755 if mode & 0o100 else 0o644
    if stat.S_ISLNK(mode):
        info.type, info.linkname = tarfile.SYMTYPE, os.readlink(path)
        tar.addfile(info)
    elif stat.S_ISREG(mode):
        data = path.read_bytes()
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))


def _by_git(folder: Path) -> list[str]:
    """What git does not ignore below ``folder``; nothing where it is no work tree, or git is not installed."""
    command = ["git", "-C", str(folder), "ls-files", "-coz", "--exclude-standard"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_GIT_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [] if done.returncode else [os.fsdecode(name) for name in set(done.stdout.split(b"\0")) if name]


def _by_walk(folder: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        links = [name for name in folders if Path(place, name).is_symlink()]
        folders[:] = [name for name in folders if name not in _PASSED_OVER]
        for name in (*files, *links):
            yield Path(place, name).relative_to(folder).as_posix()
