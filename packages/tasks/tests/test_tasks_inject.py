"""The order of candidates: the same under a seed, prefix-stable, and balanced."""

import shlex
import textwrap
from itertools import islice
from pathlib import Path

import pytest
from agenttasks.faults.inject import Candidate, Kind, faulty, kind_at, queue, turns
from agenttasks.faults.operators import REMOVALS, SIMPLE
from agenttasks.libraries.library import Library, libraries

LIBRARY = Library("shapes", "1.0", "00", "MIT", "", "", sources=("shapes.py",), tests=("tests",))
FILES = {path: Path(str(module.__file__)).read_text("utf-8") for path, module in (("shlex.py", shlex), ("textwrap.py", textwrap))}


def drawn(kind: Kind, seed: int = 1) -> list[Candidate]:
    return list(queue(LIBRARY, FILES, seed, kind))


def test_every_pool_of_24_or_more_is_a_third_multi_place() -> None:
    for count in range(24, 500):
        multi = sum(kind_at(position) == "multi" for position in range(count))
        assert count <= 3 * multi <= 1.5 * count


def test_libraries_take_turns_evenly_and_in_no_fixed_order() -> None:
    names = list(libraries())
    order = list(islice(turns(names, 1), 10 * len(names)))
    for count in range(len(order)):
        shares = [order[:count].count(name) for name in names]
        assert max(shares) - min(shares) <= 1
    assert order[: len(names)] != order[len(names) : 2 * len(names)]
    assert order == list(islice(turns(names[::-1], 1), len(order)))


def test_without_libraries_there_are_no_turns() -> None:
    assert list(turns([], 1)) == []


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_a_seed_fixes_the_order_and_another_seed_gives_another_one(kind: Kind) -> None:
    ids = [candidate.id for candidate in drawn(kind)]
    assert ids == [candidate.id for candidate in drawn(kind)]
    assert ids != [candidate.id for candidate in drawn(kind, seed=2)]
    assert len(set(ids)) == len(ids)


def test_passing_over_a_mutation_keeps_the_order_within_each_operator() -> None:
    def order(candidates: list[Candidate], operator: str) -> list[str]:
        return [c.mutations[0].id for c in candidates if c.operators == (operator,)]

    fewer = list(queue(LIBRARY, FILES, 1, "single", lambda m: m.function != "split"))
    for operator in (*SIMPLE, *REMOVALS):
        kept = {c.mutations[0].id for c in fewer}
        assert order(fewer, operator) == [i for i in order(drawn("single"), operator) if i in kept]


def test_single_candidates_are_mostly_simple_and_take_turns() -> None:
    first = drawn("single")[:24]
    simple = sum(candidate.operators[0] in SIMPLE for candidate in first)
    assert simple == 16
    assert len({candidate.operators[0] for candidate in first}) >= 8


def test_places_of_a_candidate_lie_in_different_functions_with_different_operators() -> None:
    found = drawn("multi")
    assert {len(candidate.mutations) for candidate in found} == {2, 3}
    for candidate in found:
        assert len({(m.path, m.function) for m in candidate.mutations}) == len(candidate.mutations)
        assert len(set(candidate.operators)) == len(candidate.operators)


def test_faults_of_one_file_are_put_in_together() -> None:
    candidate = next(c for c in drawn("multi") if len({m.path for m in c.mutations}) == 1)
    (text,) = faulty(FILES, candidate.mutations).values()
    edits = sorted((edit for mutation in candidate.mutations for edit in mutation.edits), reverse=True)
    expected = FILES[candidate.mutations[0].path]
    for edit in edits:
        expected = expected[: edit.start] + edit.after + expected[edit.end :]
    assert text == expected
