"""A call that runs can be interrupted from another thread, and the box goes on."""

import threading
import time

from agentsandbox.sandbox import Sandbox
from trajschema.trajectory import Observation


def interrupted(box: Sandbox, command: str, delay: float) -> Observation:
    """The answer of a command that is interrupted after ``delay`` seconds."""
    answers: list[Observation] = []
    thread = threading.Thread(target=lambda: answers.append(box.call("shell", {"command": command})))
    thread.start()
    time.sleep(delay)
    while thread.is_alive():
        box.interrupt()
    thread.join()
    return answers[0]


def test_an_interrupted_command_is_killed_with_all_it_started(box: Sandbox) -> None:
    answer = interrupted(box, "echo before; sleep 77.25 & sleep 77.25; echo after", 0.5)
    assert answer.content.startswith("before\ninterrupted")
    assert answer.error is not None
    assert answer.exit_code is None
    left = box.call("shell", {"command": "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -c 'sleep 77.2[5]'"})
    assert left.content == "0\n"


def test_an_interruption_that_comes_at_once_is_not_missed(box: Sandbox) -> None:
    for _ in range(5):
        answer = interrupted(box, "sleep 30", 0)
        assert answer.error is not None, "the call was not interrupted"


def test_a_test_run_of_the_fork_server_is_interrupted(box: Sandbox) -> None:
    box.call("file_write", {"path": "tests/test_slow.py", "content": "import time\n\n\ndef test_slow():\n    time.sleep(30)\n"})
    answer = interrupted(box, "python -m pytest -q tests/test_slow.py", 0.3)
    assert answer.error is not None
    assert box.call("shell", {"command": "python -m pytest -q tests/test_calc.py"}).exit_code == 0


def test_where_nothing_runs_there_is_nothing_to_interrupt(box: Sandbox) -> None:
    box.interrupt()
    assert box.call("shell", {"command": "echo alive"}).content == "alive\n"
