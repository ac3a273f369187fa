"""What a call leaves running lives on, in nobody's way, until the box is made new."""

import random
from collections.abc import Callable, Iterator

import pytest
from agentsandbox.sandbox import Sandbox

FIND = "grep -al '^sleep.{0}' /proc/[0-9]*/cmdline 2>/dev/null | wc -l"


@pytest.fixture
def mark() -> str:
    """A number of seconds that only this test sleeps: the local backend shows processes of other tests too."""
    return f"7{random.randrange(10**8):08d}"


@pytest.fixture(autouse=True)
def _no_jobs_left(box: Sandbox, tar: Callable[..., bytes]) -> Iterator[None]:
    yield
    box.load(tar({"a": ""}))


def running(box: Sandbox, mark: str) -> int:
    return int(box.call("shell", {"command": FIND.format(mark)}).content)


@pytest.mark.parametrize("start", ["sleep {0} &", "nohup sleep {0} &", "(setsid sleep {0} &)", "sleep {0} >/dev/null 2>&1 & disown"])
def test_a_background_process_holds_no_call_and_lives_until_load(box: Sandbox, tar: Callable[..., bytes], mark: str, start: str) -> None:
    observation = box.call("shell", {"command": f"{start.format(mark)} \n echo on"})
    assert observation.content == "on\n"
    assert observation.seconds is not None
    assert observation.seconds < 5
    box.call("shell", {"command": f"for i in $(seq 50); do [ $({FIND.format(mark)}) = 1 ] && break; sleep 0.05; done"})  # nohup, setsid
    assert running(box, mark) == 1
    box.load(tar({"a": ""}))
    assert running(box, mark) == 0


def test_a_deadline_kills_what_its_call_started_and_nothing_older(box: Sandbox, mark: str) -> None:
    box.call("shell", {"command": f"(sleep {mark} & sleep 0.3; exec sleep {mark}) & sleep 0.1"})
    late = box.call("shell", {"command": f"sleep {mark} & (setsid sleep {mark} &); sleep {mark}", "timeout_s": 0.6})
    assert "timed out" in (late.error or "")
    assert running(box, mark) == 2


def test_an_orphan_of_an_older_job_is_not_the_calls(box: Sandbox, mark: str) -> None:
    box.call("shell", {"command": f"(sleep 0.2; sleep {mark} & exit) & true"})
    box.call("shell", {"command": "sleep 60", "timeout_s": 0.8})
    assert running(box, mark) == 1


def test_later_output_reaches_no_other_call_and_stops_nobody(box: Sandbox) -> None:
    job = "for i in $(seq 30); do echo leak $i; sleep 0.01; done; head -c 300000 /dev/zero; echo alive > done.txt"
    assert box.call("shell", {"command": f"({job}) & echo started"}).content.startswith("started\n")
    seen = [box.call("shell", {"command": "sleep 0.1; echo quiet"}).content for _ in range(4)]
    assert seen == ["quiet\n"] * 4
    waited = box.call("shell", {"command": "for i in $(seq 60); do [ -e done.txt ] && break; sleep 0.1; done; cat done.txt"})
    assert waited.content == "alive\n"


def test_a_server_answers_later_calls(box: Sandbox) -> None:
    box.call(
        "file_write",
        {
            "path": "serve.py",
            "content": "import socket, os\ns = socket.socket(socket.AF_UNIX)\ns.bind('s.sock')\ns.listen()\nwhile True:\n"
            "    c = s.accept()[0]\n    print('request', flush=True)\n    c.sendall(b'pong')\n    c.close()\n",
        },
    )
    ask = "import socket; s = socket.socket(socket.AF_UNIX); s.connect('s.sock'); print(s.recv(9).decode())"
    box.call("shell", {"command": "python serve.py & while ! [ -e s.sock ]; do sleep 0.05; done"})
    for _ in range(3):
        assert box.call("shell", {"command": f'python -c "{ask}"'}).content == "pong\n"


def test_many_jobs_cost_the_box_nothing(box: Sandbox) -> None:
    for _ in range(50):
        assert box.call("shell", {"command": "sleep 77 & echo on"}).content == "on\n"
    assert box.call("shell", {"command": "yes & sleep 0.1"}).content.startswith("y\ny\n")
    assert box.call("shell", {"command": "echo on"}).content == "on\n"
    assert box.call("file_read", {"path": "run.sh"}).error is None
