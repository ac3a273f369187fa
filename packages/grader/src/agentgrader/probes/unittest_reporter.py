"""Run unittest with a result that reports over a pipe. Made before any code of the repository is imported."""

from __future__ import annotations

import os
import sys
import unittest
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from agentgrader.probes.executed_lines import LineRecorder

Send = Callable[[dict[str, Any]], None]

_ORDER = ("passed", "xpassed", "xfailed", "skipped", "failed", "error")
_BAD = ("xpassed", "failed", "error")
_NO_TESTS = 5
_LOADER = "unittest.loader."


class Reporter(unittest.TextTestResult):
    """Sends one record for the final status of each test. What is printed is as usual."""

    def __init__(self, stream: Any, descriptions: bool, verbosity: int, *, send: Send, lines: LineRecorder | None) -> None:
        super().__init__(stream, descriptions, verbosity)
        self._send, self._lines = send, lines
        self._expected: Counter[str] = Counter()
        self._status: dict[str, str] = {}
        self._now = ""
        self._units: dict[str, str] = {}
        """Prefix of the ids of a class or module whose fixture failed or skipped → status."""
        self._reported: set[str] = set()
        self.seen: set[str] = set()
        """Every status that was reported."""

    def collected(self, tests: list[Any]) -> None:
        """Say which tests will run."""
        names = [_name(test) for test in tests if not _is_stand_in(test)]
        self._expected = Counter(names)
        self._send({"collected": list(self._expected)})

    def finish(self) -> None:
        """Tests that a failed fixture kept from running have its status."""
        for name in self._expected:
            held = [status for prefix, status in self._units.items() if name.startswith(prefix)]
            if held and name not in self._reported:
                self._report(name, held[-1])

    def startTest(self, test: Any) -> None:
        if not _is_stand_in(test):
            self._now = _name(test)
            if self._lines:
                self._lines.switch(self._now)
        super().startTest(test)

    def stopTest(self, test: Any) -> None:
        super().stopTest(test)
        if self._lines:
            self._lines.switch("")
        name = _name(test)
        if not _is_stand_in(test) and name in self._status:
            self._expected[name] -= 1
            if self._expected[name] <= 0:
                self._report(name, self._status[name])
        self._now = ""

    def addSuccess(self, test: Any) -> None:
        self._hold(test, "passed")
        super().addSuccess(test)

    def addFailure(self, test: Any, err: Any) -> None:
        self._hold(test, "failed")
        super().addFailure(test, err)

    def addError(self, test: Any, err: Any) -> None:
        self._hold(test, "failed" if _is_planted(test) else "error")
        super().addError(test, err)

    def addSkip(self, test: Any, reason: str) -> None:
        self._hold(test, "skipped")
        super().addSkip(test, reason)

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        self._hold(test, "xfailed")
        super().addExpectedFailure(test, err)

    def addUnexpectedSuccess(self, test: Any) -> None:
        self._hold(test, "xpassed")
        super().addUnexpectedSuccess(test)

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        if err is not None:
            self._hold(test, "failed" if issubclass(err[0], test.failureException) else "error")
        super().addSubTest(test, subtest, err)

    def _hold(self, test: Any, status: str) -> None:
        """The worst status of a test stands. What is no test is a fixture of a class or module, or a module that cannot be imported."""
        name = test.id()
        if _is_stand_in(test):
            self._report(name.split(".", 3)[3], status, unit=True)
        elif not isinstance(test, unittest.TestCase):
            kind, _, of = name.partition(" (")
            if kind.startswith("setUp"):
                self._units[f"{of.rstrip(')')}."] = status
            self._report(name, status, unit=True)
        else:
            name = self._now if status == "skipped" and self._now else _name(test)  # a skipped subtest skips its test
            held = self._status.get(name, "passed")
            self._status[name] = max(held, status, key=_ORDER.index)

    def _report(self, name: str, status: str, unit: bool = False) -> None:
        self.seen.add(status)
        self._reported.add(name)
        self._send({"test": name, "status": status, **({"module": True} if unit else {})})


def run_unittest(
    arguments: list[str], paths: list[str], ids: list[str], canaries: dict[str, str], send: Send, lines: LineRecorder | None
) -> int:
    """What ``python -m unittest ARGUMENTS`` runs, of it only what is in ``paths`` or among ``ids``, if any. Returns the exit status."""

    class Runner(unittest.TextTestRunner):
        def _makeResult(self) -> Reporter:
            return Reporter(self.stream, self.descriptions, self.verbosity, send=send, lines=lines)

        def run(self, test: Any) -> Any:
            _keep(test, paths, ids)
            planted = _planted(canaries)
            half = len(planted) // 2
            suite = _Announced([*planted[:half], test, *planted[half:]])
            return super().run(suite)

    program = unittest.TestProgram(module=None, argv=["python -m unittest", *arguments], testRunner=Runner(), exit=False)
    result: Any = program.result
    result.finish()
    sys.stderr.flush()
    return 1 if result.seen.intersection(_BAD) else 0 if result.seen else _NO_TESTS


class _Announced(unittest.TestSuite):
    def run(self, result: Any, debug: bool = False) -> Any:
        result.collected(list(_tests(self)))
        return super().run(result, debug)


def _tests(suite: Any) -> Iterator[Any]:
    for test in suite:
        if isinstance(test, unittest.suite.BaseTestSuite):
            yield from _tests(test)
        else:
            yield test


def _keep(suite: Any, paths: list[str], ids: list[str]) -> None:
    """Take out of a suite, in place, what was not asked for. Modules that could not be imported stay."""
    if not paths and not ids:
        return
    kept = []
    for test in suite:
        if isinstance(test, unittest.suite.BaseTestSuite):
            _keep(test, paths, ids)
            kept.append(test)
        elif _is_stand_in(test) or (test.id() in ids if ids else _is_below(test, paths)):
            kept.append(test)
    suite._tests = kept


def _is_below(test: Any, paths: list[str]) -> bool:
    file = os.path.realpath(str(getattr(sys.modules.get(type(test).__module__), "__file__", "")))
    return any(file == path or file.startswith(path.rstrip(os.sep) + os.sep) for path in map(os.path.realpath, paths))


def _planted(canaries: dict[str, str]) -> list[Any]:
    """Tests that must pass and tests that must fail, by assertion and by exception."""

    def passes(self: Any) -> None:
        self.assertEqual(sum(range(5)), 10)

    def passes_too(self: Any) -> None:
        with self.assertRaises(ZeroDivisionError):
            _ = 1 / len("")

    def fails(self: Any) -> None:
        self.assertEqual(sum(range(5)), 11)

    def fails_too(self: Any) -> None:
        raise ValueError("planted")

    bodies = {"passed": (passes, passes_too), "failed": (fails, fails_too)}
    case: Any = type("Planted", (unittest.TestCase,), {n: bodies[verdict][i // 2 % 2] for i, (n, verdict) in enumerate(canaries.items())})
    case.planted = True
    return [case(name) for name in canaries]


def _name(test: Any) -> str:
    return f"canary::{test._testMethodName}" if _is_planted(test) else str(test.id())


def _is_planted(test: Any) -> bool:
    return getattr(test, "planted", False) is True


def _is_stand_in(test: Any) -> bool:
    """Whether it stands for a module that could not be imported, or was skipped."""
    return str(test.id()).startswith(_LOADER)
