"""One's own repository: a folder on disk, packed into a tree like that of a library."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from trajschema.ids import sha256_bytes

from agenttasks.errors import RepositoryUnusable
from agenttasks.libraries.archive import needed, pack, source_files
from agenttasks.libraries.library import Library
from agenttasks.store import TaskStore

_PASSED_OVER = {".git", ".hg", ".svn", "__pycache__", ".hypothesis", ".tox", ".nox", ".venv", "node_modules"}
_GIT_TIMEOUT_S = 30


def from_folder(folder: Path, entry: Library, store: TaskStore) -> Library:
    """``entry`` with the content of ``folder`` as its tree, which is put into the store. Version and commit are :func:`commit_of` it.

    Raises:
        RepositoryUnusable: there is no such folder, or it lacks a file, a source or a test that ``entry`` names.
    """
    entry = _plain(entry)
    tree = store.put_tree(_packed(folder, entry))
    commit = commit_of(folder, entry)
    return replace(entry, sha256=tree, version=commit, commit=commit, packed=True)


def identity(folder: Path, entry: Library) -> tuple[str, str]:
    """What sets two states of a folder apart: SHA-256 of the packed files, and their commit. Raises like :func:`from_folder`."""
    entry = _plain(entry)
    return sha256_bytes(_packed(folder, entry)), commit_of(folder, entry)


def commit_of(folder: Path, entry: Library) -> str:
    """The last commit that changed the files of ``entry``; empty without git, or where they are not as they were committed."""
    paths = ["--", *entry.sources, *entry.tests, *entry.also]
    changed = _git(folder, "status", "--porcelain", *paths)
    return "" if changed or changed is None else _git(folder, "log", "-1", "--format=%H", *paths) or ""


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints; ``None`` where it fails or is not installed."""
    command = ["git", "-C", str(folder), *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {"GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_GIT_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else done.stdout.strip()


def _packed(folder: Path, entry: Library) -> bytes:
    if not folder.is_dir():
        raise RepositoryUnusable(
            entry.name, f"{folder} is no folder", "name the folder that holds it; a relative path starts at trajhub.yaml"
        )
    roots = (*entry.sources, *entry.tests, *entry.also)
    try:
        found = {path: (folder / path).read_bytes() for path in sorted({p for root in roots for p in _files(folder, root)})}
    except OSError as error:
        raise RepositoryUnusable(entry.name, f"{error.filename} cannot be read: {error.strerror}", "make it readable") from error
    tree = needed(found, entry)
    for root in roots:
        if not any(path == root or path.startswith(f"{root}/") for path in tree):
            remedy = "name files and folders inside the repository, relative to it, that `exclude` leaves something of"
            raise RepositoryUnusable(entry.name, f"there is no file at {root!r} in {folder}", remedy)
    if not source_files(tree, entry):
        raise RepositoryUnusable(
            entry.name, f"no Python file under its sources ({', '.join(entry.sources)})", "name the code under `sources`"
        )
    if not any(_holds_tests(path, entry) for path in tree):
        why = f"no tests under {', '.join(entry.tests)}"
        raise RepositoryUnusable(
            entry.name, why, "name tests under `tests`; files called test_*.py or *_test.py are looked for in a folder"
        )
    return pack(tree)


def _files(folder: Path, root: str) -> Iterator[str]:
    """Regular files at or below ``root``, as paths relative to ``folder``; no links, no caches, nothing outside."""
    if PurePosixPath(root).is_absolute() or ".." in PurePosixPath(root).parts:
        return
    start = folder / root
    if start.is_file() and not start.is_symlink():
        yield root
    for place, folders, files in os.walk(start):
        folders[:] = sorted(name for name in folders if name not in _PASSED_OVER and not name.endswith("_cache"))
        for name in files:
            path = Path(place, name)
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(folder).as_posix()


def _holds_tests(path: str, entry: Library) -> bool:
    """A file that pytest looks into: named itself, or named like a test in a folder of tests."""
    name = PurePosixPath(path).name
    like = fnmatchcase(name, "test_*.py") or fnmatchcase(name, "*_test.py")
    return path in entry.tests or (like and any(path.startswith(f"{root}/") for root in entry.tests))


def _plain(entry: Library) -> Library:
    """Paths without ``./`` and trailing slashes."""
    sources, tests, also = (tuple(PurePosixPath(path).as_posix() for path in part) for part in (entry.sources, entry.tests, entry.also))
    return replace(entry, sources=sources, tests=tests, also=also)
