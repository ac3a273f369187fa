"""A large JSON value read piece by piece is the value; one that is cut off is read as far as it goes."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from agentrecorder.containers.json_values import NotJson, loads, recovered
from agentrecorder.containers.lazy_json import LazyArray, LazyObject
from agentrecorder.containers.mmap_buffer import WINDOW
from hypothesis import given
from hypothesis import strategies as st

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=5)


def _lazily(data: memoryview) -> Any:
    start = bytes(data).lstrip()[:1]
    return LazyObject(data, _lazily) if start == b"{" else LazyArray(data, _lazily) if start == b"[" else loads(bytes(data))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | LazyArray) else value


@given(OBJECTS, st.sampled_from([None, 1]), st.booleans())
def test_piece_by_piece_is_the_same_as_at_once(value: dict[str, Any], indent: int | None, ascii_only: bool) -> None:
    data = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()
    lazy = _lazily(memoryview(data))
    assert _plain(lazy) == value
    assert lazy.cut == ""


@given(st.lists(VALUES, max_size=6), st.data())
def test_what_is_whole_before_a_cut_is_read(value: list[Any], data: st.DataObject) -> None:
    text = json.dumps(value).encode()
    cut = text[: data.draw(st.integers(1, len(text) - 1))]
    lazy = recovered(memoryview(cut))
    assert isinstance(lazy, LazyArray)
    assert lazy.cut
    got = _plain(lazy)
    whole = got[:-1] if got and isinstance(got[-1], list | dict) else got  # the last one may itself be cut
    assert whole == value[: len(whole)]
    assert len(got) >= _commas(cut)


def _commas(cut: bytes) -> int:
    """Elements of an array that are followed by a comma."""
    for end in range(len(cut), 0, -1):
        for close in (b"]", b"0]"):
            try:
                return len(json.loads(cut[:end] + close)) - (cut[end : end + 1] != b",")
            except ValueError:
                continue
    return 0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": NaN}', None),
        (b'{"a": "\\ud800x"}', {"a": "�x"}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        (b'{"a": "\xff"}', {"a": "�"}),
        ('{"a": "é"}'.encode("utf-16"), {"a": "é"}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": "\\u0000"}', {"a": "\x00"}),
        (b'{"a": "\x00"}', {"a": "\x00"}),
    ],
)
def test_json_as_files_hold_it(text: bytes, value: Any) -> None:
    if value is None:
        assert loads(text)["a"] != loads(text)["a"]
    else:
        assert loads(text) == value


def test_a_depth_that_no_reader_bears_is_an_error_of_its_own() -> None:
    with pytest.raises(NotJson, match="nested too deeply"):
        loads(b"[" * 200_000 + b"]" * 200_000)


@pytest.mark.parametrize("depth", range(1, 24))
def test_parts_are_found_however_deep_they_nest(depth: int) -> None:
    part: Any = 'a ] string } with [ brackets {, quotes " and a backslash \\'
    for level in range(depth):
        part = [part, 1] if level % 2 else {"key": part, "other": None}
    assert _plain(LazyArray(memoryview(json.dumps([part, 2, part]).encode()), _lazily)) == [part, 2, part]
    cut = json.dumps([part, 2, part]).encode()[:-2]
    array = LazyArray(memoryview(cut), lambda data: loads(bytes(data)))
    assert array.cut
    assert array[:2] == [part, 2]


@pytest.mark.soak
def test_a_value_larger_than_what_is_looked_at_at_a_time_is_read_whole() -> None:
    text = 'a "quoted" word, [ { and a backslash \\ ' * 500_000
    value = {"long": text, "many": [{"n": n, "text": text[n : n + 1000]} for n in range(16_000)], "deep": [[[[text]]]], "last": 1}
    data = json.dumps(value).encode()
    assert len(data) > 3 * WINDOW
    assert len(text) > WINDOW
    lazy = _lazily(memoryview(data))
    assert lazy.cut == ""
    assert _plain(lazy) == value
    cut = recovered(memoryview(data)[: data.index(b'"deep"') - 1000])
    assert cut.cut
    assert cut["long"] == text
    assert [part["n"] for part in cut["many"][:15_000]] == list(range(15_000))
