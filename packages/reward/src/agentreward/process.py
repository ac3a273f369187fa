"""The process score: a mean of step rewards that padding cannot raise.

A plain mean of step rewards can be bought: when a run is poor, any cheap step whose reward lies above the present mean
(reading one more file, running other passing tests) raises it, and the next good-looking step dilutes the bad ones. A gate
of 0 stops only exact repeats. So steps are told apart by what they can do to the mean:

- A step *advances* when its gate is 1 and its rule score on goal_progress reaches ``advance_at``: a new edit took hold, or
  tests got better than they had ever been. These steps, the set A, always count.
- Every other step, the set I, looks, checks, repeats, fails or idles. It counts only where it lowers the mean.

    process = min over J ⊆ I of the mean of step_reward over A ∪ J, a gated step of J weighing ``idle`` and any other 1

What this gives, for any rewards:

- One more step in I is one more choice of J, so the minimum cannot rise: no padding of any kind pays, gated or not,
  wherever it stands. A gated step has reward 0 and always takes part.
- Lowering any step's reward, or moving an ungated step from A to I, never raises it.
- Where looking around scores above the rest, it is left out: the credit for information lands on the step that uses it
  (rubric info_utilization of an edit), not on the looking.
- Without padding and with ordinary scores it stays close to the plain mean. That is what ``idle`` is for: an ordinary run takes
  some ten looks and trials for each change, and as those cannot dilute an empty turn or a repeat, two of them beside a single change
  would leave a third of its worth, whatever else was done well. Over the recorded runs of five steps and more that the rules are
  tried on, whatever came of them, the distance from the plain mean is 0.14 with a weight of 1 and 0.08 with one of an eighth. An idle
  step costs time, a step that goes wrong costs more; two hundred idle ones still take nearly everything.

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
"""Weight of a step that is not idle."""


class StepValue(NamedTuple):
    """What the mean needs of one scored step, in order of the run. ``reward`` is 0 where the gate is 0."""

    reward: float
    gate: int
    advances: bool


def rounded(value: float) -> float:
    """``value`` as a multiple of 1e-12: the precision of every stored reward."""
    return round(value * UNIT) / UNIT


def process_score(steps: Iterable[StepValue], unadvanced: float = 0.5, idle: float = 0.125) -> float | None:
    """The padding-proof mean of ``steps``, in [0, 1]; ``None`` without steps. O(n log n) for the sort.

    ``idle`` is the weight of a gated step, in (0, 1], kept to a thousandth.
    """
    values = [(round(s.reward * UNIT) if s.gate else 0, bool(s.gate), bool(s.gate) and s.advances) for s in steps]
    if not values:
        return None
    counted = [amount for amount, _, advances in values if advances]
    others = [(amount, gate) for amount, gate, advances in values if not advances]
    factor = 1.0
    if not counted:
        first = next((i for i, (amount, _) in enumerate(others) if amount), None)
        if first is None:
            return 0.0
        counted = [others.pop(first)[0]]
        factor = unadvanced
    gated = max(1, round(idle * FULL))
    total, n = FULL * sum(counted), FULL * len(counted)
    for amount, gate in sorted(others):
        if amount * n >= total:
            break
        weight = FULL if gate else gated
        total, n = total + weight * amount, n + weight
    return factor * (total / (n * UNIT))
