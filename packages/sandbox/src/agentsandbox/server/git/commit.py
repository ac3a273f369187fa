"""Write a ``.git`` folder that holds one commit and nothing else, byte for byte the same for the same tree.

Formats after git's documentation (gitformat-index, git-hash-object): a loose object is ``kind size\\0content``, compressed,
named by its SHA-1; a tree lists its entries by name, folders as if their names ended with a slash.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib

from agentsandbox.server.settings import FIXED_MTIME

CORE = """[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
\tlogallrefupdates = false
\tautocrlf = false
"""
AT_REST = """[gc]
\tauto = 0
[maintenance]
\tauto = false
"""
CONFIG = f"""{CORE}\tfsync = none
\ttrustctime = false
\tcheckstat = minimal
{AT_REST}[user]
\tname = base
\temail = base@localhost
"""
"""Times and sizes alone say what is unchanged: a file that was put back has another inode and the same content."""
BYTE_FOR_BYTE = "* -text -ident !filter !diff !eol !working-tree-encoding\n"
SIGNATURE = f"base <base@localhost> {FIXED_MTIME} +0000"
PLAIN, RUNS, LINK, TREE = 0o100644, 0o100755, 0o120000, 0o40000
_STORED_MAX = 1 << 16  # bytes; smaller objects are stored as they are, which costs memory and saves time
_BLOCK = 65535  # bytes of a stored deflate block

Blobs = dict[bytes, tuple[int, bytes]]
"""Path → git mode and content, in order of path."""


def make_git_folder(folder: str, attributes: str = BYTE_FOR_BYTE) -> None:
    """An empty repository on branch main."""
    for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info"):
        os.makedirs(os.path.join(folder, name))
    for name, text in (("HEAD", "ref: refs/heads/main\n"), ("config", CONFIG), ("info/attributes", attributes)):
        _write(os.path.join(folder, name), text.encode())


def commit(folder: str, blobs: Blobs) -> str:
    """Make ``blobs`` the one commit of a new repository. Returns its id."""
    make_git_folder(folder)
    ids = write_blobs(folder, blobs)
    tree = write_tree(folder, ids)
    text = f"tree {tree.hex()}\nauthor {SIGNATURE}\ncommitter {SIGNATURE}\n\nbase\n"
    name = write_object(folder, b"commit", text.encode()).hex()
    _write(os.path.join(folder, "refs/heads/main"), name.encode() + b"\n")
    sizes = {path: len(data) for path, (_, data) in blobs.items()}
    _write(os.path.join(folder, "index"), _index(ids, sizes))
    return name


def write_blobs(folder: str, blobs: Blobs) -> dict[bytes, tuple[int, bytes]]:
    """Store contents; path → mode and binary id."""
    return {path: (mode, write_object(folder, b"blob", data)) for path, (mode, data) in blobs.items()}


def write_tree(folder: str, ids: dict[bytes, tuple[int, bytes]]) -> bytes:
    """Store the trees of what :func:`write_blobs` returned. Returns the binary id of the top one."""
    folders: dict[bytes, dict[bytes, tuple[int, bytes]]] = {b"": {}}
    for path, entry in ids.items():
        parent, _, name = path.rpartition(b"/")
        folders.setdefault(parent, {})[name] = entry
        while parent:
            parent = parent.rpartition(b"/")[0]
            folders.setdefault(parent, {})
    for path in sorted(folders, key=lambda p: (-p.count(b"/"), -len(p))):
        if path:
            parent, _, name = path.rpartition(b"/")
            folders[parent][name] = (TREE, _write_one_tree(folder, folders[path]))
    return _write_one_tree(folder, folders[b""])


def write_object(folder: str, kind: bytes, data: bytes) -> bytes:
    """Store one loose object unless it is there. Returns its binary id."""
    whole = b"%s %d\0%s" % (kind, len(data), data)
    name = hashlib.sha1(whole)
    inner = os.path.join(folder, "objects", name.hexdigest()[:2])
    path = os.path.join(inner, name.hexdigest()[2:])
    if not os.path.exists(path):
        os.makedirs(inner, exist_ok=True)
        _write(path, _stored(whole) if len(whole) <= _STORED_MAX else zlib.compress(whole, 1), 0o444)
    return name.digest()


def _write_one_tree(folder: str, children: dict[bytes, tuple[int, bytes]]) -> bytes:
    ordered = sorted(children.items(), key=lambda c: c[0] + b"/" if c[1][0] == TREE else c[0])
    return write_object(folder, b"tree", b"".join(b"%o %s\0%s" % (mode, name, binary) for name, (mode, binary) in ordered))


def _stored(data: bytes) -> bytes:
    """zlib format without compression, the same whatever library wrote it."""
    parts = [b"\x78\x01"]
    for start in range(0, len(data), _BLOCK):
        block = data[start : start + _BLOCK]
        last = start + _BLOCK >= len(data)
        parts += [struct.pack("<BHH", last, len(block), 0xFFFF ^ len(block)), block]
    return b"".join([*parts, struct.pack(">I", zlib.adler32(data))])


def _index(ids: dict[bytes, tuple[int, bytes]], sizes: dict[bytes, int]) -> bytes:
    """Version 2 of the index. Inodes, owners and fractions of seconds are zero, as ``checkstat = minimal`` allows."""
    parts = [b"DIRC", struct.pack(">II", 2, len(ids))]
    for path, (mode, binary) in sorted(ids.items()):
        fixed = struct.pack(">10I", FIXED_MTIME, 0, FIXED_MTIME, 0, 0, 0, mode, 0, 0, sizes[path] & 0xFFFFFFFF)
        entry = fixed + binary + struct.pack(">H", min(len(path), 0xFFF)) + path
        parts.append(entry + b"\0" * (8 - len(entry) % 8))
    whole = b"".join(parts)
    return whole + hashlib.sha1(whole).digest()


def _write(path: str, data: bytes, mode: int = 0o644) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with open(fd, "wb") as f:
        f.write(data)
