"""Source archives of pinned libraries: downloaded once, by name and version, and accepted only with the pinned hash."""

import subprocess
import sys
import tempfile
from pathlib import Path

from trajruntime import atomic
from trajschema.ids import sha256_bytes

from agenttasks.errors import LibraryUnavailable
from agenttasks.libraries.archive import needed, pack, read_sdist
from agenttasks.libraries.library import Library
from agenttasks.store import TaskStore

_TIMEOUT_S = 300


def fetch(library: Library, store: TaskStore) -> bytes:
    """The tree that tasks are made of, as a tar archive, which is put into the store: what :func:`~agenttasks.libraries.archive.needed`
    leaves of the source archive. A packed library lies there already.

    Without a network it works from the store's downloads.

    Raises:
        LibraryUnavailable: the archive cannot be downloaded, or it does not have the pinned hash.
        TreeMissing, StoreCorrupt: it was packed from a folder, and the store does not hold the tree.
    """
    if library.packed:
        return store.tree_bytes(library.sha256)
    tar = pack(needed(read_sdist(archive(library, store)), library))
    store.put_tree(tar)
    return tar


def archive(library: Library, store: TaskStore) -> bytes:
    """The pinned source archive, from the store's downloads or else from the package index. Raises like :func:`fetch`."""
    kept = store.download(f"{library.name}-{library.version}.tar.gz")
    if kept.exists():
        return _checked(library, kept.read_bytes(), str(kept))
    data = _checked(library, _download(library), "the downloaded archive")
    atomic.write_bytes(kept, data)
    return data


def _checked(library: Library, data: bytes, where: str) -> bytes:
    found = sha256_bytes(data)
    if found != library.sha256:
        why = f"{where} has SHA-256 {found}, pinned is {library.sha256}"
        raise LibraryUnavailable(library.name, why, "delete that file if it lies in the store, and fetch again; never use it")
    return data


def _download(library: Library) -> bytes:
    """Ask pip for the source archive. The hash is given to pip too, so that it runs no build code of another archive."""
    requirement = f"{library.name}=={library.version}"
    with tempfile.TemporaryDirectory() as folder:
        pinned = Path(folder, "requirements.txt")
        pinned.write_text(f"{requirement} --hash=sha256:{library.sha256}\n", "utf-8")
        target = Path(folder, "archive")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]
        command += ["--no-binary", library.name, "--require-hashes", "--requirement", str(pinned), "--dest", str(target)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            raise LibraryUnavailable(library.name, f"pip gave no answer in {_TIMEOUT_S} s", _remedy(library)) from None
        found = sorted(target.glob("*.tar.gz")) if target.exists() else []
        if done.returncode or not found:
            if "DO NOT MATCH THE HASHES" in done.stderr:
                why = f"the package index offers another archive of {requirement} than the pinned SHA-256 {library.sha256}"
                raise LibraryUnavailable(library.name, why, "do not use that archive; ask whoever keeps the index or the pin")
            raise LibraryUnavailable(library.name, f"pip did not get {requirement}: {_cause(done.stderr)}", _remedy(library))
        return found[0].read_bytes()


def _cause(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["no message"])[-1]


def _remedy(library: Library) -> str:
    return (
        "make a package index reachable for pip, or put the source archive "
        f"{library.name}-{library.version}.tar.gz into the store's downloads folder"
    )
