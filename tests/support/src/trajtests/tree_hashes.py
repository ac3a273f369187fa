"""The tree hash of an archive, made apart from the code that hashes folders."""

import io
import os
import tarfile
from decimal import Decimal

from agentsandbox.server.tree import FILE, FOLDER, LINK, NAME, SPECIAL, XATTR, Content, Entries, Entry, tree_hash


def hash_tar(archive: bytes) -> str:
    """Tree hash of what a tar archive of a whole tree holds, such as ``copy_out(".")`` gives.

    Raises:
        tarfile.TarError: no archive that can be read.
    """
    found: Entries = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            found[_path_of(member.name)] = _entry_of(tar, member)
    return tree_hash(dict(sorted(found.items())))


def _path_of(name: str) -> bytes:
    return b"" if os.path.normpath(name) == "." else os.fsencode(os.path.normpath(name))


def _entry_of(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    headers = member.pax_headers
    attributes = tuple(
        (name[len(XATTR) :], value.encode("utf-8", "surrogateescape")) for name, value in sorted(headers.items()) if name.startswith(XATTR)
    )
    mtime_ns = int(Decimal(headers.get("mtime", int(member.mtime))).scaleb(9))
    if member.isdir():
        return Entry(FOLDER, member.mode, mtime_ns, b"", attributes)
    if member.issym():
        return Entry(LINK, 0o777, mtime_ns, os.fsencode(member.linkname), attributes)
    if member.islnk():
        return Entry(NAME, member.mode, mtime_ns, _path_of(member.linkname))
    source = tar.extractfile(member) if member.isreg() else None
    return Entry(FILE, member.mode, mtime_ns, Content(source.read()), attributes) if source else Entry(SPECIAL, member.mode, mtime_ns)
