"""Best of k: how often the run that a score picks out of k is a resolved one, compared with a random and a perfect pick."""

from collections.abc import Sequence
from itertools import groupby
from math import comb
from typing import NamedTuple


class Attempt(NamedTuple):
    """One run of a group: the score that picks, and whether the run is resolved."""

    score: float
    resolved: bool


class BestOf(NamedTuple):
    """Chance in [0, 1] that the run picked out of ``k`` is resolved, by each way of picking."""

    k: int
    random: float
    picked: float
    oracle: float


def best_of_k(attempts: Sequence[Attempt]) -> list[BestOf]:
    """The chances for every k from 1 to the size of the group, exact over all sets of k runs of it.

    - ``random``: any of the k; the share of resolved runs.
    - ``picked``: the one with the highest score. With a runs above a score and t runs at it, the best of k has that score in
      C(n-a, k) - C(n-a-t, k) of C(n, k) sets; runs that share a score are equally likely to be picked.
    - ``oracle``: a resolved one if there is any, which is pass@k: 1 - C(n-c, k) / C(n, k) with c resolved (Chen et al. 2021, eq. 1).

    Averages of these over tasks are unbiased, as each set of k is as likely as any other. O(n²). An empty group: an empty list.
    """
    n, resolved = len(attempts), sum(a.resolved for a in attempts)
    ranked = sorted(attempts, key=lambda a: -a.score)
    levels = [(len(tied), sum(a.resolved for a in tied)) for _, group in groupby(ranked, key=lambda a: a.score) if (tied := list(group))]
    found = []
    for k in range(1, n + 1):
        sets = comb(n, k)
        above, hits = 0, 0.0
        for at, good in levels:
            hits += (comb(n - above, k) - comb(n - above - at, k)) / sets * (good / at)
            above += at
        found.append(BestOf(k, resolved / n, min(1.0, hits), 1 - comb(n - resolved, k) / sets))
    return found
