"""The process score: a mean of step rewards that padding cannot raise.

A plain mean of step rewards can be bought: when a run is poor, any cheap step whose reward lies above the present mean
(reading one more file, running other passing tests) raises it, and the next good-looking step dilutes the bad ones. A gate
of 0 stops only exact repeats. So steps are told apart by what they can do to the mean:

- A step *advances* when its gate is 1 and its rule score on goal_progress reaches ``advance_at``: a new edit took hold, or
  tests got better than they had ever been. These steps, the set A, always count.
- Every other step, the set I, looks, checks, repeats, fails or idles. It counts only where it lowers the mean.

    process = min over J ⊆ I of the mean of step_reward over A ∪ J, a gated step of J weighing ``idle`` and any other 1

What this gives, for any rewards:

- One more step in I is one more choice of J, so the minimum cannot rise: no step that does not advance pays by itself, gated or
  not, wherever it stands. A gated step has reward 0 and always takes part.
- Lowering any step's reward, or moving an ungated step from A to I, never raises it.
- Where looking around scores above the rest, it is left out: the credit for information lands on the step that uses it
  (rubric info_utilization of an edit), not on the looking.
- Without padding and with ordinary scores it stays close to the plain mean. That is what ``idle`` is for: an ordinary run takes
  some ten looks and trials for each change, and as those cannot dilute an empty turn or a repeat, two of them beside a single change
  would leave a third of its worth, whatever else was done well. Over the recorded runs of five steps and more that the rules are
  tried on, whatever came of them, the distance from the plain mean is 0.14 with a weight of 1 and 0.08 with one of an eighth. An idle
  step costs time, a step that goes wrong costs more; two hundred idle ones still take nearly everything.

What the rules take for an advance can still be bought. A change of code that looks like work and is none (an unused line in a file
that was read, ``sed`` with nothing to replace) joins A like any other and raises the mean of a run whose changes were poor, since
nobody can tell at that step. The rules take from A what shows in the steps: no text that was there before, no comments, blanks or
documents, no more than a few changes of one file, no tests that got better without a change of code. One hole is known: a copied call
can make a repeat, which weighs ``idle``, of a later ungated step of low reward, which would have weighed 1. A copied step of one call
costs at least what it saves; one of several calls, of which another scored well, may not.

A run that never advanced has no A. Its least step of any worth takes the place of A, so that padding cannot pay there either,
wherever it stands, and the result is multiplied by ``unadvanced``: an honest attempt is above an empty one, and below the same
attempt with a change made.
No step of any worth: 0. No scored step: missing.

The minimum is reached by adding the steps of I in ascending order while they lie below the mean. Rewards are whole
multiples of 1e-12 and are summed as integers, so "never raises" holds to the last bit.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

UNIT = 10**12
FULL = 1000
"""Weight of a step that is not idle."""

Role = Literal["advances", "stands_in", "lowers", "left_out"]
"""What a step is to the mean: in A; in place of an A that is empty; in J; in neither."""


class StepValue(NamedTuple):
    """What the mean needs of one scored step, in order of the run. ``reward`` is 0 where the gate is 0."""

    reward: float
    gate: int
    advances: bool


class Process(NamedTuple):
    """The score in [0, 1], or none without steps, and how it came about: the ``role`` of each step, in order.

    ``score`` is ``factor`` times the sum of ``shares`` times rewards; the shares, too in order, are 0 for a step that is left out and
    add up to 1.
    """

    score: float | None
    roles: tuple[Role, ...]
    shares: tuple[float, ...]
    factor: float


def rounded(value: float) -> float:
    """``value`` as a multiple of 1e-12: the precision of every stored reward."""
    return round(value * UNIT) / UNIT


def process_of(steps: Iterable[StepValue], unadvanced: float = 0.5, idle: float = 0.125) -> Process:
    """The padding-proof mean of ``steps`` with the part that each has in it. O(n log n) for the sort.

    ``idle`` is the weight of a gated step, in (0, 1], kept to a thousandth. Of equal rewards that could lower the mean or be left
    out alike, earlier steps are taken first.
    """
    values = [_Value(round(s.reward * UNIT) if s.gate else 0, bool(s.gate), bool(s.gate) and s.advances) for s in steps]
    if not values:
        return Process(None, (), (), 1.0)
    weights = [FULL if v.gate else max(1, round(idle * FULL)) for v in values]
    roles: list[Role] = ["advances" if v.advances else "left_out" for v in values]
    factor = 1.0
    if "advances" not in roles:
        least = min((i for i, v in enumerate(values) if v.amount), key=lambda i: values[i].amount, default=None)
        if least is None:
            roles = ["lowers" for _ in values]
            return Process(0.0, tuple(roles), _shares(roles, weights), 1.0)
        roles[least] = "stands_in"
        factor = unadvanced
    total = sum(w * v.amount for w, v, role in zip(weights, values, roles, strict=True) if role != "left_out")
    n = sum(w for w, role in zip(weights, roles, strict=True) if role != "left_out")
    for i in sorted((i for i, role in enumerate(roles) if role == "left_out"), key=lambda i: values[i].amount):
        if values[i].amount * n >= total:
            break
        total, n = total + weights[i] * values[i].amount, n + weights[i]
        roles[i] = "lowers"
    return Process(factor * (total / (n * UNIT)), tuple(roles), _shares(roles, weights), factor)


def process_score(steps: Iterable[StepValue], unadvanced: float = 0.5, idle: float = 0.125) -> float | None:
    """The padding-proof mean of ``steps``, in [0, 1]; ``None`` without steps."""
    return process_of(steps, unadvanced, idle).score


class _Value(NamedTuple):
    amount: int
    gate: bool
    advances: bool


def _shares(roles: list[Role], weights: list[int]) -> tuple[float, ...]:
    counted = [0 if role == "left_out" else weight for role, weight in zip(roles, weights, strict=True)]
    return tuple(weight / sum(counted) for weight in counted)
