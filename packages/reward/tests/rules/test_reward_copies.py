"""Copies of steps that once raised the total: each left something behind by which a later step looked better, or advanced itself."""

import pytest
from trajschema.trajectory import Step
from trajtests.reward_cases import SOURCE, call, change, process, pytest_run, run, score_rules, seen, shell, submit, turn, typed, view

FIX = change("src/dates.py", "    month = int(text[5:7]) + 1", "    month = int(text[5:7])")
BLIND = change("lib/more.py", "zzz1", "zzz2")
REWRITTEN = change("repro.py", "a1", "b1")
FAILS = shell("python repro.py", "Traceback (most recent call last):\nAssertionError: 13\n", 1)
PASSES = shell("python repro.py", "fine\n")
WRITES = turn((call("file_write", path="src/dates.py", content=SOURCE), seen("written", None)))
LINE = "total = compute(month, year)\n"


def both(*steps: Step) -> Step:
    return turn(*[pair for s in steps for pair in zip(s.tool_calls, s.observations, strict=True)])


def pages(first: int, last: int) -> tuple[Step, ...]:
    return tuple(view(f"docs/{i}.md", f"page {i} of it") for i in range(first, last))


def opens(path: str) -> Step:
    return turn((call("file_read", "open", path=path), seen("1:x\n", None)))


def types(new: str) -> Step:
    return turn((call("file_edit", "edit", start_line=1, end_line=1, replacement_text=new), seen("done", None)))


def formats(said: str) -> Step:
    return turn((call("other", "format", path="x"), seen(said)))


def failed_in(seconds: str) -> Step:
    return shell("python repro.py", f"took {seconds}\nTraceback (most recent call last):\nAssertionError: 13\n", 1)


COPIES: dict[str, tuple[tuple[Step, ...], int, int]] = {
    "a program that passed may have changed the code": (
        (shell("bash tests/run.sh", "all fine"), view("src/dates.py"), FAILS, change("tests/help.py", "a", "b"), PASSES),
        0,
        4,
    ),
    "a tool that nobody knows may have changed the code": (
        (formats("ok"), FIX, pytest_run(2, 8), pytest_run(0, 10)),
        0,
        3,
    ),
    "what it answers differs by a clock": (
        (formats("1.0s"), formats("2.0s"), BLIND, pytest_run(2, 8), pytest_run(0, 10)),
        1,
        4,
    ),
    "a program that was rewritten failed like before": (
        (view("src/dates.py"), FAILS, REWRITTEN, FIX, PASSES),
        1,
        3,
    ),
    "it failed like before but for a clock": (
        (view("src/dates.py"), failed_in("1.0s"), failed_in("2.0s"), REWRITTEN, BLIND, PASSES),
        2,
        4,
    ),
    "it passed before it was rewritten": (
        (PASSES, REWRITTEN, FAILS, BLIND),
        0,
        4,
    ),
    "it passed before it was rewritten, and that is handed in": (
        (PASSES, REWRITTEN, FAILS, BLIND, submit()),
        0,
        4,
    ),
    "what was shown long ago is shown again": (
        (
            shell("cat names.txt", "total compute month year"),
            shell("python show.py", LINE),
            *pages(0, 4),
            change("docs/0.md", "page 0", "page 1"),
            *pages(4, 13),
            change("src/dates.py", LINE, "total = 0\n"),
        ),
        1,
        16,
    ),
    "what an earlier run had shown is shown again": (
        (
            shell("cat names.txt", "total compute month year"),
            shell("python show.py", LINE).model_copy(update={"flags": ("copied_context",)}),
            *pages(0, 13),
            change("src/dates.py", LINE, "total = 0\n"),
        ),
        1,
        15,
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
        (opens("src/util.py"), types("y = 1"), opens("tests/test_dates.py"), types("z = 1")),
        0,
        3,
    ),
    "the editor says which file is open": (
        (
            view("src/util.py", "x"),
            typed("src/util.py", 1, "y = 1"),
            view("tests/test_dates.py", "x"),
            typed("tests/test_dates.py", 1, "z = 1"),
        ),
        0,
        3,
    ),
}


@pytest.mark.parametrize(("steps", "original", "at"), COPIES.values(), ids=COPIES)
def test_a_copied_step_raises_nothing(steps: tuple[Step, ...], original: int, at: int) -> None:
    assert process(*steps[:at], steps[original], *steps[at:]) <= process(*steps)


@pytest.mark.parametrize(("steps", "original", "at"), COPIES.values(), ids=COPIES)
def test_a_copied_step_leaves_every_other_score_as_it_was(steps: tuple[Step, ...], original: int, at: int) -> None:
    def scores(*found: Step) -> list[tuple[str, float | None]]:
        return [(row.rubric_id, row.score) for row in score_rules(run(*found), scorer_version="v")]

    padded = scores(*steps[:at], steps[original], *steps[at:])
    assert padded[: 6 * at] + padded[6 * (at + 1) :] == scores(*steps)


def test_a_copy_is_gated_where_nothing_changed_since_the_step_was_done_last() -> None:
    def gates(*found: Step) -> list[float | None]:
        return [row.score for row in score_rules(run(*found), scorer_version="v") if row.rubric_id == "gate"]

    look = shell("ls", "src")
    assert gates(look, look, FIX, look, look, look) == [1, 0, 1, 1, 0, 0]
