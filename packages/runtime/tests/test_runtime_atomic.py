"""Atomic writes: a whole file or none."""

import os
from pathlib import Path

import pytest
from trajruntime import atomic


@pytest.mark.parametrize("durable", [False, True])
def test_a_write_that_breaks_off_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durable: bool
) -> None:
    target = tmp_path / "record.json"
    atomic.write_bytes(target, b"old", durable=durable)

    def fail(*_: object) -> None:
        raise OSError("no space")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.raises(OSError, match="no space"):
            atomic.write_bytes(target, b"new", durable=durable)
    assert list(tmp_path.iterdir()) == [target]
    assert target.read_bytes() == b"old"
