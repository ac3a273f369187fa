"""``node --test``, with a reporter of our own and canaries in each of its processes."""

import secrets
from collections.abc import Mapping, Sequence

from trajschema.outcome import TestStatus

from agentgrader.frameworks import javascript
from agentgrader.frameworks.documents import document, items, text
from agentgrader.frameworks.framework import Job, TestBox
from agentgrader.frameworks.judging import Reading, judged, of_every_process
from agentgrader.report import TestReport

_REFUSED = (
    "--test-name-pattern",
    "--test-skip-pattern",
    "--test-only",
    "--test-reporter",
    "--test-reporter-destination",
    "--test-isolation",
    "--experimental-test-isolation",
    "--test-shard",
    "--watch",
)


class Node(javascript.JavaScript):
    """``node --test``. A test id is ``path::suite > test``, where the path is that of the test's file.

    Ids choose files, all tests of which run; a report names only the tests among the ids. Tests of one id are one test, which
    passes if all of them do.
    """

    name = "node --test"
    protected = (*javascript.PROTECTED, "**/*-test.*js", "**/*_test.*js", "**/test-*.*js", "**/test.*js", "**/node.config.json")

    def runs(self, command: Sequence[str]) -> bool:
        return tuple(command[:1]) == ("node",) and "--test" in command

    def run(self, box: TestBox, job: Job) -> TestReport:
        javascript.refuse(job, _REFUSED)
        settings = {"canaries": list(job.canaries.items()), "variable": f"V{secrets.token_hex(6)}"}
        files = {
            "reporter.cjs": javascript.script("node_reporter.cjs", {"report": box.report, "token": box.token}),
            "canaries.cjs": javascript.script("node_canaries.cjs", settings),
        }
        planted = ("--require", f"{box.folder}/canaries.cjs") if job.canaries else ()
        reporters = ("--test-reporter=spec", "--test-reporter-destination=stdout")
        own = (f"--test-reporter={box.folder}/reporter.cjs", "--test-reporter-destination=/dev/null")
        chosen = tuple(sorted({test.partition("::")[0] for test in job.ids}) or job.paths)
        argv = ("node", *planted, *reporters, *own, *job.command[1:], *chosen)
        ended = box.command(argv, job.timeout_s, "file", files=files)
        javascript.begun(ended, self.name)
        return judged(read_events(ended.report, box.token, job.canaries, box.workdir), ended, job.ids)


def read_events(data: bytes, token: str, canaries: Mapping[str, str], workdir: str) -> Reading:
    """What the reporter's events say: ``[kind, nesting, name, file, is a suite, skip or todo]`` each, in the order of the tests."""
    reading = Reading(started=set())
    started: set[str] = set()
    seen: list[tuple[str, TestStatus]] = []
    above: list[str] = []
    processes = 0
    failed = False
    for event in items(document(data, token, reading)):
        fields = items(event)
        if len(fields) != 6 or not isinstance(fields[1], int) or not 0 <= fields[1] <= len(above):
            reading.note("an event of the report is garbled")
            continue
        kind, nesting, name, file, mark = text(fields[0]), fields[1], text(fields[2]), text(fields[3]), text(fields[5])
        above = [*above[:nesting], name]
        test = f"{javascript.relative(file, workdir)}::{' > '.join(above)}"
        canary = name if name in canaries and nesting == 0 else ""
        failed |= kind == "fail" and mark != "todo"
        status: TestStatus = "skipped" if mark else "passed" if kind == "pass" else "failed"
        if kind == "start":
            started.add(f"canary::{canary}" if canary else test)
        elif kind not in ("pass", "fail"):
            reading.note("an event of the report is garbled")
        elif canary:
            seen.append((canary, status))
        elif nesting == 0 and (name == file or file.endswith(f"/{name}")):
            started.discard(test)  # the whole file: no test in it was reported, or its process failed
            _whole_file(reading, javascript.relative(file, workdir), status, bool(canaries))
        elif fields[4] is True:
            started.discard(test)
            if status == "failed":
                reading.units[test] = "failed"
        else:
            reading.add(test, status)
    processes = max((sum(name == canary for name, _ in seen) for canary in canaries), default=0)
    reading.canaries = of_every_process(canaries, seen, processes)
    reading.started = started
    reading.codes = (1,) if failed else (0,)
    return reading


def _whole_file(reading: Reading, path: str, status: TestStatus, planted: bool) -> None:
    reading.units[path] = "error" if status == "failed" else status
    if status == "passed" and planted:
        reading.note(f"{path}: its process passed though tests planted in it must fail")
