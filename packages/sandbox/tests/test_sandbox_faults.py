"""Loads that a box must bear and keep from its neighbours. One that starts to hold must lose its mark."""

from collections.abc import Callable

import pytest
from agentsandbox.backends import choose
from agentsandbox.sandbox import Backend
from trajschema.rollout import Limits
from trajschema.task import Environment

WATCH = "import ctypes; libc = ctypes.CDLL(None); print(libc.inotify_init() >= 0)"
TAKE_ALL = "import ctypes, time; libc = ctypes.CDLL(None)\nwhile libc.inotify_init() >= 0: pass\nopen('/tmp/taken', 'w'); time.sleep(60)"


def test_a_command_of_any_length_ends_within_its_limit_and_the_box_lives(backend: Backend, tar: Callable[..., bytes]) -> None:
    with backend.open(Limits(call_timeout_s=10), Environment()) as box:
        box.load(tar({"a": ""}))
        said = box.call("shell", {"command": "echo " + "word" * 400_000 + " | wc -c"})
        assert said.content == "1600001\n"
        said = box.call("shell", {"command": "echo " + "word" * 400_000})
        assert (said.exit_code, said.truncated, said.total_bytes) == (0, True, 1_600_001)
        assert box.call("shell", {"command": "echo alive"}).content == "alive\n"


@pytest.mark.docker
@pytest.mark.xfail(strict=True, reason="all boxes run under one user id, and the kernel counts watches of files for each user")
def test_a_box_that_takes_all_watches_of_files_takes_none_of_its_neighbours(environments: object, tar: Callable[..., bytes]) -> None:
    backend = choose("docker", environments=environments, label="sandboxtest")  # type: ignore[arg-type]
    with backend.open(Limits(), Environment()) as hostile, backend.open(Limits(), Environment()) as honest:
        for box in (hostile, honest):
            box.load(tar({"a": ""}))
        wait = "for i in $(seq 200); do test -e /tmp/taken && break; sleep 0.05; done"
        hostile.call("shell", {"command": f'python3 -c "{TAKE_ALL}" & {wait}'})
        assert honest.call("shell", {"command": f"python3 -c '{WATCH}'"}).content == "True\n"
