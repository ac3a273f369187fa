"""Which test functions have copies, in how many rounds, and which of the copies are true: drawn anew in every grading."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, cycle, islice

from agentsandbox.server.globs import matches
from trajschema.diffs import paths_in
from trajschema.task import Task

from agentgrader.copies.copy import EXPECTED, Copy, Expected
from agentgrader.frameworks import framework_of
from agentgrader.frameworks.framework import Framework

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_FIXING, _KEEPING = 24, 8
"""Most test functions of FAIL_TO_PASS, and of PASS_TO_PASS in each round."""
_FEWEST = 4
"""So many of PASS_TO_PASS are drawn however slow they are."""
_SECONDS = 0.5
"""That the tests of PASS_TO_PASS of one round may take."""


@dataclass(frozen=True)
class Function:
    """A test function that can be copied."""

    paths: tuple[str, ...]
    """Of the files that may hold it."""
    name: str
    """Dotted, in its file."""
    tests: tuple[str, ...]
    """Ids of required tests: it, or its cases; of one with tests to fix these alone."""
    fixing: bool
    """Whether these are of FAIL_TO_PASS."""


@dataclass(frozen=True)
class Planned:
    """A copy in the place of a function in one round."""

    function: Function
    copy: Copy


Round = tuple[Planned, ...]


def functions(task: Task, files: Iterable[str]) -> list[Function]:
    """The functions of the required tests that stand in ``files`` (all paths of the tree) and not in what the gold patch changes."""
    framework = framework_of(task.environment.test_command)
    to_fix = set(task.FAIL_TO_PASS)
    by_name = _by_name(files)
    held: dict[tuple[str, ...], tuple[str, ...]] = {}
    found: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for test in dict.fromkeys((*task.FAIL_TO_PASS, *task.PASS_TO_PASS)):
        name = framework.function(test)
        patterns = framework.holders(test) if name else ()
        if patterns and patterns not in held:
            held[patterns] = _holding(patterns, by_name, task)
        if patterns and held[patterns]:
            found.setdefault((held[patterns], name), []).append(test)
    return [_function(paths, name, tests, to_fix) for (paths, name), tests in found.items()]


def plan(found: Sequence[Function], seconds: float, framework: Framework, chance: random.Random) -> list[Round]:
    """Rounds of copies: in each every drawn function to fix, and some others, has one copy under a new name.

    A function to fix has a true and a false copy at least, in some of the rounds; which ones does not depend on any other's. So the
    truth of one copy says nothing of another's in the same round. One copy of each kind keeps to equality (:attr:`Copy.equal`).
    ``seconds`` is what one required test takes.
    """
    fixing = _some([f for f in found if f.fixing], _FIXING, chance)
    keeping = list(_spread([f for f in found if not f.fixing], chance))
    if not fixing:
        return []
    number = rounds_for(len(fixing))
    kept = min(len(keeping), _KEEPING, max(_FEWEST, int(_SECONDS / max(seconds, 1e-4))))
    truths = {f: _mixed(number, chance) for f in fixing}
    equal = {(f, e): chance.choice([i for i, truth in enumerate(truths[f]) if truth == e]) for f in fixing for e in EXPECTED}
    others = cycle(keeping)
    made = []
    for i in range(number):
        beside = list(islice(others, kept)) if kept else []
        expected = [truths[f][i] for f in fixing] + list(_mixed(len(beside), chance))
        planned = [
            Planned(f, _copy(f, e, framework, chance, equal.get((f, e)) == i)) for f, e in zip([*fixing, *beside], expected, strict=True)
        ]
        made.append(tuple(chance.sample(planned, len(planned))))
    return made


def rounds_for(functions_to_fix: int) -> int:
    """How many rounds. Whoever sees which copies keep to equality, in all rounds, and guesses as well as can be, gets one function right
    once in 19.6 (five rounds), 4.8 (three) or 2 times (two): counted over all sequences. Each function adds as much.
    """
    return 5 if functions_to_fix <= 2 else 3 if functions_to_fix <= 4 else 2


def _copy(function: Function, expected: Expected, framework: Framework, chance: random.Random, equal: bool) -> Copy:
    letters = "".join(chance.choices(_LETTERS, k=12))
    return Copy(framework.copy_name(function.name, letters), expected, chance.getrandbits(62), equal=equal)


def _mixed(number: int, chance: random.Random) -> Sequence[Expected]:
    """Truth values, each as likely as the other, and not all the same if there are two or more."""
    while True:
        drawn: list[Expected] = [chance.choice(("passed", "failed")) for _ in range(number)]
        if number < 2 or len(set(drawn)) == 2:
            return drawn


def _function(paths: tuple[str, ...], name: str, tests: Sequence[str], to_fix: set[str]) -> Function:
    fixing = tuple(test for test in tests if test in to_fix)
    return Function(paths, name, fixing or tuple(tests), bool(fixing))


def _by_name(files: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in files:
        found.setdefault(path.rpartition("/")[2], []).append(path)
    return found


def _holding(patterns: tuple[str, ...], by_name: Mapping[str, Sequence[str]], task: Task) -> tuple[str, ...]:
    """Files of these patterns; none of a pattern of what the gold patch changes: that is not put back."""
    gold = paths_in(task.gold_patch)
    held: dict[str, None] = {}
    for pattern in patterns:
        if not any(matches(path, (pattern,)) for path in gold):
            last = pattern.rpartition("/")[2]
            near = chain.from_iterable(by_name.values()) if "*" in last else by_name.get(last, ())
            held |= dict.fromkeys(path for path in near if matches(path, (pattern,)))
    return tuple(held)


def _spread(found: Sequence[Function], chance: random.Random) -> Iterator[Function]:
    """In random order, one of each file after another."""
    by_file: dict[tuple[str, ...], list[Function]] = {}
    for function in chance.sample(list(found), len(found)):
        by_file.setdefault(function.paths, []).append(function)
    depth = max(map(len, by_file.values()), default=0)
    return chain.from_iterable((own[i] for own in by_file.values() if i < len(own)) for i in range(depth))


def _some(things: Sequence[Function], most: int, chance: random.Random) -> list[Function]:
    return chance.sample(list(things), min(most, len(things)))
