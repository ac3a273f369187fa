"""Advantages of runs within their group: how much better a run is than the others at the same task."""

import math
from collections.abc import Sequence
from typing import NamedTuple

EPSILON = 1e-4
"""Added to the standard deviation, so that a group of equal rewards has advantage 0 and not 0 / 0."""


class Advantage(NamedTuple):
    """Advantages of one run, in the units of :func:`group_advantages`."""

    grpo: float
    dr_grpo: float
    leave_one_out: float


def group_advantages(rewards: Sequence[float]) -> list[Advantage]:
    """Advantages of each run of one group, in order. The order of the others makes no difference, to the last bit.

    - ``grpo``: (r - mean) / (std + 1e-4), in standard deviations (Shao et al. 2024, DeepSeekMath, section 4.1). The deviation is that of a
      sample (n - 1), as trainers take it. All rewards equal: 0.
    - ``dr_grpo``: r - mean, in units of reward (Liu et al. 2025, Understanding R1-Zero-like training): no weight for a group whose
      runs happen to lie close together.
    - ``leave_one_out``: r - mean of the others (Kool et al. 2019; Ahmadian et al. 2024, RLOO), so n / (n - 1) times ``dr_grpo``.

    Raises:
        ValueError: fewer than two runs: there is nothing to compare with.
    """
    n = len(rewards)
    if n < 2:
        raise ValueError(f"a group of {n} has nothing to compare with; give the rewards of two runs or more")
    whole = math.fsum(rewards)
    mean = whole / n
    apart = [0.0 if min(rewards) == max(rewards) else r - mean for r in rewards]
    std = math.sqrt(math.fsum(d * d for d in apart) / (n - 1))
    return [Advantage(d / (std + EPSILON), d, d * n / (n - 1)) for d in apart]
