"""Lines of a file: each is read once, in order, whatever stands before it."""

import hashlib
import json
from pathlib import Path

import pytest
from agentrecorder.containers.mmap_buffer import WINDOW
from agentrecorder.containers.source import LogSource
from agentrecorder.errors import NotReadable


def _values(path: Path) -> list[object]:
    with LogSource(path) as source:
        assert source.sample is not None
        return [item.value for item in source.items()]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n \n"])
@pytest.mark.parametrize("count", [2, 24, 25, 26, 80])
def test_every_line_is_read_once_and_in_order(tmp_path: Path, count: int, end: bytes, mark: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(mark + end.join(json.dumps({"n": n}).encode() for n in range(count)))
    assert _values(path) == [{"n": n} for n in range(count)]
    path.write_bytes(path.read_bytes() + end)
    assert _values(path) == [{"n": n} for n in range(count)]


def test_long_lines_are_read_once_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"".join(json.dumps({"n": n, "text": "x" * (1 << 20)}).encode() + b"\n" for n in range(12)))
    with LogSource(path) as source:
        assert len(source.sample) == 4
        assert [item.value["n"] for item in source.items()] == list(range(12))
        assert [item.where for item in source.items()] == [f"line {n}" for n in range(1, 13)]


def test_lines_of_a_file_in_utf_16_are_read(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("".join(json.dumps({"n": n}) + "\n" for n in range(40)), encoding="utf-16")
    assert _values(path) == [{"n": n} for n in range(40)]


def test_a_file_larger_than_what_is_read_at_a_time_has_the_digest_of_its_bytes_and_all_of_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    sizes = [WINDOW + 5, 10, 2 * WINDOW, 3, WINDOW // 2, WINDOW // 2, 7]
    path.write_bytes(b"\n".join(json.dumps({"n": n, "text": "x" * size}).encode() for n, size in enumerate(sizes)))
    with LogSource(path) as source:
        assert source.kind == "lines"
        assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert [(item.value["n"], len(item.value["text"])) for item in source.items()] == list(enumerate(sizes))


def test_a_file_of_a_folder_is_opened_once_and_closed_with_the_folder(tmp_path: Path) -> None:
    (tmp_path / "table.json").write_text('[{"id": 1}]')
    with LogSource(tmp_path) as folder:
        table = folder.inside("table.json")
        assert folder.inside("table.json") is table
        assert table.sample == [{"id": 1}]
    assert len(table.data) == 0
    with LogSource(tmp_path) as folder, pytest.raises(NotReadable):
        folder.inside("nothing.json")
