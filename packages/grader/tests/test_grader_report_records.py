"""What counts as a record of the reporter, and what becomes of anything else."""

import json
import os

import pytest
from agentgrader.probes.report_records import read_report, sender

STRANGE = "something else than the reporter wrote to the report"


def _lines(*records: object, token: str = "t") -> bytes:
    return b"".join(json.dumps([token, record]).encode() + b"\n" for record in records)


def test_what_is_sent_is_read() -> None:
    read, write = os.pipe()
    send = sender(write, "t")
    for record in ({"collected": ["a"]}, {"test": "a", "status": "passed"}, {"end": 0, "lines": {}}):
        send(record)
    os.close(write)
    report = read_report(os.read(read, 1 << 16), "t")
    os.close(read)
    assert (report["collected"], report["statuses"], report["end"], report["notes"]) == (["a"], {"a": "passed"}, 0, [])


@pytest.mark.parametrize(
    "line",
    [
        b"2 passed\n",
        b'["t"]\n',
        b"[[[[[[\n",
        _lines({"test": "a", "status": "passed"}, token="guess"),
        _lines({"test": "a", "status": "fine"}),
        _lines({"test": "a"}),
        _lines({"test": 5, "status": "passed"}),
        _lines({"collected": 5}),
        _lines({"collected": [[]]}),
        _lines({"end": "0", "lines": {}}),
        _lines({"end": True, "lines": {}}),
        _lines({"note": 1}),
        _lines({}),
        _lines([]),
    ],
)
def test_anything_else_is_noted_and_changes_nothing(line: bytes) -> None:
    report = read_report(line, "t")
    assert (report["statuses"], report["collected"], report["end"], report["notes"]) == ({}, None, None, [STRANGE])


def test_a_second_record_of_a_test_is_noted() -> None:
    report = read_report(_lines({"test": "a", "status": "failed"}, {"test": "a", "status": "passed"}), "t")
    assert report["notes"] == ["a: reported twice"]


def test_notes_are_short_and_can_be_stored() -> None:
    report = read_report(_lines(*({"note": f"{n}" + "\ud800" * 999} for n in range(99))), "t")
    assert len(report["notes"]) <= 20
    assert all(len(note.encode("utf-8")) < 2000 for note in report["notes"])
