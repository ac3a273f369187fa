"""Which edit to try first."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from agentrollout.policies.fragment import Edit

STEEPNESS = 9.0
"""Weight of a suspicion, relative to the highest one."""
TRACED = 0.7
"""Bonus of a line that a traceback names."""
NAMED = 2.0
"""Bonus of a function whose name occurs in the names of all failing tests."""


@dataclass(frozen=True)
class Ranked:
    """An edit, how suspicious its line is, and how good it looks."""

    edit: Edit
    suspicion: float
    score: float


@dataclass(frozen=True)
class Clues:
    """What failing tests say besides their spectrum."""

    tests: tuple[str, ...]
    """Ids of the failing tests."""
    traced: frozenset[tuple[str, int]]
    """(path, line) of every line that a traceback names."""

    def bonus(self, edit: Edit) -> float:
        """How strongly they point at an edit."""
        name = edit.function.rpartition(".")[2].strip("_").lower()
        named = sum(name in test.lower() for test in self.tests) / len(self.tests) if len(name) > 3 and self.tests else 0.0
        return NAMED * named + TRACED * ((edit.path, edit.line) in self.traced)


def rank(edits: Sequence[tuple[Edit, float]], clues: Clues, random: Random, temper: float) -> list[Ranked]:
    """Edits, each given with its suspicion in [0, 1], best first. ``temper`` scales the random part (0: ties stay in order).

    Operators are taken to be equally likely, so an edit of one that fits in many places has a small share of its chances.
    """
    top = max((suspicion for _, suspicion in edits), default=0.0) or 1.0
    offers = Counter(edit.operator for edit, _ in edits)

    def score(edit: Edit, suspicion: float) -> float:
        return STEEPNESS * suspicion / top - math.log(offers[edit.operator]) + clues.bonus(edit)

    ranked = [Ranked(edit, suspicion, score(edit, suspicion) + temper * _gumbel(random)) for edit, suspicion in edits]
    return sorted(ranked, key=lambda r: -r.score)


def _gumbel(random: Random) -> float:
    """Noise that makes the best of the scores a draw from their softmax."""
    return -math.log(-math.log(random.random() or 0.5))
