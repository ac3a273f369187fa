"""Fetching: only the pinned archive is accepted, and a filled store needs no network."""

from dataclasses import replace
from pathlib import Path

import pytest
from agenttasks.errors import LibraryUnavailable
from agenttasks.libraries.archive import source_files, unpack
from agenttasks.libraries.fetch import fetch
from agenttasks.libraries.library import Library
from agenttasks.store import TaskStore


def test_a_filled_store_needs_no_network(shapes: Library, store: TaskStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    tree = unpack(fetch(shapes, store))
    assert set(tree) == {"shapes.py", "tests/test_shapes.py", "LICENSE", "pytest.ini"}
    assert set(source_files(tree, shapes)) == {"shapes.py"}


def test_the_same_archive_gives_the_same_tree(shapes: Library, store: TaskStore) -> None:
    assert fetch(shapes, store) == fetch(shapes, store)


def test_a_stored_archive_with_another_hash_is_refused(shapes: Library, store: TaskStore) -> None:
    with pytest.raises(LibraryUnavailable, match=r"shapes: .*shapes-1\.0\.tar\.gz has SHA-256 .* pinned is 0000.*remedy") as caught:
        fetch(replace(shapes, sha256="0" * 64), store)
    assert caught.value.args[0] == "shapes"


def test_an_offered_archive_with_another_hash_is_refused(
    shapes: Library, store: TaskStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = tmp_path / "offered"
    offered.mkdir()
    kept = store.download("shapes-1.0.tar.gz")
    kept.rename(offered / kept.name)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(offered))
    with pytest.raises(LibraryUnavailable, match=r"another archive of shapes==1\.0"):
        fetch(replace(shapes, sha256="0" * 64), store)
    assert not kept.exists()


def test_without_network_and_store_the_library_the_cause_and_the_remedy_are_named(
    shapes: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(LibraryUnavailable, match=r"shapes==1\.0: No matching distribution.*; remedy: .*shapes-1\.0\.tar\.gz"):
        fetch(shapes, TaskStore(tmp_path / "empty"))
