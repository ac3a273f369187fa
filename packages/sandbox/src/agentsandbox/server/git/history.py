"""Prove that a repository holds one commit and nothing else that could tell of other states."""

from __future__ import annotations

import hashlib
import os
import zlib

from agentsandbox.server.git.commit import CONFIG

_FILES = frozenset({b"HEAD", b"config", b"index", b"info/attributes", b"refs/heads/main"})
_FOLDERS = frozenset({b"info", b"objects", b"objects/info", b"objects/pack", b"refs", b"refs/heads", b"refs/tags"})


class Leak(Exception):
    """A repository holds more than its one commit."""


def check(folder: str, commit: str) -> None:
    """Return if ``folder``, as it lies on the disk, is a repository on branch main with ``commit`` and what it is made of.

    So there are no other refs, no remotes, hooks, reflog, alternates or packs, and no object that the commit does not reach.

    Raises:
        Leak: what is there and must not be, or is missing.
    """
    top = os.fsencode(folder)
    objects = set()
    for path, is_plain in _found(top):
        parts = path.split(b"/")
        if is_plain and len(parts) == 3 and parts[0] == b"objects" and len(parts[1]) == 2:
            objects.add((parts[1] + parts[2]).decode("ascii", "replace"))
        elif not is_plain or path not in _FILES:
            raise Leak(f"the repository holds {os.fsdecode(path)}, which is no part of one commit")
    for name, text in ((b"HEAD", "ref: refs/heads/main\n"), (b"config", CONFIG), (b"refs/heads/main", commit + "\n")):
        if _read(top, name) != text.encode():
            raise Leak(f"{os.fsdecode(name)} of the repository is not as it was written")
    reached = _reached(top, commit)
    if objects != reached:
        example = min(objects ^ reached)
        raise Leak(f"{len(objects - reached)} objects are not of the commit, {len(reached - objects)} are missing, such as {example}")


def _found(top: bytes) -> list[tuple[bytes, bool]]:
    """What is in the repository besides the folders that belong there: path, and whether it is a plain file."""
    found, todo = [], [b""]
    while todo:
        inner = todo.pop()
        with os.scandir(os.path.join(top, inner)) as entries:
            for entry in entries:
                path = os.path.join(inner, entry.name)
                is_folder = entry.is_dir(follow_symlinks=False)
                if is_folder and (path in _FOLDERS or (inner == b"objects" and len(entry.name) == 2)):
                    todo.append(path)
                else:
                    found.append((path, entry.is_file(follow_symlinks=False)))
    return found


def _reached(top: bytes, commit: str) -> set[str]:
    """Ids of the commit, its trees and its blobs.

    Raises:
        Leak: the commit has a parent, or a tree or the commit is damaged.
    """
    header, _, _ = _object(top, commit, b"commit").partition(b"\n\n")
    lines = header.split(b"\n")
    if [line.split(b" ")[0] for line in lines] != [b"tree", b"author", b"committer"]:
        raise Leak("the commit has a parent or another header")
    reached, todo = {commit}, [lines[0][5:].decode()]
    while todo:
        tree = todo.pop()
        if tree in reached:
            continue
        reached.add(tree)
        data = _object(top, tree, b"tree")
        while data:
            mode, _, rest = data.partition(b" ")
            _, _, rest = rest.partition(b"\0")
            name, data = rest[:20].hex(), rest[20:]
            if mode == b"160000":
                raise Leak("a tree refers to a commit of another repository")
            if mode == b"40000":
                todo.append(name)
            else:
                reached.add(name)
    return reached


def _object(top: bytes, name: str, kind: bytes) -> bytes:
    try:
        whole = zlib.decompress(_read(top, f"objects/{name[:2]}/{name[2:]}".encode()))
    except zlib.error as e:
        raise Leak(f"object {name} cannot be read: {e}") from e
    head, _, body = whole.partition(b"\0")
    if hashlib.sha1(whole).hexdigest() != name or head.split(b" ")[0] != kind:
        raise Leak(f"object {name} is not what its name says")
    return body


def _read(top: bytes, name: bytes) -> bytes:
    try:
        with open(os.path.join(top, name), "rb") as f:
            return f.read()
    except OSError as e:
        raise Leak(f"{os.fsdecode(name)} of the repository cannot be read: {e.strerror}") from e
