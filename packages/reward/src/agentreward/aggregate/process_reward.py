"""The process score: a mean of step rewards that padding cannot raise.

A plain mean of step rewards can be bought: when a run is poor, any cheap step whose reward lies above the present mean
(reading one more file, running other passing tests) raises it, and the next good-looking step dilutes the bad ones. A gate
of 0 stops only exact repeats. So steps are told apart by what they can do to the mean:

- A step *advances* when its gate is 1 and its rule score on goal_progress reaches ``advance_at``: a new edit took hold, or
  tests got better than they had ever been. These steps, the set A, always count.
- Every other step, the set I, looks, checks, repeats, fails or idles. It counts only where it lowers the mean.

    process = min over J ⊆ I of mean(step_reward over A ∪ J)

A run that never advanced has no A. One step of reward ``default_reward`` stands in for it: an honest attempt is above an empty one, and
below the same attempt with a good change made, whose reward is higher.
If every step is gated the score is 0; without a scored step it is ``None``.

What this gives, for any rewards:

- One more step in I is one more choice of J, so the minimum cannot rise: once a run has an ungated step, a step that does not
  advance never raises the score, gated or not, at any position. A gated step has reward 0 and always takes part.
- Lowering a step's reward, even to 0, never raises the score; nor does moving a step from A to I while others are left in A.
  That is why a constant stands in for A and not the run's lowest step: getting that step gated would put the next one, with a
  higher reward, in its place.
- Where looking around scores above the rest, it is left out: the credit for information lands on the step that uses it
  (rubric info_utilization of an edit), not on the looking.
- Without padding and with ordinary scores it stays close to the plain mean; it never exceeds it when A is not empty.

Known gap: a change of code that looks like work and is none (an unused line in a file that was read, ``sed`` with nothing to
replace) counts as an advance and raises the mean of a run whose changes were poor, since nobody can tell at that step. Left out of A,
because it shows in the steps: text that was there before, comments, blanks or documents, more than a few changes of one file, tests
that got better without a change of code.

The minimum is reached by adding the steps of I in ascending order while they lie below the mean. Rewards are whole
multiples of 1e-12 and are summed as integers, so "never raises" holds to the last bit.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

UNIT = 10**12
DEFAULT_PROCESS_REWARD = 0.25
"""Default reward of the step that stands in for A where no step advanced."""

Role = Literal["advances", "lowers", "left_out"]
"""What a step is to the mean: in A; in J; in neither."""


class StepValue(NamedTuple):
    """What the mean needs of one scored step, in order of the run. ``reward`` is 0 where the gate is 0."""

    reward: float
    gate: int
    advances: bool


class Process(NamedTuple):
    """The score in [0, 1], or none without steps, and how it came about: the ``role`` of each step, in order.

    ``score`` is the mean reward of the steps that are not left out and, where none advanced, of ``default_reward``.
    """

    score: float | None
    roles: tuple[Role, ...]
    default_reward: float | None = None

    @property
    def counted(self) -> int:
        """How many rewards the mean is taken over: its denominator."""
        return len(self.roles) - self.roles.count("left_out") + (self.default_reward is not None)


def rounded(value: float) -> float:
    """``value`` as a multiple of 1e-12: the precision of every stored reward."""
    return round(value * UNIT) / UNIT


def process_of(steps: Iterable[StepValue], default_reward: float = DEFAULT_PROCESS_REWARD) -> Process:
    """The padding-proof mean of ``steps`` with the part that each has in it. O(n log n) for the sort.

    Ties are broken by step order.
    """
    values = [(round(s.reward * UNIT) if s.gate else 0, bool(s.gate), bool(s.gate) and s.advances) for s in steps]
    if not values:
        return Process(None, ())
    roles: list[Role] = ["advances" if advances else "left_out" for _, _, advances in values]
    if not any(gate for _, gate, _ in values):
        return Process(0.0, tuple("lowers" for _ in values))
    counted = [amount for amount, _, advances in values if advances]
    total, n = (sum(counted), len(counted)) if counted else (round(default_reward * UNIT), 1)
    for amount, i in sorted((values[i][0], i) for i, role in enumerate(roles) if role == "left_out"):
        if amount * n >= total:
            break
        total, n = total + amount, n + 1
        roles[i] = "lowers"
    return Process(total / (n * UNIT), tuple(roles), None if counted else default_reward)


def process_score(steps: Iterable[StepValue], default_reward: float = DEFAULT_PROCESS_REWARD) -> float | None:
    """The padding-proof mean of ``steps``, in [0, 1]; ``None`` without steps."""
    return process_of(steps, default_reward).score
