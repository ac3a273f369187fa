"""Read what ``go test -json`` prints: one event a line, and in older versions a plain line for a package that is not built."""

import json
import re
from collections.abc import Mapping
from typing import Any

from agentsandbox.server.process.truncation import HeadTail
from trajschema.outcome import TestStatus

from agentgrader.frameworks.documents import text
from agentgrader.frameworks.judging import Reading, of_every_process

_OUTPUT_BYTES = 30_000
_STATUS: dict[str, TestStatus] = {"pass": "passed", "fail": "failed", "skip": "skipped"}
_PASSED_OVER = ("pause", "cont", "bench", "attr", "artifacts")
_UNBUILT = re.compile(r"FAIL\t(\S+) \[(?:build|setup) failed\]")


def read_events(data: bytes, names: Mapping[str, str], canaries: Mapping[str, str], packages: set[str]) -> tuple[Reading, str]:
    """What the events say, and the text in them.

    ``names`` maps the Go name of a canary to its name; ``canaries`` are as planted in every one of ``packages``.
    """
    events = _Events(names)
    if data and not data.endswith(b"\n"):
        events.reading.note("the report breaks off")
    for line in data.split(b"\n"):
        if line.strip():
            events.take(line)
    return events.settled(canaries, packages), events.output.text()


class _Events:
    """Folds the events of all packages."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.reading = Reading()
        self.output = HeadTail(_OUTPUT_BYTES)
        self._names = names
        self._seen: list[tuple[str, str, TestStatus]] = []
        self._over: dict[str, str] = {}
        """Package → how it ended; empty while it runs."""
        self._unbuilt: set[str] = set()
        self._started: set[str] = set()
        """Ids of tests, without canaries: a panic keeps those at the end of its package from running, which is no contradiction."""
        self._open: set[tuple[str, str]] = set()
        self._done: set[tuple[str, str]] = set()
        self._failing: set[str] = set()

    def take(self, line: bytes) -> None:
        """The next line."""
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            event = None
        plain = _UNBUILT.fullmatch(line.decode("utf-8", "replace").strip())
        if plain:
            self._end(plain[1], "fail", unbuilt=True)
        elif not isinstance(event, dict):
            self.reading.note("something else than go test wrote to the report")
        else:
            self._event(event)

    def _event(self, event: dict[str, Any]) -> None:
        action, package, test = text(event.get("Action")), text(event.get("Package")), text(event.get("Test"))
        if action in ("output", "build-output"):
            self.output.feed(text(event.get("Output")).encode("utf-8", "replace"))
        elif action in _PASSED_OVER or action == "build-fail":
            return
        elif not package:
            self.reading.note("an event names no package")
        elif action == "start":
            self._over.setdefault(package, "")
        elif action == "run":
            self._run(package, test)
        elif action in _STATUS and test:
            self._result(package, test, _STATUS[action])
        elif action in _STATUS:
            self._end(package, action, unbuilt="FailedBuild" in event)
        else:
            self.reading.note("an event has an action that is not known")

    def _run(self, package: str, test: str) -> None:
        if (package, test) in self._open | self._done:
            self.reading.note(f"{self._id(package, test)}: started twice")
        self._open.add((package, test))
        self._over.setdefault(package, "")
        if test not in self._names:
            self._started.add(self._id(package, test))

    def _result(self, package: str, test: str, status: TestStatus) -> None:
        name = self._id(package, test)
        if (package, test) in self._done:
            self.reading.note(f"{name}: reported twice")
        elif (package, test) not in self._open:
            self.reading.note(f"{name}: ended without a start")
            return
        self._open.discard((package, test))
        self._done.add((package, test))
        if status == "failed":
            self._failing.add(package)
        if test in self._names:
            self._seen.append((package, self._names[test], status))
        else:
            self.reading.add(name, status)

    def _end(self, package: str, action: str, *, unbuilt: bool) -> None:
        if self._over.get(package):
            self.reading.note(f"{package}: ended twice")
        self._over[package] = action
        if unbuilt:
            self._unbuilt.add(package)
            self.reading.units[package] = "error"
        elif action == "fail" and package not in self._failing:
            self.reading.units[package] = "failed"

    def _id(self, package: str, test: str) -> str:
        return f"canary::{self._names[test]}" if test in self._names else f"{package}::{test}"

    def settled(self, canaries: Mapping[str, str], packages: set[str]) -> Reading:
        """The reading, now that there are no more events."""
        reading = self.reading
        tested = {package for package, _ in self._done} | (packages - self._unbuilt)
        if "failed" in canaries.values():
            for package in sorted(tested):
                if self._over.get(package) == "pass":
                    reading.note(f"{package}: passed though tests planted in it must fail")
        reading.canaries = of_every_process(canaries, [(name, status) for _, name, status in self._seen], len(tested))
        if not tested and canaries:
            reading.canaries = dict.fromkeys(canaries, "missing")
        reading.started = self._started | {f"canary::{name}" for name, status in reading.canaries.items() if status != "missing"}
        reading.ended = bool(self._over) and all(self._over.values())
        failed = "fail" in self._over.values()
        reading.codes = (1, 2) if self._unbuilt else (1,) if failed else (0,)
        return reading
