"""Every tool, in a real box of each backend."""

import hashlib
import random
import re
from typing import Any

import pytest
from agentsandbox.sandbox import Backend, Sandbox
from agentsandbox.tools import TOOLS
from trajschema.normalise import normalise
from trajschema.rollout import Limits
from trajschema.task import Environment
from trajtests.marks import soak_but


def test_every_tool_is_known_to_the_box(box: Sandbox) -> None:
    for tool in TOOLS:
        assert "unknown tool" not in (box.call(tool.name, {}).error or "")


@pytest.mark.parametrize(
    ("tool", "arguments", "error"),
    [
        ("fly", {}, "unknown tool 'fly'"),
        ("shell", {}, "'command' is missing"),
        ("shell", {"command": "ls", "cwd": "/"}, "unknown argument 'cwd'"),
        ("shell", {"command": 3}, "must be of type string"),
        ("shell", {"command": "ls", "timeout_s": 0}, "greater than 0"),
        ("file_read", {"path": "calc.py", "start_line": 0}, "at least 1"),
        ("file_read", {"path": "calc.py", "start_line": True}, "must be of type integer"),
        ("git", {"args": [1]}, "list of strings"),
        ("file_read", {"path": "none.py"}, "none.py: no such file"),
        ("file_read", {"path": "tests"}, "a folder, not a file"),
        ("file_read", {"path": "calc.py/x"}, "no folder"),
        ("file_read", {"path": "calc.py", "start_line": 99}, "line 99 does not exist"),
        ("file_read", {"path": "calc.py", "start_line": 3, "end_line": 2}, "before start_line"),
        ("file_edit", {"path": "calc.py", "old_string": "return", "new_string": "x"}, "occurs 2 times in calc.py"),
        ("file_edit", {"path": "calc.py", "old_string": "nowhere", "new_string": "x"}, "occurs 0 times"),
        ("file_edit", {"path": "calc.py", "old_string": "", "new_string": "x"}, "empty"),
        ("file_edit", {"path": "calc.py", "old_string": "a + b", "new_string": "a + b"}, "nothing to edit"),
        ("search", {"pattern": "("}, "no regular expression"),
        ("search", {"pattern": "a", "path": "none"}, "none: no such file"),
        ("git", {"args": ["commit", "-m", "x"]}, "not allowed"),
        ("git", {"args": ["checkout", "main"]}, "only `checkout -- PATH`"),
        ("symbols", {"path": "none.py"}, "none.py: no such file"),
        ("git", {"args": ["branch", "new"]}, "only listing"),
    ],
)
def test_a_mistake_is_an_error_in_the_observation(box: Sandbox, tool: str, arguments: dict[str, Any], error: str) -> None:
    observation = box.call(tool, arguments)
    assert error in (observation.error or "")
    assert observation.error in observation.content
    assert box.diff() == ""


def test_shell_joins_output_and_errors_in_order(box: Sandbox) -> None:
    observation = box.call("shell", {"command": "echo a; echo b >&2; pwd; exit 7"})
    assert (observation.content, observation.exit_code, observation.error) == ("a\nb\n/testbed\n", 7, None)


def test_shell_has_no_input_and_no_terminal(box: Sandbox) -> None:
    assert box.call("shell", {"command": "cat; test -t 0 || test -t 1 || echo none"}).content == "none\n"


def test_death_by_signal_is_128_and_the_signal(box: Sandbox) -> None:
    assert box.call("shell", {"command": "kill -9 $$"}).exit_code == 137


@pytest.mark.parametrize("command", ["{0}", "trap '' TERM; {0}", "setsid {0} & wait", "(setsid {0} &); {0}"])
def test_a_time_out_kills_everything_and_says_so(box: Sandbox, command: str) -> None:
    length = f"6{random.randrange(10**9):09d}"  # the local backend shows processes of other tests too
    observation = box.call("shell", {"command": f"echo before; {command.format(f'sleep {length}')}", "timeout_s": 0.3})
    assert observation.error == "timed out after 0.3 s; the command and everything it started were killed"
    assert observation.content == "before\n" + observation.error
    assert observation.exit_code is None
    assert observation.seconds is not None
    assert observation.seconds < 5
    left = box.call("shell", {"command": f"grep -al '^sleep.{length}' /proc/[0-9]*/cmdline 2>/dev/null"})
    assert left.content.strip() == ""


def test_the_callers_limit_wins_over_the_agents(box: Sandbox) -> None:
    assert "0.2 s" in (box.call("shell", {"command": "sleep 60", "timeout_s": 50}, timeout_s=0.2).error or "")


def test_output_is_cut_to_the_limit(box: Sandbox) -> None:
    observation = box.call("shell", {"command": "yes 0123456789abcde | head -c 5000000"})
    assert observation.truncated
    assert observation.total_bytes == 5_000_000
    assert observation.content_sha256 == hashlib.sha256(b"0123456789abcde\n" * 312500).hexdigest()
    assert len(observation.content) < 4100
    assert "bytes left out" in observation.content


def test_submit(box: Sandbox) -> None:
    assert box.call("submit", {}).error is None


@pytest.mark.parametrize(
    "arguments",
    soak_but(
        3,
        [
            "-rA -k 'add or sub'",
            "-q",
            "",
            "-v tests",
            "-q tests/test_calc.py::test_add",
            "-q nowhere.py",
            "--bad",
            "--collect-only -q",
            "--version",
        ],
    ),
)
def test_pytest_by_the_fork_server_prints_what_the_real_command_prints(box: Sandbox, arguments: str) -> None:
    box.call("file_edit", {"path": "calc.py", "old_string": "a - b", "new_string": "a * b"})
    fast = box.call("shell", {"command": f"python -m pytest {arguments}"})
    real = box.call("shell", {"command": f"true; python -m pytest {arguments}"})
    assert _alike(fast.content) == _alike(real.content)
    assert fast.exit_code == real.exit_code


def test_a_change_of_code_reaches_the_next_fork(box: Sandbox) -> None:
    run = {"command": "python -m pytest -q"}
    assert box.call("shell", run).exit_code == 0
    box.call("file_edit", {"path": "calc.py", "old_string": "a - b", "new_string": "a * b"})
    assert box.call("shell", run).exit_code == 1
    box.call("file_edit", {"path": "calc.py", "old_string": "a * b", "new_string": "a - b"})
    assert box.call("shell", run).exit_code == 0


def _alike(text: str) -> str:
    return re.sub(r"=+", "=", normalise(text))


@pytest.mark.parametrize("odd", [chr(0xD800), chr(0xDCFF), "\0", "x" * 5000], ids=["half", "byte", "zero", "long"])
def test_odd_arguments_are_the_agents_mistake_and_cost_nothing(box: Sandbox, odd: str) -> None:
    for tool, arguments in (
        ("file_read", {"path": odd}),
        ("file_write", {"path": f"no/{odd}/{odd * 300}", "content": odd}),
        ("file_edit", {"path": "calc.py", "old_string": odd, "new_string": odd}),
        ("shell", {"command": f": '{odd}'; nope"}),
        ("search", {"pattern": odd, "path": odd, "glob": odd}),
        ("symbols", {"path": odd, "name": odd}),
        ("git", {"args": ["log", odd]}),
    ):
        observation = box.call(tool, arguments)
        assert observation.error or observation.exit_code, tool
        assert observation.model_validate_json(observation.model_dump_json()) == observation
    assert box.call("shell", {"command": "echo on"}).content == "on\n"


def test_a_box_that_is_full_of_processes_says_so(backend: Backend) -> None:
    with backend.open(Limits(pids=30), Environment()) as box:
        if "pids" in box.provenance.not_enforced:
            pytest.skip("this backend says that it cannot limit processes here")
        box.call("shell", {"command": "for i in $(seq 60); do (setsid sleep 50 &) ; done 2>/dev/null"}, timeout_s=0.5)
        answers = [
            box.call("shell", {"command": "echo on"}),
            box.call("search", {"pattern": "x"}),
            box.call("git", {"args": ["status"]}),
            box.call("file_edit", {"path": "a.py", "old_string": "x", "new_string": "y"}),
        ]
        assert all(a.error or a.content for a in answers)
