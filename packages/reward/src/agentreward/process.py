"""The process score: a mean of step rewards that padding cannot raise.

A plain mean of step rewards can be bought: when a run is poor, any cheap step whose reward lies above the present mean
(reading one more file, running other passing tests) raises it, and the next good-looking step dilutes the bad ones. A gate
of 0 stops only exact repeats. So steps are told apart by what they can do to the mean:

- A step *advances* when its gate is 1 and its rule score on goal_progress reaches ``advance_at``: a new edit took hold, or
  tests got better than they had ever been. These steps, the set A, always count.
- Every other step, the set I, looks, checks, repeats, fails or idles. It counts only where it lowers the mean.

    process = min over J ⊆ I of the mean of step_reward over A ∪ J, a step of J weighing ``aside`` as much as one of A

What this gives, for any rewards:

- One more step in I is one more choice of J, so the minimum cannot rise: no padding of any kind pays, gated or not,
  wherever it stands. A gated step has reward 0 and always takes part, as in the plain mean.
- Lowering any step's reward never raises it.
- Where looking around scores above the rest, it is left out: the credit for information lands on the step that uses it
  (rubric info_utilization of an edit), not on the looking.
- Without padding and with ordinary scores it stays close to the plain mean. That is what ``aside`` is for: an ordinary run takes
  some ten looks and trials for each change, and those that score well cannot dilute those that do not. With a weight of 1 two slips
  beside a single change would make a third of its worth. Over the recorded runs of five steps and more that the project is tested
  with, whatever came of them, the distance from the plain mean is 0.13 with 1, 0.04 with 0.2 to 0.3, and 0.06 with 0.1.
  With 1 it never exceeds the plain mean when A is not empty.

A run that never advanced has no A. Its first step of any worth takes the place of A, so that padding cannot pay there either, and
the result is multiplied by ``unadvanced``: an honest attempt is above an empty one, and below the same attempt with a change made.
No step of any worth: 0. No scored step: missing.

The minimum is reached by adding the steps of I in ascending order while they lie below the mean. Rewards are whole
multiples of 1e-12 and are summed as integers, so "never raises" holds to the last bit.
"""

from collections.abc import Iterable
from typing import NamedTuple

UNIT = 10**12
FULL = 1000
"""Weight of a step that advances."""


class StepValue(NamedTuple):
    """What the mean needs of one scored step, in order of the run. ``reward`` is 0 where the gate is 0."""

    reward: float
    gate: int
    advances: bool


def rounded(value: float) -> float:
    """``value`` as a multiple of 1e-12: the precision of every stored reward."""
    return round(value * UNIT) / UNIT


def process_score(steps: Iterable[StepValue], unadvanced: float = 0.5, aside: float = 0.25) -> float | None:
    """The padding-proof mean of ``steps``, in [0, 1]; ``None`` without steps. O(n log n) for the sort.

    ``aside`` is the weight of a step that does not advance, in (0, 1], kept to a thousandth.
    """
    values = [(round(s.reward * UNIT) if s.gate else 0, bool(s.gate) and s.advances) for s in steps]
    if not values:
        return None
    counted = [amount for amount, advances in values if advances]
    others = [amount for amount, advances in values if not advances]
    factor = 1.0
    if not counted:
        first = next((i for i, (amount, _) in enumerate(values) if amount), None)
        if first is None:
            return 0.0
        counted = [others.pop(first)]
        factor = unadvanced
    weight = max(1, round(aside * FULL))
    total, n = FULL * sum(counted), FULL * len(counted)
    for amount in sorted(others):
        if amount * n >= total:
            break
        total, n = total + weight * amount, n + weight
    return factor * (total / (n * UNIT))
