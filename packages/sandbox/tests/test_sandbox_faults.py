"""Loads that a box must bear (see test_sandbox_neighbours.py for those that it must keep from others)."""

from collections.abc import Callable

from agentsandbox.sandbox import Backend
from trajschema.rollout import Limits
from trajschema.task import Environment


def test_a_command_of_any_length_ends_within_its_limit_and_the_box_lives(backend: Backend, tar: Callable[..., bytes]) -> None:
    with backend.open(Limits(call_timeout_s=10), Environment()) as box:
        box.load(tar({"a": ""}))
        said = box.call("shell", {"command": "echo " + "word" * 400_000 + " | wc -c"})
        assert said.content == "1600001\n"
        said = box.call("shell", {"command": "echo " + "word" * 400_000})
        assert (said.exit_code, said.truncated, said.total_bytes) == (0, True, 1_600_001)
        assert box.call("shell", {"command": "echo alive"}).content == "alive\n"
