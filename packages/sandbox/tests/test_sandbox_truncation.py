"""Outputs keep head and tail, and what the whole was is known."""

import hashlib

from agentsandbox.server.process.truncation import HeadTail
from hypothesis import given
from hypothesis import strategies as st

pieces = st.lists(st.binary(max_size=200), max_size=20)


@given(pieces, st.integers(4, 300))
def test_size_and_hash_are_those_of_the_whole_stream(parts: list[bytes], limit: int) -> None:
    out = HeadTail(limit)
    for part in parts:
        out.feed(part)
    whole = b"".join(parts)
    assert (out.total, out.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())


@given(pieces, st.integers(4, 300))
def test_a_short_output_is_whole(parts: list[bytes], limit: int) -> None:
    out = HeadTail(limit)
    for part in parts:
        out.feed(part)
    whole = b"".join(parts)
    assert out.truncated == (len(whole) > limit)
    if not out.truncated:
        assert out.text() == whole.decode("utf-8", "replace")


@given(st.text(max_size=400), st.integers(8, 100), st.integers(1, 7))
def test_a_cut_splits_no_character_and_counts_what_is_missing(text: str, limit: int, piece: int) -> None:
    data = text.encode("utf-8", "ignore")
    out = HeadTail(limit)
    for i in range(0, len(data), piece):
        out.feed(data[i : i + piece])
    if out.truncated:
        head, _, rest = out.text().partition("\n[... ")
        count, _, tail = rest.partition(" bytes left out ...]\n")
        if "\n[... " not in text:
            assert data.startswith(head.encode())
            assert data.endswith(tail.encode())
            assert int(count) + len(head.encode()) + len(tail.encode()) == len(data)
            assert len(head.encode()) + len(tail.encode()) <= limit


def test_a_huge_output_keeps_little_in_memory() -> None:
    out = HeadTail(100)
    for _ in range(1000):
        out.feed(b"x" * 65536)
    assert out.total == 65_536_000
    assert len(out._tail) < 400_000
