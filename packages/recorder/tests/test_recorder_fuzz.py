"""Damaged logs: no crash, no silent loss, and what is bad costs nothing of what is good."""

import copy
import json
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from agentrecorder.convert import ConversionFailure, Converted, convert
from agentrecorder.errors import NotReadable, UnknownFormat
from agentrecorder.run import Run
from trajtests.recorder_cases import CASES, CORPUS, Case, dump, lines
from trajtests.recorder_damage import LINES, WRONG, damaged, places

NAMED = {case.name: case for case in CASES}
LINED = [case for case in CASES if case.shape in ("lines", "rows")]
WHOLE = [case for case in CASES if case.shape in ("document", "table")]
TURNS = 6


def runs_of(path: Path) -> list[Run]:
    """The runs in a file or folder, each a record of the contract; nothing fails but with a reason of its own."""
    try:
        found = list(convert(path))
    except (UnknownFormat, NotReadable):
        return []
    for one in found:
        if isinstance(one, ConversionFailure):
            assert "adapter failed" not in one.reason, one.reason
        elif isinstance(one, Converted):
            one.run.trajectory(one.sha256, one.index)
    return [one.run for one in found if isinstance(one, Converted)]


def accounted(path: Path) -> int:
    """Items that are in a run, aside, left, or failures."""
    total = 0
    for one in convert(path):
        if isinstance(one, Converted):
            total += one.run.taken + sum(one.run.aside.values()) + len(one.run.left)
        elif isinstance(one, ConversionFailure):
            total += 1
    return total


def turns(path: Path) -> int:
    return sum(run.turns for run in runs_of(path))


def calls(path: Path) -> Counter[str]:
    """Arguments of the calls."""
    return Counter(call["arguments"] for run in runs_of(path) for step in run.steps for call in step["tool_calls"])


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_a_small_log_of_each_format_is_read_whole(case: Case, tmp_path: Path) -> None:
    runs = runs_of(case.write(tmp_path, TURNS))
    assert [(run.turns, run.calls, run.results) for run in runs] == [(TURNS, TURNS, TURNS)] * case.runs
    assert not [left for run in runs for left in run.left]
    assert all("def f0(): pass" in run.steps[-TURNS]["observations"][0]["content"] or run.turns != TURNS for run in runs)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_damage_anywhere_raises_nothing(case: Case, tmp_path: Path) -> None:
    original = case.write(tmp_path)
    for seed in range(40):
        runs_of(damaged(original, tmp_path / str(seed), random.Random(f"{case.name} {seed}")))


@pytest.mark.parametrize("case", [c for c in CASES if c.shape != "folder"], ids=lambda c: c.name)
def test_a_log_that_is_cut_off_keeps_what_stands_before_the_cut(case: Case, tmp_path: Path) -> None:
    data = case.write(tmp_path, 2).read_bytes()
    for percent in range(100):
        part = data[: len(data) * percent // 100]
        found = turns(write(tmp_path / "cut", part))
        if case in LINED:
            whole = write(tmp_path / "whole", part[: part.rfind(b"\n") + 1])
            assert found >= turns(whole), f"cut at {percent} %"


@pytest.mark.parametrize("case", LINED, ids=lambda c: c.name)
def test_a_bad_line_costs_itself_alone_and_is_accounted_for(case: Case, tmp_path: Path) -> None:
    original = case.write(tmp_path, TURNS)
    good = original.read_bytes().splitlines(keepends=True)
    expected, made = turns(original), calls(original)
    for number, bad in enumerate(LINES):
        at = random.Random(number).randint(1, len(good))
        path = write(tmp_path / "bad", b"".join([*good[:at], bad + b"\n", *good[at:]]))
        assert turns(path) >= expected, f"{bad[:40]!r} as line {at + 1}"
        assert not made - calls(path), f"{bad[:40]!r} as line {at + 1}"
        if case.shape == "lines":
            assert accounted(path) == len(good) + 1, f"{bad[:40]!r} as line {at + 1}"
        else:
            assert sum(1 for _ in convert(path)) == len(good) + 1


@pytest.mark.parametrize("case", WHOLE, ids=lambda c: c.name)
def test_a_bad_element_of_a_list_costs_itself_alone_and_is_accounted_for(case: Case, tmp_path: Path) -> None:
    original = case.write(tmp_path, TURNS)
    tree = json.loads(original.read_bytes())
    expected, items = turns(original), accounted(original)
    for number, wrong in enumerate(WRONG):
        for holder, at in _elements(tree, number):
            kept = holder[at]
            holder[at] = "a mark"
            path = write(tmp_path / "bad", dump(tree).replace(b'"a mark"', wrong.encode()))
            holder[at] = kept
            where = f"{wrong[:40]} as element {at} of {len(holder)}"
            assert turns(path) >= expected - 1, where
            assert accounted(path) >= items, where


def _elements(tree: object, seed: int) -> Iterator[tuple[list[object], int]]:
    """One element of each list that is as long as the log has turns."""
    long = {id(holder): holder for holder, key in places(tree) if isinstance(holder, list) and len(holder) >= TURNS}
    for holder in long.values():
        yield holder, random.Random(seed).randint(1, len(holder) - 1)


@pytest.mark.parametrize("case", [c for c in CASES if c.shape in ("rows", "table")], ids=lambda c: c.name)
def test_a_bad_row_costs_itself_alone(case: Case, tmp_path: Path) -> None:
    row = case.make(TURNS, lambda i: "seen")
    for wrong in (None, 3, "text", [], {}, {"messages": 3}, {"history": {}}, {"trajectory": None, "id": []}):
        rows = [copy.deepcopy(row), wrong, copy.deepcopy(row)]
        path = write(tmp_path / "rows", lines(rows) if case.shape == "rows" else dump(rows))
        assert turns(path) >= 2 * TURNS, repr(wrong)
        assert sum(1 for _ in convert(path)) >= 3, repr(wrong)


@pytest.mark.soak
def test_ten_thousand_damaged_logs_raise_nothing(tmp_path: Path) -> None:
    logs = [case.write(tmp_path, 4) for case in CASES]
    if CORPUS is not None:
        logs += [p for p in sorted(CORPUS.rglob("*")) if p.is_file() and p.stat().st_size < 64 << 10 and "labelled" not in p.parts]
    for seed in range(10_000):
        rng = random.Random(seed)
        with tempfile.TemporaryDirectory(dir=tmp_path) as scratch:
            original = logs[seed % len(CASES)] if seed % 2 else rng.choice(logs)
            try:
                runs_of(damaged(original, Path(scratch) / "log", rng))
            except Exception as problem:
                shutil.copytree(scratch, tmp_path.parent / f"seed-{seed}")
                raise AssertionError(f"{original}, seed {seed}") from problem


@pytest.mark.soak
@pytest.mark.parametrize("case", LINED, ids=lambda c: c.name)
def test_a_line_of_a_hundred_megabytes_costs_nothing_of_the_others(case: Case, tmp_path: Path) -> None:
    original = case.write(tmp_path, 3)
    good = original.read_bytes().splitlines(keepends=True)
    expected = turns(original)
    for bad in (b"x" * (100 << 20), b'{"a": "' + b"y" * (100 << 20) + b'"}', b'{"a": [' + b"1," * (50 << 20)):
        path = write(tmp_path / "bad", b"".join([*good[:2], bad, b"\n", *good[2:]]))
        assert turns(path) >= expected
    path = case.write(tmp_path, 3, lambda i: "z" * (100 << 20) if i == 1 else "seen")
    assert turns(path) == expected
