"""pytest and unittest, in a fork of the server that has them imported."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agentsandbox.errors import SandboxError
from agentsandbox.messages import CommandResult
from trajschema.outcome import TestStatus

from agentgrader.copies.copy import Copy, Part
from agentgrader.copies.python.rewrite import with_copies, with_parts
from agentgrader.frameworks.framework import Framework, Job, TestBox
from agentgrader.frameworks.judging import Reading, judged
from agentgrader.probes.report_records import read_report
from agentgrader.report import TestReport

_PYTEST = (("python", "-m", "pytest"), ("python3", "-m", "pytest"), ("pytest",))
_UNITTEST = (("python", "-m", "unittest"), ("python3", "-m", "unittest"))
_SILENT = ("-q", "--quiet", "--no-header")
_NO_TESTS = 5
_START = re.compile(r"test_?|[A-Za-z]+_|[a-z]+")
"""What of a test's name a pattern of discovery may ask for."""


class _Python(Framework):
    """What both have in common: how their tests are copied."""

    def copy_name(self, function: str, letters: str) -> str:
        name = function.rpartition(".")[2]
        if name.endswith("_test") and not name.startswith("test"):
            return f"{letters}_test"
        start = _START.match(name)
        return f"{start[0] if start else ''}{letters}"

    def rewrite(self, source: bytes, path: str, wanted: Mapping[str, Copy]) -> tuple[str, list[str]]:
        return with_copies(source, wanted)

    def parts(self, source: bytes, path: str, functions: Sequence[str]) -> tuple[str, dict[str, Part]]:
        return with_parts(source, functions, lambda name, number: self.copy_name(name, f"part{number:08}"))


class Pytest(_Python):
    """``python -m pytest``. A test id is a node id; a module that cannot be collected is listed by its path."""

    name = "pytest"
    protected = (
        "**/conftest.py",
        "**/pytest.ini",
        "**/.pytest.ini",
        "**/pytest.toml",
        "**/.pytest.toml",
        "**/tox.ini",
        "**/setup.cfg",
        "**/pyproject.toml",
    )

    def runs(self, command: Sequence[str]) -> bool:
        return _arguments(command, _PYTEST) is not None

    def function(self, test: str) -> str:
        """What follows the module, without the parameters."""
        path, *names = test.partition("[")[0].split("::")
        return ".".join(names) if path.endswith(".py") else ""

    def renamed(self, test: str, function: str, name: str) -> str:
        """Without the parameters."""
        return f"{test.partition('[')[0].removesuffix(function.rpartition('.')[2])}{name}"

    def run(self, box: TestBox, job: Job) -> TestReport:
        plain = ["--assert=plain"] if job.plain else []
        ended = _forked(box, job, "pytest", arguments=[*options_of(job.command), *plain, *(job.ids or job.paths)])
        return judged(read_records(ended.report, box.token, job.canaries, ("failed", "error")), ended)


class Unittest(_Python):
    """``python -m unittest``. A test id is ``module.Class.method``; a module that cannot be imported is listed by its name.

    Paths and ids choose among the tests that the command finds. Tests of one id are one test, which passes if all of them do.
    """

    name = "unittest"
    protected = ("**/test*.py", "**/test/**/__init__.py", "**/tests/**/__init__.py")
    """What discovery runs by default: a new module that is called so is run with the others."""

    def runs(self, command: Sequence[str]) -> bool:
        return _arguments(command, _UNITTEST) is not None

    def holders(self, test: str) -> tuple[str, ...]:
        """The module's file, below whatever folder discovery started in."""
        module = test.split(".")[:-2]
        return (f"**/{'/'.join(module)}.py", f"**/{'/'.join(module)}/__init__.py") if module else ()

    def function(self, test: str) -> str:
        """Class and method."""
        return ".".join(test.split(".")[-2:]) if self.holders(test) else ""

    def renamed(self, test: str, function: str, name: str) -> str:
        return f"{test.removesuffix(function.rpartition('.')[2])}{name}"

    def run(self, box: TestBox, job: Job) -> TestReport:
        options = list(_arguments(job.command, _UNITTEST) or ())
        ended = _forked(box, job, "unittest", arguments=options, paths=list(job.paths), ids=list(job.ids))
        return judged(read_records(ended.report, box.token, job.canaries, ("failed", "error", "xpassed")), ended)


def arguments_of(command: Sequence[str]) -> tuple[str, list[str]]:
    """Which of the two a command starts, ``pytest`` or ``unittest``, and its arguments that are not about how much it prints.

    Raises:
        SandboxError: it is none of them.
    """
    arguments = _arguments(command, _UNITTEST)
    return ("pytest", options_of(command)) if arguments is None else ("unittest", list(arguments))


def options_of(command: Sequence[str]) -> list[str]:
    """Arguments of a pytest command that are not about how much it prints.

    Raises:
        SandboxError: it is no pytest command.
    """
    arguments = _arguments(command, _PYTEST)
    if arguments is None:
        raise SandboxError(f"the test command {' '.join(command)!r} is no pytest command", "use `python -m pytest` for the task")
    return [a for a in arguments if a not in _SILENT]


def read_records(data: bytes, token: str, planted: Iterable[str], bad: Sequence[TestStatus]) -> Reading:
    """What the records of a Python test process say. ``bad`` are the statuses for which the process ends with 1."""
    raw = read_report(data, token)
    statuses: dict[str, TestStatus] = dict(raw["statuses"])
    units = {unit: statuses.pop(unit) for unit in raw["modules"] if unit in statuses}
    ran = bool(statuses)
    failed = any(status in bad for status in (*statuses.values(), *units.values()))
    fits = 1 if failed else 0 if ran else _NO_TESTS
    notes = list(raw["notes"])
    if raw["end"] not in (None, fits):
        notes.append(f"the session ended with {raw['end']}; its tests say {fits}")
    return Reading(
        canaries={name: statuses.pop(f"canary::{name}", "missing") for name in planted},
        statuses=statuses,
        units=units,
        started=None if raw["collected"] is None else set(raw["collected"]),
        ended=raw["end"] is not None,
        codes=(fits,),
        notes=notes,
        lines=raw["lines"],
    )


def _arguments(command: Sequence[str], starts: Sequence[tuple[str, ...]]) -> tuple[str, ...] | None:
    for start in starts:
        if tuple(command[: len(start)]) == start:
            return tuple(command[len(start) :])
    return None


def _forked(box: TestBox, job: Job, runner: str, **more: Any) -> CommandResult:
    same = {"runner": runner, "canaries": dict(job.canaries), "lines_of": list(job.lines_of), "paths": [], "ids": []}
    return box.fork(job.timeout_s, **{**same, **more})
