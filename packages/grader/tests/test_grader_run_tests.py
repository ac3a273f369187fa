"""Test reports come from the test process by a channel of their own, and know when they were tampered with."""

from collections.abc import Callable

import pytest
from agentgrader.run import run_tests
from agentsandbox.errors import SandboxError
from agentsandbox.sandbox import Backend, Sandbox
from trajschema.rollout import Limits
from trajschema.task import Environment

KINDS = """
import pytest, unittest

def test_pass(): pass
def test_fail(): assert 0
def test_skip(): pytest.skip()
@pytest.mark.xfail
def test_xfail(): assert 0
@pytest.mark.xfail
def test_xpass(): pass
@pytest.mark.xfail(strict=True)
def test_strict(): pass
@pytest.fixture
def broken(): raise RuntimeError
def test_error(broken): pass
@pytest.fixture
def leaves():
    yield
    raise RuntimeError
def test_teardown(leaves): pass
@pytest.mark.parametrize("x", ["a b", "é", "/"])
def test_param(x): assert x != "/"
class TestUnit(unittest.TestCase):
    def test_ok(self): self.assertEqual(1, 1)
    def test_bad(self): self.assertEqual(1, 2)
    @unittest.expectedFailure
    def test_expected(self): self.fail()
    @unittest.skip("no")
    def test_skipped(self): pass
"""


def test_statuses(box: Sandbox) -> None:
    box.call("file_write", {"path": "tests/test_kinds.py", "content": KINDS})
    report = run_tests(box, Environment(), ["tests/test_kinds.py"])
    assert {k.partition("::")[2]: v for k, v in report.statuses.items()} == {
        "test_pass": "passed",
        "test_fail": "failed",
        "test_skip": "skipped",
        "test_xfail": "xfailed",
        "test_xpass": "xpassed",
        "test_strict": "failed",
        "test_error": "error",
        "test_teardown": "error",
        "test_param[a b]": "passed",
        "test_param[\\xe9]": "passed",
        "test_param[/]": "failed",
        "TestUnit::test_ok": "passed",
        "TestUnit::test_bad": "failed",
        "TestUnit::test_expected": "xfailed",
        "TestUnit::test_skipped": "skipped",
    }
    assert report.exit_code == 1
    assert report.complete
    assert report.notes == ()
    assert "test_fail" in report.output


def test_all_ids_and_paths(box: Sandbox) -> None:
    everything = ["tests/test_calc.py::test_add", "tests/test_calc.py::test_sub"]
    assert list(run_tests(box, Environment()).statuses) == everything
    assert list(run_tests(box, Environment(), ["tests"]).statuses) == everything
    assert list(run_tests(box, Environment(), ids=everything[1:]).statuses) == everything[1:]
    assert run_tests(box, Environment(), ids=everything).exit_code == 0


def test_a_broken_module_is_an_error_and_the_others_run(box: Sandbox) -> None:
    box.call("file_write", {"path": "tests/test_aaa.py", "content": "def ("})
    report = run_tests(box, Environment())
    assert report.statuses["tests/test_aaa.py"] == "error"
    assert report.statuses["tests/test_calc.py::test_add"] == "passed"
    assert report.complete


def test_settings_of_the_repository_do_not_stop_the_run_early(box: Sandbox) -> None:
    box.call("file_write", {"path": "pytest.ini", "content": "[pytest]\naddopts = -x -q\n"})
    box.call("file_write", {"path": "calc.py", "content": "def add(a, b): return 0\ndef sub(a, b): return 2\n"})
    report = run_tests(box, Environment(), canaries={"test_c": "failed"})
    assert list(report.statuses.values()) == ["failed", "passed"]
    assert report.canaries == {"test_c": "failed"}


def test_canaries_run_among_the_tests_and_apart_from_them(box: Sandbox) -> None:
    planted = {"test_one": "failed", "test_two": "passed", "test_planted_q7": "failed", "test_four": "passed"}
    report = run_tests(box, Environment(), canaries=planted)
    assert report.canaries == planted
    assert list(report.statuses.values()) == ["passed", "passed"]
    assert report.complete
    assert report.exit_code == 1
    assert box.diff() == ""
    assert box.call("shell", {"command": "grep -rl test_planted_q7 . /tmp ~ /dev/shm"}).content == ""


def test_lines_of_each_test(box: Sandbox) -> None:
    report = run_tests(box, Environment(), lines_of=["calc.py"])
    assert report.lines == {"tests/test_calc.py::test_add": {"calc.py": [2]}, "tests/test_calc.py::test_sub": {"calc.py": [6]}}
    assert run_tests(box, Environment()).lines == {}


def test_lines_of_a_folder(box: Sandbox) -> None:
    box.call(
        "shell",
        {"command": "mkdir pkg; mv calc.py pkg; touch pkg/__init__.py; sed -i s/calc/pkg.calc/ tests/test_calc.py"},
    )
    assert run_tests(box, Environment(), lines_of=["pkg"]).lines["tests/test_calc.py::test_sub"] == {"pkg/calc.py": [6]}


def test_a_time_out_is_said_and_kills(box: Sandbox) -> None:
    box.call(
        "file_write",
        {"path": "tests/test_loop.py", "content": "import subprocess\ndef test_loop():\n    subprocess.run(['sleep', '78'])\n"},
    )
    report = run_tests(box, Environment(), timeout_s=1.5)
    assert report.timed_out
    assert not report.complete
    assert report.statuses["tests/test_calc.py::test_add"] == "passed"
    assert "tests/test_loop.py::test_loop" not in report.statuses
    assert box.call("shell", {"command": "grep -al '^sleep.78' /proc/[0-9]*/cmdline 2>/dev/null"}).content == ""


def test_a_process_that_ends_early_is_incomplete(box: Sandbox) -> None:
    box.call("file_write", {"path": "calc.py", "content": "import os\nos._exit(0)\n"})
    report = run_tests(box, Environment())
    assert not report.complete
    assert report.exit_code == 0
    assert "ended with status 0 before the session was over" in report.notes[0]


def test_a_crash_is_incomplete(box: Sandbox) -> None:
    box.call("file_write", {"path": "calc.py", "content": "import os\nos.kill(os.getpid(), 11)\n"})
    report = run_tests(box, Environment())
    assert (report.complete, report.exit_code) == (False, 139)


def test_what_others_write_to_the_report_does_not_count(box: Sandbox) -> None:
    forged = '[None, {"test": "tests/test_calc.py::test_add", "status": "passed"}]'
    box.call(
        "file_write",
        {
            "path": "calc.py",
            "content": f"import os\nfor fd in range(3, 50):\n    try: os.write(fd, b'{forged}\\n')\n    except OSError: pass\n"
            "def add(a, b): pass\nsub = add\n",
        },
    )
    report = run_tests(box, Environment())
    assert report.statuses["tests/test_calc.py::test_add"] == "failed"
    assert not report.complete
    assert report.notes == ("something else than the reporter wrote to the report",)


def test_a_test_left_running_is_killed(box: Sandbox) -> None:
    box.call(
        "file_write",
        {"path": "tests/test_bg.py", "content": "import subprocess\ndef test_bg():\n    subprocess.Popen(['setsid', 'sleep', '79'])\n"},
    )
    assert run_tests(box, Environment()).complete
    assert box.call("shell", {"command": "grep -al '^sleep.79' /proc/[0-9]*/cmdline 2>/dev/null"}).content == ""


def test_the_environment_says_what_to_run(backend: Backend, tar: Callable[..., bytes]) -> None:
    environment = Environment(test_command=("python", "-m", "pytest", "-q", "-k", "yes"), test_paths=("t",), python_path=("src",))
    with backend.open(Limits(), environment) as box:
        box.load(
            tar(
                {
                    "src/mod.py": "X = 1\n",
                    "t/test_m.py": "import mod\ndef test_yes(): pass\ndef test_no(): pass\n",
                    "test_other.py": "def test_yes(): pass\n",
                }
            )
        )
        assert run_tests(box, environment).statuses == {"t/test_m.py::test_yes": "passed"}
        assert box.call("shell", {"command": "python -c 'import mod'; echo $PYTHONPATH"}).content == "/testbed/src\n"


def test_a_package_of_the_runner_is_taken_from_the_repository(backend: Backend, tar: Callable[..., bytes]) -> None:
    with backend.open(Limits(), Environment()) as box:
        box.load(tar({"iniconfig.py": "MINE = True\n", "test_m.py": "import iniconfig\ndef test_mine(): assert iniconfig.MINE\n"}))
        assert run_tests(box, Environment()).statuses == {"test_m.py::test_mine": "passed"}


def test_another_runner_is_refused(backend: Backend, tar: Callable[..., bytes]) -> None:
    environment = Environment(test_command=("make", "test"))
    with backend.open(Limits(), environment) as box:
        box.load(tar({"a": ""}))
        with pytest.raises(SandboxError, match="starts no test runner that is known"):
            run_tests(box, environment)
