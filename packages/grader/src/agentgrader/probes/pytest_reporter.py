"""The pytest plugin that reports over a pipe. Loaded before any code of the repository is."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from typing import Any

import pytest

from agentgrader.probes.executed_lines import LineRecorder

_SKIP = pytest.skip.Exception
_ORDER = {"passed": 0, "xpassed": 1, "xfailed": 2, "skipped": 3, "failed": 4, "error": 5}
Send = Callable[[dict[str, Any]], None]


class Reporter:
    """Sends one record for what was collected and one for the final status of each test."""

    def __init__(self, send: Send, canary_file: str, lines: LineRecorder | None) -> None:
        self._send = send
        self._canary_file = canary_file
        self._lines = lines
        self._status: dict[str, str] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, session: Any, items: list[Any]) -> None:
        """Plant the canaries among the tests, spread over the run."""
        if self._canary_file:
            canaries = list(_canaries(session, self._canary_file))
            step = max(1, len(items) // max(1, len(canaries) - 1))
            for i, canary in enumerate(canaries):
                items.insert(min(len(items), i * (step + 1)), canary)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: Any) -> None:
        """Say which tests will run."""
        self._send({"collected": [self._id(item) for item in session.items]})

    def pytest_collectreport(self, report: Any) -> None:
        """A module that cannot be collected is an error of that module; a skipped one is skipped."""
        if report.failed or report.skipped:
            self._send({"test": report.nodeid, "status": "error" if report.failed else "skipped", "module": True})

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: Any) -> Generator[None, Any, None]:
        """Record lines while the test runs; send its status when it has ended."""
        name = self._id(item)
        if self._lines:
            self._lines.switch(name)
        yield
        if self._lines:
            self._lines.switch("")
        if name in self._status:
            self._send({"test": name, "status": self._status[name]})

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Generator[None, Any, None]:
        """Decide on a status from what was raised, and let the report only refine it."""
        outcome = yield
        report = outcome.get_result()
        name = self._id(item)
        status = status_of(call, report)
        if status == "contradiction":
            self._send({"note": f"{name}: reported as {report.outcome} though it raised {call.excinfo.typename}"})
            status = "failed"
        if _ORDER[status] >= _ORDER[self._status.get(name, "passed")]:
            self._status[name] = status

    def _id(self, item: Any) -> str:
        if self._canary_file and str(item.path) == self._canary_file:
            return f"canary::{item.name}"
        return str(item.nodeid)


def status_of(call: Any, report: Any) -> str:
    """Status that one phase (setup, call or teardown) gives to a test."""
    raised = call.excinfo is not None
    if report.outcome == "failed":
        return "failed" if report.when == "call" else "error"
    if report.outcome == "skipped":
        if hasattr(report, "wasxfail"):
            return "xfailed"
        return "skipped" if raised and call.excinfo.errisinstance(_SKIP) else _unclear(raised)
    if raised:
        return "contradiction"
    return "xpassed" if hasattr(report, "wasxfail") and report.when == "call" else "passed"


def _unclear(raised: bool) -> str:
    return "contradiction" if raised else "skipped"


def _canaries(session: Any, path: str) -> list[Any]:
    from pathlib import Path

    module = pytest.Module.from_parent(session, path=Path(path))
    return list(module.collect())


def write_canaries(folder: str, canaries: dict[str, str]) -> str:
    """Write the test module of the canaries (name → ``passed`` or ``failed``). Returns its path."""
    bodies = {
        "passed": ("    assert sum(range(5)) == 10\n", "    if {}:\n        raise AssertionError('no')\n"),
        "failed": ("    assert sum(range(5)) == 11\n", "    raise ValueError('planted')\n"),
    }
    tests = [f"def {name}():\n{bodies[verdict][i // 2 % 2]}" for i, (name, verdict) in enumerate(canaries.items())]
    os.makedirs(folder)
    path = os.path.join(os.path.realpath(folder), f"test_{os.path.basename(folder)}.py")
    with open(path, "w") as f:
        f.write("\n\n".join(tests))
    return path
