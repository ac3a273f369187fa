"""An output of any size and content: head and tail are kept, size and hash are those of the whole."""

import hashlib

import pytest
from agentsandbox.sandbox import Sandbox


def test_fifty_megabytes_take_little_memory(box: Sandbox) -> None:
    box.call("shell", {"command": "python -m pytest --version"})  # the server imports pytest in the background; now it has
    peak = {"command": "grep VmHWM /proc/$PPID/status | tr -dc 0-9"}
    before = int(box.call("shell", peak).content)
    observation = box.call("shell", {"command": "yes 0123456789abcde | head -c 50000000"})
    assert observation.truncated
    assert observation.total_bytes == 50_000_000
    assert observation.content_sha256 == hashlib.sha256(b"0123456789abcde\n" * 3_125_000).hexdigest()
    assert int(box.call("shell", peak).content) - before < 8_000


@pytest.mark.parametrize("size", [3999, 4000, 4001, 100_000])
def test_what_is_cut_says_so(box: Sandbox, size: int) -> None:
    observation = box.call("shell", {"command": f"head -c {size} /dev/zero | tr '\\0' x"})
    assert observation.total_bytes == size
    assert observation.truncated == (size > 4000)
    assert observation.content_sha256 == (hashlib.sha256(b"x" * size).hexdigest() if size > 4000 else None)
    assert ("bytes left out" in observation.content) == (size > 4000)


def test_the_start_and_the_end_stay(box: Sandbox) -> None:
    observation = box.call("shell", {"command": "echo first; seq 100000; echo last >&2"})
    assert observation.content.startswith("first\n1\n2\n")
    assert observation.content.endswith("99999\n100000\nlast\n")


def test_bytes_that_are_no_text(box: Sandbox) -> None:
    observation = box.call("shell", {"command": "printf 'a\\xff\\x00\\xc3\\xa9\\xe2\\x82|\\xf0\\x9f\\x98\\x80'"})
    assert observation.content == "a\ufffd\0é\ufffd|\U0001f600"
    assert observation.total_bytes == 12
    assert observation.content_sha256 == hashlib.sha256(b"a\xff\0\xc3\xa9\xe2\x82|\xf0\x9f\x98\x80").hexdigest()
    assert observation.model_validate_json(observation.model_dump_json()) == observation


def test_a_time_out_keeps_what_was_printed(box: Sandbox) -> None:
    observation = box.call("shell", {"command": "seq 5000; sleep 60", "timeout_s": 0.5})
    assert observation.content.startswith("1\n2\n")
    assert observation.total_bytes == sum(len(f"{n}\n") for n in range(1, 5001))
    assert observation.error is not None
    assert observation.content.endswith(f"5000\n{observation.error}")
