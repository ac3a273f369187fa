"""Blocks of functions: which there are, when two count as the same, and that code which notes them does what it did."""

import ast
import inspect
from typing import Any

import pytest
from agentgrader.differential.unreached import new_blocks
from agentgrader.probes.blocks import blocks, noting

SOURCE = """
def kinds(a, b=2):
    "Says what there is."
    found = []
    if a > b and b or not a:
        found.append("if")
    elif a == b:
        found.append("elif")
    else:
        found.append("else")
    for n in range(a):
        if n == 3:
            break
    else:
        found.append("all")
    while a > 5:
        a -= 1
        continue
    try:
        found.append(1 // a)
    except ZeroDivisionError as error:
        found.append(str(error))
    else:
        found.append("fine")
    finally:
        found.append("done")
    match b:
        case 2:
            found.append("two")
        case int() if b > 2:
            found.append("more")
    if a == 4:
        return sorted({k: v for k, v in zip(found, range(9)) if v}, key=str)
    call = lambda x: x or "nothing"
    return found + [call(i) for i in (0, a)] + list(y for y in each(b))


def each(n):
    with open("/dev/null"):
        yield from range(n)
    yield "last" if n else None


class Kept:
    limit = 3 if True else 4

    def method(self):
        nonlocal_ = [self.limit]

        def inner():
            nonlocal_.append(1)
            return nonlocal_

        return inner()
"""


def _all(source: str) -> list[list[Any]]:
    return blocks(ast.parse(source))


def _namespace(tree: ast.Module, **more: Any) -> dict[str, Any]:
    made = dict(more)
    exec(compile(tree, "<noting>", "exec"), made)
    return made


def test_code_that_notes_its_blocks_does_what_it_did() -> None:
    reached: set[int] = set()
    plain = _namespace(ast.parse(SOURCE))
    wanted = {n: n for n in range(len(_all(SOURCE)))}
    noted = _namespace(noting(ast.parse(SOURCE), wanted, "note"), note=reached.add)
    for a in range(9):
        for b in range(5):
            assert noted["kinds"](a, b) == plain["kinds"](a, b)
    assert noted["Kept"]().method() == plain["Kept"]().method()
    assert inspect.getdoc(noted["kinds"]) == inspect.getdoc(plain["kinds"])
    assert reached == set(wanted)


def test_only_what_is_wanted_is_noted_and_only_if_it_runs() -> None:
    reached: set[int] = set()
    lines = {line: n for n, (_, line) in enumerate(_all(SOURCE))}
    inside = next(line for line, text in enumerate(SOURCE.splitlines(), 1) if 'append("elif")' in text)
    space = _namespace(noting(ast.parse(SOURCE), {lines[inside]: 70}, "note"), note=reached.add)
    space["kinds"](3, 2)
    assert reached == set()
    space["kinds"](2, 2)
    assert reached == {70}


SAME = {
    "locals renamed": ("found", "seen"),
    "another docstring": ("Says what there is.", "Tells it."),
    "a comment": ("    found = []\n", "    found = []  # nothing yet\n"),
    "parentheses": ("a == 4", "(a == 4)"),
}
OTHER = {
    "another constant": ("a == 4", "a == 5"),
    "parameters swapped": ("a > b and", "b > a and"),
    "another attribute": ("self.limit", "self.most"),
    "another error": ("ZeroDivisionError", "ValueError"),
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_blocks_in_other_words_are_the_same(change: tuple[str, str]) -> None:
    assert SOURCE.count(change[0])
    assert [d for d, _ in _all(SOURCE.replace(*change))] == [d for d, _ in _all(SOURCE)]


@pytest.mark.parametrize("change", OTHER.values(), ids=OTHER)
def test_a_block_under_another_condition_is_new(change: tuple[str, str]) -> None:
    gold, theirs = {"a.py": [(d, n) for d, n in _all(SOURCE)]}, {"b.py": [(d, n) for d, n in _all(SOURCE.replace(*change))]}
    new = new_blocks(gold, theirs)
    assert new.places
    assert new.unreached(range(len(new.places))) == ()
    assert set(new.unreached(())) == {f"b.py:{line}" for _, _, line in new.places}
    assert sorted(n for numbers in new.noted.values() for _, n in numbers) == list(range(len(new.places)))


def test_branches_that_change_places_are_not_new_and_neither_is_what_never_runs() -> None:
    one, other = "def f(a):\n    if a >= 2:\n        x = a\n    else:\n        x = -a\n    return x\n", "def f(a):\n    if {}:\n"
    for condition in ("a < 2", "2 > a", "not a >= 2", "not 2 <= a"):
        text = other.format(condition) + "        x = -a\n    else:\n        x = a\n    if False:\n        x = 0\n    return x\n"
        new = new_blocks({"a.py": [(d, n) for d, n in _all(one)]}, {"a.py": [(d, n) for d, n in _all(text)]})
        assert [line for *_, line in new.places] == [2, 6, 8], "the function as a whole, and what follows each condition"


@pytest.mark.parametrize("nothing", ["()", "[]", "{}", "''", "b''"])
def test_a_loop_over_nothing_never_runs(nothing: str) -> None:
    one = "def f(a):\n    for _ in {}:\n        a = 0\n    return a\n"
    assert len(_all(one.format(nothing))) == len(_all(one.format("[a]"))) - 1


def test_a_number_too_long_to_be_written_out_is_read() -> None:
    assert _all(f"def f(n):\n    if n:\n        return 0x{'1' * 9000}\n    return 2\n")


def test_of_a_file_that_cannot_be_read_all_is_new() -> None:
    new = new_blocks({"a.py": [("x", 1)]}, {"a.py": None})
    assert new.unreached([*range(9)][1:]) == ("a.py:1",)


def test_what_moves_to_another_file_is_not_new() -> None:
    assert new_blocks({"a.py": [("x", 1), ("y", 2)]}, {"a.py": [], "b.py": [("y", 7)]}).places == ()


def test_a_block_like_one_that_stays_is_new() -> None:
    one = "def f(a):\n    most = 3\n    if a > most:\n        a = most\n    return a\n"
    other = "\n\ndef g(b):\n    least = 9\n    if b > least:\n        b = least\n    return b\n"
    gold = {"a.py": [(d, n) for d, n in _all(one)]}
    assert [line for *_, line in new_blocks(gold, {"a.py": [(d, n) for d, n in _all(one + other)]}).places] == [4, 5, 9, 11, 12]
    moved = {"a.py": [], "b.py": [(d, n) for d, n in _all(other)]}
    assert [line for *_, line in new_blocks(gold, moved).places] == [4], "the whole of a function has its name"


def test_of_many_places_the_first_are_named() -> None:
    new = new_blocks({}, {"a.py": [(str(n), n) for n in range(5000)]})
    assert len(new.unreached(())) < 30
    assert new.unreached(range(4990)) == tuple(f"a.py:{n}" for n in range(4990, 5000))
    assert new.unreached(())[-1].endswith("more lines")
