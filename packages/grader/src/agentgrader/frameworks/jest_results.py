"""Read results in the form of ``jest --json``, which vitest writes too."""

from collections.abc import Mapping
from typing import Any

from trajschema.outcome import TestStatus

from agentgrader.frameworks.documents import document, fields, items, text
from agentgrader.frameworks.javascript import relative
from agentgrader.frameworks.judging import Reading, of_every_process

_STATUS: dict[str, TestStatus] = {
    "passed": "passed",
    "failed": "failed",
    "pending": "skipped",
    "skipped": "skipped",
    "todo": "skipped",
    "disabled": "skipped",
    "focused": "skipped",
}


def read_results(data: bytes, token: str, canaries: Mapping[str, str], workdir: str, alarm: str) -> Reading:
    """What a document of results says. ``alarm`` is the message of a file in which assertions have stopped to fail.

    Of a file that failed as a whole (it cannot be loaded, or a hook of it failed) no test counts as passed.
    """
    reading = Reading(started=set())
    seen: list[tuple[str, TestStatus]] = []
    whole = fields(document(data, token, reading))
    files = [fields(f) for f in items(whole.get("testResults"))]
    tests = 0
    loaded = 0
    paths: set[str] = set()
    for file in files:
        path = relative(text(file.get("name")), workdir)
        if path in paths or not path:
            reading.note(f"{path or 'a file without a name'}: reported twice" if path else "a file of the report has no name")
        paths.add(path)
        found = [_test(reading, path, fields(t)) for t in items(file.get("assertionResults"))]
        tests += len(found)
        loaded += bool(found)
        message = text(file.get("message"))
        if alarm and alarm in message:
            reading.note(f"{path}: an assertion that must fail does not")
        broken = bool(message) or (file.get("status") == "failed" and all(status != "failed" for _, status in found))
        if broken:
            reading.units[path] = "error"
        for name, status in found:
            if name in canaries:
                seen.append((name, status))
            else:
                reading.add(f"{path}::{name}", "error" if broken and status == "passed" else status)
        if canaries and not found and not broken:
            reading.note(f"{path}: passed though tests planted in it must fail")
    if reading.ended and whole.get("numTotalTests") != tests:
        reading.note(f"{whole.get('numTotalTests')!r} tests were counted, {tests} reported")
    reading.canaries = of_every_process(canaries, seen, loaded)
    reading.started = {*reading.statuses, *(f"canary::{name}" for name, status in reading.canaries.items() if status != "missing")}
    failed = any(s in ("failed", "error") for s in (*reading.statuses.values(), *reading.units.values(), *(s for _, s in seen)))
    reading.codes = (1,) if failed else (0,)
    return reading


def _test(reading: Reading, path: str, result: Mapping[str, Any]) -> tuple[str, TestStatus]:
    """Titles of a test from the outside in, and its status; a status that is not known is an error."""
    titles = [*map(text, items(result.get("ancestorTitles"))), text(result.get("title"))]
    status = _STATUS.get(text(result.get("status")))
    if status is None:
        reading.note(f"{path}: a test has a status that is not known")
    return " > ".join(titles), status or "error"
