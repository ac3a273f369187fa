"""Readers of reports: no damage makes them crash, or see a test pass that the report does not say passed."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from agentgrader.frameworks.golang import go_name
from agentgrader.frameworks.golang_events import read_events as read_go
from agentgrader.frameworks.jest_results import read_results
from agentgrader.frameworks.judging import Reading, judged
from agentgrader.frameworks.nodejs import read_events as read_node
from agentgrader.frameworks.python import read_records
from agentgrader.report import TestReport
from agentsandbox.messages import CommandResult
from hypothesis import given
from hypothesis import strategies as st

TOKEN = "0123456789abcdef"
PLANTED = {"test_qa": "failed", "test_qb": "passed"}
Tests = dict[str, str]
"""Title → passed, failed or skipped."""


def python_report(tests: Tests) -> bytes:
    """Records of pytest or unittest."""
    ran = {f"t.py::{title}": status for title, status in tests.items()} | {f"canary::{n}": s for n, s in PLANTED.items()}
    records = [{"collected": list(ran)}, *({"test": n, "status": s} for n, s in ran.items()), {"end": 1, "lines": {}}]
    return b"".join(json.dumps([TOKEN, r]).encode() + b"\n" for r in records)


def go_report(tests: Tests) -> bytes:
    """Events of one package."""
    ran = {f"Test{title}": status for title, status in tests.items()} | {go_name(n): s for n, s in PLANTED.items()}
    actions = {"passed": "pass", "failed": "fail", "skipped": "skip"}
    events = [{"Action": "start", "Package": "p"}]
    for name, status in ran.items():
        events.append({"Action": "run", "Package": "p", "Test": name})
        events.append({"Action": "output", "Package": "p", "Test": name, "Output": "text\n"})
        events.append({"Action": actions[status], "Package": "p", "Test": name})
    events.append({"Action": "fail", "Package": "p"})
    return b"".join(json.dumps(e).encode() + b"\n" for e in events)


def node_report(tests: Tests) -> bytes:
    """Events of one file."""
    events: list[list[object]] = []
    for title, status in {**tests, **PLANTED}.items():
        events.append(["start", 0, title, "/w/t.js", False, ""])
        events.append(["fail" if status == "failed" else "pass", 0, title, "/w/t.js", False, "skip" if status == "skipped" else ""])
    return json.dumps([TOKEN, events]).encode() + b"\n"


def jest_report(tests: Tests) -> bytes:
    """Results of one file."""
    results = [{"ancestorTitles": [], "title": t, "status": s} for t, s in {**PLANTED, **tests}.items()]
    files = [{"name": "/w/t.js", "status": "failed", "message": "", "assertionResults": results}]
    return json.dumps([TOKEN, {"numTotalTests": len(results), "testResults": files}]).encode() + b"\n"


@dataclass(frozen=True)
class Reader:
    """A reader with what writes for it."""

    name: str
    write: Callable[[Tests], bytes]
    read: Callable[[bytes], Reading]
    test_id: Callable[[str], str]

    def report(self, data: bytes) -> TestReport:
        """What is made of ``data`` where the process ended as the honest report says."""
        return judged(self.read(data), CommandResult(data, cut=False, exit_code=1, timed_out=False, seconds=0.0, output=""))

    def passed(self, data: bytes) -> set[str]:
        """Tests that count as passed."""
        return {test for test, status in self.report(data).statuses.items() if status == "passed"}


READERS = (
    Reader("python", python_report, lambda d: read_records(d, TOKEN, PLANTED, ("failed", "error")), lambda t: f"t.py::{t}"),
    Reader("go", go_report, lambda d: read_go(d, {go_name(n): n for n in PLANTED}, PLANTED, {"p"})[0], lambda t: f"p::Test{t}"),
    Reader("node", node_report, lambda d: read_node(d, TOKEN, PLANTED, "/w"), lambda t: f"t.js::{t}"),
    Reader("jest", jest_report, lambda d: read_results(d, TOKEN, PLANTED, "/w", "alarm"), lambda t: f"t.js::{t}"),
)
each_reader = pytest.mark.parametrize("reader", READERS, ids=lambda r: r.name)
suites = st.dictionaries(st.sampled_from("ABCDEF"), st.sampled_from(["passed", "failed", "skipped"]), min_size=1)
junk = st.one_of(
    st.binary(min_size=1, max_size=40),
    st.sampled_from(
        [b"\xff\xfe\n", b"x" * 100_000 + b"\n", b"[" * 5000 + b"\n", b"\x00\n", b"PASS\n", b"null\n", b"[]\n", b'{"Action":"pass"}\n']
    ),
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def expected(reader: Reader, tests: Tests) -> set[str]:
    return {reader.test_id(title) for title, status in tests.items() if status == "passed"}


@each_reader
@given(tests=suites)
def test_an_honest_report_is_complete_and_says_what_it_says(reader: Reader, tests: Tests) -> None:
    report = reader.report(reader.write(tests))
    assert (report.complete, report.notes, report.canaries) == (True, (), PLANTED)
    assert report.statuses == {reader.test_id(title): status for title, status in tests.items()}


@each_reader
@given(tests=suites, data=st.data())
def test_cut_short_anywhere_it_is_incomplete(reader: Reader, tests: Tests, data: st.DataObject) -> None:
    whole = reader.write(tests)
    cut = data.draw(st.integers(0, len(whole) - 2))
    assert reader.passed(whole[:cut]) <= expected(reader, tests)
    assert not reader.report(whole[:cut]).complete


@each_reader
@given(tests=suites, more=junk, data=st.data())
def test_what_is_written_between_is_noted_and_makes_nothing_pass(reader: Reader, tests: Tests, more: bytes, data: st.DataObject) -> None:
    whole = reader.write(tests)
    at = data.draw(st.integers(0, len(whole)))
    report = reader.report(whole[:at] + more + whole[at:])
    passed = {test for test, status in report.statuses.items() if status == "passed"}
    known = {reader.test_id(title) for title in "ABCDEF"}
    assert passed & known <= expected(reader, tests)
    renamed = report.statuses.keys() - known  # what is written inside a title makes it another test's
    assert not report.complete or renamed or passed == expected(reader, tests)


@each_reader
@given(tests=suites, data=st.data())
def test_a_line_that_comes_twice_is_noted(reader: Reader, tests: Tests, data: st.DataObject) -> None:
    lines = reader.write(tests).splitlines(keepends=True)
    at = data.draw(st.integers(0, len(lines) - 1))
    doubled = b"".join([*lines[: at + 1], lines[at], *lines[at + 1 :]])
    assert reader.passed(doubled) <= expected(reader, tests)
    says_a_result = any(word in lines[at] for word in (b'"status"', b'"pass"', b'"fail"', b'"skip"', b'"run"'))
    assert not says_a_result or not reader.report(doubled).complete


@each_reader
@given(tests=suites, data=st.data())
def test_a_line_that_is_lost_makes_nothing_pass(reader: Reader, tests: Tests, data: st.DataObject) -> None:
    lines = reader.write(tests).splitlines(keepends=True)
    del lines[data.draw(st.integers(0, len(lines) - 1))]
    assert reader.passed(b"".join(lines)) <= expected(reader, tests)


@each_reader
@given(content=anything)
def test_other_types_than_expected_pass_nothing(reader: Reader, content: object) -> None:
    for sent in ([TOKEN, content], content, [TOKEN, {"testResults": content, "test": content}], {"Action": "pass", "Package": content}):
        assert reader.passed(json.dumps(sent).encode() + b"\n") == set()


@each_reader
@given(tests=suites, other=suites)
def test_a_report_without_the_token_counts_for_nothing(reader: Reader, tests: Tests, other: Tests) -> None:
    if reader.name == "go":
        return  # its report bears none: standard output of go itself, which no process with tests holds
    forged = reader.write(tests).replace(TOKEN.encode(), b"f" * 16)
    assert reader.passed(forged) == set()
    assert not reader.report(forged + reader.write(other)).complete


@each_reader
def test_the_exit_status_must_agree(reader: Reader) -> None:
    data = reader.write({"A": "passed"})
    for code in (0, 2, 137):
        report = judged(reader.read(data), CommandResult(data, cut=False, exit_code=code, timed_out=False, seconds=0.0, output=""))
        assert not report.complete
        assert f"ended with status {code}" in report.notes[-1]


@each_reader
def test_a_report_that_is_not_kept_whole_is_incomplete(reader: Reader) -> None:
    data = reader.write({"A": "passed"})
    report = judged(reader.read(data), CommandResult(data, cut=True, exit_code=1, timed_out=False, seconds=0.0, output=""))
    assert not report.complete
    assert "longer than what is kept" in report.notes[0]


@each_reader
def test_canaries_that_are_missing_or_wrong_are_seen(reader: Reader) -> None:
    honest = reader.write({"A": "passed"})
    name = go_name("test_qa").encode() if reader.name == "go" else b"test_qa"
    assert reader.report(honest.replace(name, b"Test_other")).canaries["test_qa"] == "missing"
