"""Source archives and trees. A tree is a mapping from path to content; its tar form is the same bytes everywhere."""

import io
import tarfile
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from agenttasks.libraries.library import Library

Tree = Mapping[str, bytes]

_MTIME = 946684800  # 2000-01-01: older than any byte code that a run could leave behind


def read_sdist(data: bytes) -> dict[str, bytes]:
    """Regular files of a ``.tar.gz`` source archive, without its top folder.

    Raises:
        tarfile.TarError: it is not such an archive.
    """
    tree = {}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:*") as tar:
        for member in tar:
            parts = PurePosixPath(member.name).parts
            if not member.isfile() or len(parts) < 2 or ".." in parts or parts[0] == "/":
                continue
            stream = tar.extractfile(member)
            if stream is not None:
                tree["/".join(parts[1:])] = stream.read()
    return tree


def needed(tree: Tree, library: Library) -> dict[str, bytes]:
    """The part of an unpacked source archive that tasks are made of: sources, tests, licence, and a test configuration."""
    kept = {path: data for path, data in tree.items() if _wanted(path, library)}
    kept["pytest.ini"] = library.pytest_ini.encode()
    return dict(sorted(kept.items()))


def pack(tree: Tree) -> bytes:
    """The tar archive of a tree: sorted, no owner, one fixed time, mode 0644."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path, data in sorted(tree.items()):
            info = tarfile.TarInfo(path)
            info.size, info.mtime, info.mode = len(data), _MTIME, 0o644
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """The tree of a tar archive written by :func:`pack`."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
        streams = {member.name: tar.extractfile(member) for member in tar.getmembers() if member.isfile()}
        return {name: stream.read() for name, stream in streams.items() if stream is not None}


def source_files(tree: Tree, library: Library) -> dict[str, str]:
    """Python files of the library that may get a fault, as text, in path order. Files that are no UTF-8 are left out."""
    found = {}
    for path, data in sorted(tree.items()):
        if path.endswith(".py") and _under(path, library.sources) and not _under(path, library.tests):
            try:
                found[path] = data.decode("utf-8")
            except UnicodeDecodeError:
                continue
    return found


def _wanted(path: str, library: Library) -> bool:
    if path.endswith((".pyc", ".egg-info")) or ".egg-info/" in path or "__pycache__/" in path:
        return False
    if any(fnmatchcase(path, pattern) for pattern in library.exclude):
        return False
    return _under(path, (*library.sources, *library.tests, *library.also))


def _under(path: str, roots: tuple[str, ...]) -> bool:
    return any(path == root or path.startswith(f"{root}/") for root in roots)
