"""Paths of plain processes read like those of a container."""

from agentsandbox.server.mapping import OutwardStream, PathMap
from hypothesis import given
from hypothesis import strategies as st

REAL = "/tmp/box-1/testbed"
PATHS = PathMap([("/testbed", REAL), ("/tmp", "/tmp/box-1/tmp")])
texts = st.lists(st.sampled_from(["/testbed", REAL, "/tmp", "/tmp/box-1/tmp", "/", "x", " ", ":", "-", "/tmp/box", "\n"]), max_size=12).map(
    "".join
)


@given(texts, st.integers(1, 9))
def test_pieces_map_like_the_whole(text: str, size: int) -> None:
    data = text.encode()
    out = bytearray()
    stream = OutwardStream(PATHS, out.extend)
    for i in range(0, len(data), size):
        stream.feed(data[i : i + size])
    stream.finish()
    assert bytes(out) == PATHS.outward(data)


@given(
    st.sampled_from(["", "a/", "a b/c.py", "tests/test_x.py::test_y[1]"]), st.sampled_from(["", "cd ", "PYTHONPATH=x:", "--rootdir=", "'"])
)
def test_what_goes_in_comes_out_again(below: str, before: str) -> None:
    command = f"{before}/testbed/{below}".rstrip("/")
    assert REAL in PATHS.inward(command)
    assert PATHS.outward(PATHS.inward(command).encode()).decode() == command


def test_a_path_inside_a_longer_name_stays() -> None:
    for text in ("/home/testbed", "/testbedding", "/testbed.old", "my/testbed", "a-/testbed"):
        assert PATHS.inward(text) == text


def test_equal_paths_need_no_mapping() -> None:
    same = PathMap([("/testbed", "/testbed")])
    assert same.inward("/testbed") == "/testbed"
    assert same.outward(b"/testbed") == b"/testbed"
