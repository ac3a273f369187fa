"""The store: whole files or none, and content that is what its key says."""

import threading
from pathlib import Path

import pytest
from agenttasks.errors import StoreCorrupt, TreeMissing
from agenttasks.store import TaskStore
from hypothesis import given
from hypothesis import strategies as st


def files_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@given(st.binary(max_size=200))
def test_a_tree_is_read_back_by_its_key(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    store = TaskStore(tmp_path_factory.mktemp("store"))
    assert store.tree_bytes(store.put_tree(data)) == data


def test_a_missing_tree_is_named_with_the_remedy(store: TaskStore) -> None:
    with pytest.raises(TreeMissing, match=r"0000.*agenttasks fetch"):
        store.tree_bytes("0" * 64)


def test_a_changed_tree_is_not_handed_out(store: TaskStore) -> None:
    key = store.put_tree(b"tree")
    (path,) = files_under(store.root)
    path.write_bytes(b"other")
    with pytest.raises(StoreCorrupt, match=key):
        store.tree_bytes(key)


def test_a_reader_beside_writers_sees_whole_records_only(store: TaskStore) -> None:
    values = [{"writer": n, "text": str(n) * 50_000} for n in range(4)]
    store.put_record("kind", "key", values[0])
    stop = threading.Event()

    def write(value: dict[str, object]) -> None:
        while not stop.is_set():
            store.put_record("kind", "key", value)

    writers = [threading.Thread(target=write, args=[value]) for value in values]
    for writer in writers:
        writer.start()
    try:
        assert all(store.record("kind", "key") in values for _ in range(200))
    finally:
        stop.set()
        for writer in writers:
            writer.join()


def test_a_record_that_cannot_be_read_counts_as_none(store: TaskStore) -> None:
    store.put_record("kind", "key", 1)
    (path,) = files_under(store.root)
    path.write_text("{")
    assert store.record("kind", "key") is None
