"""Edits of a function that was read out of its file."""

from random import Random

import pytest
from agentrollout.policies.fragment import Fragment, edits_in
from agentrollout.policies.ranking import Clues, rank
from agentrollout.policies.reading import Setup, fragment_of, functions_in, is_library
from agenttasks.faults.operators import REMOVALS, SIMPLE
from trajschema.trajectory import Observation

METHOD = '''\
    def clamp(self, value):
        """Keep it
low."""
        if value < self.low and value < 9:
            return self.low
        else:
            return value + 1
'''


def _fragment(text: str = METHOD) -> Fragment:
    return Fragment("a.py", 10, text)


def test_every_edit_applies_once_and_changes_the_line_it_names() -> None:
    fragment = _fragment()
    edits = edits_in(fragment, SIMPLE)
    assert {edit.operator for edit in edits} >= {"comparison", "boolean_operator", "arithmetic", "off_by_one", "swap_if_else"}
    for edit in edits:
        assert fragment.text.count(edit.old) == 1
        changed = fragment.text.replace(edit.old, edit.new).split("\n")
        before = fragment.text.split("\n")
        first = next(n for n, (old, new) in enumerate(zip(before, changed, strict=False)) if old != new)
        assert edit.line == fragment.first + first
        compile("class A:\n" + "\n".join(changed), "a.py", "exec")


def test_an_edit_reads_as_the_change_that_it_is() -> None:
    edits = edits_in(_fragment(), SIMPLE)
    assert "comparison, `<` becomes `<=`" in [edit.what for edit in edits]
    assert {edit.function for edit in edits} == {"clamp"}


def test_a_repair_is_among_the_edits_of_a_fault() -> None:
    faulty = _fragment(METHOD.replace("value + 1", "value - 1"))
    assert METHOD in [faulty.text.replace(edit.old, edit.new) for edit in edits_in(faulty, SIMPLE)]


@pytest.mark.parametrize("text", ["def broken(:\n", "    return 1\n)\n", "\0"])
def test_what_is_no_code_offers_no_edit(text: str) -> None:
    assert edits_in(_fragment(text), (*SIMPLE, *REMOVALS)) == []


def test_functions_are_found_in_the_library_alone() -> None:
    found = "src/a.py:3:def one():\nsrc/a.py:9:    def two(self):\nsrc/a.py:20:    async def three(self):\n"
    assert functions_in(found + "tests/test_a.py:1:def test_one():\n") == [
        Setup("src/a.py", 3, 82, "one"),
        Setup("src/a.py", 9, 19, "two"),
        Setup("src/a.py", 20, 99, "three"),
    ]


@pytest.mark.parametrize(("path", "library"), [("src/a.py", True), ("parse/__init__.py", True), ("test_x.py", False), ("docs/c.py", False)])
def test_tests_and_set_up_are_no_library(path: str, library: bool) -> None:
    assert is_library(path) is library


def test_what_was_read_is_cut_to_the_one_function() -> None:
    shown = f"    @property\n{METHOD.replace(chr(10) + 'low', chr(10) + '        low')}\n\n    other = 3\n    def next(self): pass\n"
    fragment = fragment_of(Setup("a.py", 9, 40, "clamp"), Observation(content=shown))
    assert fragment is not None
    assert fragment.text.startswith("    @property\n    def clamp")
    assert fragment.text.endswith("return value + 1\n")
    assert fragment.last == 16


@pytest.mark.parametrize("seen", [Observation(content="x", error="no such file"), Observation(content="def a(): 1", truncated=True)])
def test_what_was_not_shown_whole_is_not_edited(seen: Observation) -> None:
    assert fragment_of(Setup("a.py", 1, 2, "a"), seen) is None


def test_suspicious_lines_come_first_and_the_order_repeats_under_a_seed() -> None:
    edits = edits_in(_fragment(), SIMPLE)
    clues = Clues((), frozenset())
    scored = [(edit, 1.0 if edit.line == 16 else 0.2) for edit in edits]
    ranked = rank(scored, clues, Random(1), 0.1)
    assert ranked[0].edit.line == 16
    assert ranked == rank(scored, clues, Random(1), 0.1)
