"""Copies of steps that once raised the total: each left something behind by which a later step looked better."""

import sys
from pathlib import Path

import pytest
from trajschema.trajectory import Step

sys.path.insert(0, str(Path(__file__).parent))

from reward_cases import SOURCE, call, change, process, pytest_run, seen, shell, turn, typed, view

FIX = change("src/dates.py", "    month = int(text[5:7]) + 1", "    month = int(text[5:7])")
FAILS = shell("python repro.py", "Traceback (most recent call last):\nAssertionError: 13\n", 1)
PASSES = shell("python repro.py", "fine\n")
WRITES = turn((call("file_write", path="src/dates.py", content=SOURCE), seen("written", None)))
TALKS = "total = compute(month, year)\n"


def both(*steps: Step) -> Step:
    pairs = [pair for s in steps for pair in zip(s.tool_calls, s.observations, strict=True)]
    return turn(*pairs)


def pages(first: int, last: int) -> tuple[Step, ...]:
    return tuple(view(f"docs/{i}.md", f"page {i} of it") for i in range(first, last))


COPIES: dict[str, tuple[tuple[Step, ...], int, int]] = {
    "a program that passed may have changed the code": (
        (shell("bash tests/run.sh", "all fine"), view("src/dates.py"), FAILS, change("tests/help.py", "a", "b"), PASSES),
        0,
        4,
    ),
    "a tool that nobody knows may have changed the code": (
        (turn((call("other", "format", path="x"), seen("ok"))), FIX, pytest_run(2, 8), pytest_run(0, 10)),
        0,
        3,
    ),
    "a program that was rewritten failed like before": (
        (view("src/dates.py"), FAILS, change("repro.py", "a", "b"), FIX, PASSES),
        1,
        3,
    ),
    "what was shown long ago is shown again": (
        (
            shell("cat names.txt", "total compute month year"),
            shell("python show.py", TALKS),
            *pages(0, 4),
            change("docs/0.md", "page 0", "page 1"),
            *pages(4, 13),
            change("src/dates.py", TALKS, "total = 0\n"),
        ),
        1,
        16,
    ),
    "a file given what it held is given it again": (
        (view("src/dates.py"), WRITES, FIX, shell("ls", "src"), pytest_run(2, 8), shell("ls", "src"), pytest_run(2, 8)),
        1,
        5,
    ),
    "a file was read before it changed": (
        (view("src/dates.py", "old\n"), change("src/dates.py", "old", SOURCE), view("src/dates.py"), WRITES),
        0,
        2,
    ),
    "tests in a step of several calls are known by then": (
        (view("src/dates.py"), pytest_run(2, 8), change("docs/a.md", "a", "b"), both(pytest_run(2, 8), FIX)),
        1,
        3,
    ),
    "another file is open in the editor": (
        (
            turn((call("file_read", "open", path="src/util.py"), seen("[File: /testbed/src/util.py (1 lines total)]\n1:x\n", None))),
            typed("src/util.py", 1, "y = 1"),
            turn(
                (
                    call("file_read", "open", path="tests/test_dates.py"),
                    seen("[File: /testbed/tests/test_dates.py (1 lines total)]\n1:x\n", None),
                )
            ),
            typed("tests/test_dates.py", 1, "z = 1"),
        ),
        0,
        3,
    ),
}


@pytest.mark.parametrize(("steps", "original", "at"), COPIES.values(), ids=COPIES)
def test_a_copied_step_raises_nothing(steps: tuple[Step, ...], original: int, at: int) -> None:
    assert process(*steps[:at], steps[original], *steps[at:]) <= process(*steps)
