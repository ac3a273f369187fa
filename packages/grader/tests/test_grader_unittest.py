"""unittest in a fork of the server: every kind of test and fixture on every backend, the rest on one."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from agentgrader.report import TestReport
from agentgrader.run import run_tests
from agentsandbox.backends import choose
from agentsandbox.sandbox import Backend
from trajschema.rollout import Limits
from trajschema.task import Environment

COMMAND = ("python", "-m", "unittest")
Run = Callable[..., TestReport]


@pytest.fixture(scope="session")
def run_on(tar: Callable[..., bytes]) -> Run:
    """Run files with unittest on a backend."""

    def run(backend: Backend, files: dict[str, str], *options: str, **more: object) -> TestReport:
        environment = Environment(test_command=(*COMMAND, *options), timeout_s=30)
        with backend.open(Limits(), environment) as box:
            box.load(tar(files))
            return run_tests(box, environment, **more)  # type: ignore[arg-type]

    return run


@pytest.fixture
def run(run_on: Run, environments: Path) -> Run:
    """Run files with unittest on the backend that starts fastest."""
    return partial(run_on, choose("local", environments=environments, label="sandboxtest", allow_local=True))


KINDS = """import unittest


class TestKinds(unittest.TestCase):
    def test_pass(self): pass
    def test_fail(self): self.fail()
    def test_error(self): raise RuntimeError
    @unittest.skip('no')
    def test_skip(self): pass
    def test_skip_inside(self): self.skipTest('no')
    @unittest.expectedFailure
    def test_expected(self): self.fail()
    @unittest.expectedFailure
    def test_unexpected(self): pass
    def test_subs(self):
        for i in range(3):
            with self.subTest(i=i):
                self.assertNotEqual(i, 1)
    def test_sub_error(self):
        with self.subTest():
            raise KeyError
    def test_sub_skip(self):
        with self.subTest():
            self.skipTest('no')
    def test_subs_pass(self):
        with self.subTest():
            pass
    def test_cleanup(self):
        self.addCleanup(lambda: 1 / 0)


class TestBrokenClass(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise RuntimeError
    def test_one(self): pass


class TestSkippedClass(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise unittest.SkipTest('no')
    def test_one(self): pass


class TestLeaves(unittest.TestCase):
    @classmethod
    def tearDownClass(cls): raise RuntimeError
    def test_one(self): pass
"""


def test_statuses(run_on: Run, backend: Backend) -> None:
    planted = {"test_q1": "failed", "test_q2": "passed", "test_q3": "failed", "test_q4": "passed"}
    report = run_on(backend, {"test_kinds.py": KINDS, "test_import.py": "import nothing_here\n"}, canaries=planted)
    assert report.canaries == planted
    assert report.statuses == {
        "test_import": "error",
        "setUpClass (test_kinds.TestBrokenClass)": "error",
        "setUpClass (test_kinds.TestSkippedClass)": "skipped",
        "tearDownClass (test_kinds.TestLeaves)": "error",
        "test_kinds.TestBrokenClass.test_one": "error",
        "test_kinds.TestSkippedClass.test_one": "skipped",
        "test_kinds.TestLeaves.test_one": "passed",
        "test_kinds.TestKinds.test_pass": "passed",
        "test_kinds.TestKinds.test_fail": "failed",
        "test_kinds.TestKinds.test_error": "error",
        "test_kinds.TestKinds.test_skip": "skipped",
        "test_kinds.TestKinds.test_skip_inside": "skipped",
        "test_kinds.TestKinds.test_expected": "xfailed",
        "test_kinds.TestKinds.test_unexpected": "xpassed",
        "test_kinds.TestKinds.test_subs": "failed",
        "test_kinds.TestKinds.test_sub_error": "error",
        "test_kinds.TestKinds.test_sub_skip": "skipped",
        "test_kinds.TestKinds.test_subs_pass": "passed",
        "test_kinds.TestKinds.test_cleanup": "error",
    }
    assert (report.complete, report.exit_code, report.notes) == (True, 1, ())
    assert "FAIL: test_fail" in report.output


def test_an_unexpected_success_is_a_failure(run: Run) -> None:
    report = run({"test_x.py": "import unittest\nclass T(unittest.TestCase):\n    @unittest.expectedFailure\n    def test_a(self): pass\n"})
    assert (report.statuses, report.exit_code, report.complete) == ({"test_x.T.test_a": "xpassed"}, 1, True)


def test_no_tests_at_all(run: Run) -> None:
    report = run({"a.py": ""})
    assert (report.statuses, report.exit_code, report.complete) == ({}, 5, True)


TWO = "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n    def test_b(self): pass\n"


def test_ids_and_paths_choose_among_what_is_found(run: Run) -> None:
    files = {"t/test_x.py": TWO, "t/test_y.py": TWO}
    assert list(run(files, "discover", "-s", "t").statuses) == [f"test_{m}.T.test_{t}" for m in "xy" for t in "ab"]
    assert list(run(files, "discover", "-s", "t", ids=["test_y.T.test_b"]).statuses) == ["test_y.T.test_b"]
    chosen = run(files, "discover", "-s", "t", paths=["t/test_x.py"])
    assert (list(chosen.statuses), chosen.complete) == (["test_x.T.test_a", "test_x.T.test_b"], True)


def test_a_module_that_makes_its_own_suite(run: Run) -> None:
    own = TWO + "def load_tests(loader, tests, pattern):\n    return unittest.TestSuite([T('test_b'), T('test_b')])\n"
    report = run({"test_x.py": own})
    assert (report.statuses, report.complete) == ({"test_x.T.test_b": "passed"}, True)


def test_of_tests_with_one_id_the_worst_stands(run: Run) -> None:
    own = (
        "import unittest\nclass T(unittest.TestCase):\n    count = 0\n    def test_a(self):\n        T.count += 1\n"
        "        self.assertNotEqual(T.count, 1)\ndef load_tests(loader, tests, pattern):\n"
        "    return unittest.TestSuite([T('test_a'), T('test_a')])\n"
    )
    assert run({"test_x.py": own}).statuses == {"test_x.T.test_a": "failed"}


def test_lines_of_each_test(run: Run) -> None:
    files = {
        "calc.py": "def add(a, b):\n    return a + b\n",
        "test_x.py": "import unittest, calc\nclass T(unittest.TestCase):\n    def test_a(self): calc.add(1, 2)\n"
        "    def test_b(self): pass\n",
    }
    assert run(files, lines_of=["calc.py"]).lines == {"test_x.T.test_a": {"calc.py": [2]}}


def test_a_time_out_keeps_what_had_ended(run: Run) -> None:
    slow = "import time, unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n    def test_b(self): time.sleep(60)\n"
    report = run({"test_x.py": slow}, timeout_s=1.5)
    assert (report.timed_out, report.complete, report.statuses) == (True, False, {"test_x.T.test_a": "passed"})


def test_the_process_is_as_if_started_anew(run: Run) -> None:
    code = (
        "import sys, unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n"
        "        self.assertEqual(sys.modules['__main__'].__spec__.name, 'unittest.__main__')\n"
        "        self.assertFalse([m for m in sys.modules if m.startswith('agentsandbox')])\n"
    )
    assert run({"test_x.py": code}).statuses == {"test_x.T.test_a": "passed"}
