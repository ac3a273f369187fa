"""Intervals for the report: pass rates, differences paired by task, and how well one number tells two groups apart."""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

_RESAMPLES = 2_000
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval. ``low`` and ``high`` are missing where none can be computed; ``reason`` says why."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    reason: str = ""


def wilson(successes: int, n: int) -> Interval:
    """Wilson score interval of a proportion (Wilson 1927, JASA 22, 209-212), which stays in [0, 1] and holds for few runs.

    Raises:
        ValueError: more successes than trials, or negative counts.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n} trials")
    if n == 0:
        return Interval(None, None, None, 0, "no graded run")
    z = float(stats.norm.ppf(0.975))
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(share, max(0.0, centre - half) if successes else 0.0, min(1.0, centre + half) if successes < n else 1.0, n)


def paired_difference(one: Mapping[str, Sequence[float]], other: Mapping[str, Sequence[float]], seed: int = 0) -> Interval:
    """Mean of ``one - other`` over the tasks that both have values for, each task counted once with its mean.

    The interval resamples tasks, not runs: BCa bootstrap (Efron 1987, JASA 82, 171-185), 2,000 resamples, fixed seed.
    """
    tasks = sorted(t for t in one.keys() & other.keys() if one[t] and other[t])
    differences = np.array([float(np.mean(one[t])) - float(np.mean(other[t])) for t in tasks])
    if len(tasks) < 2:
        value = float(differences[0]) if len(tasks) else None
        return Interval(value, None, None, len(tasks), "fewer than two tasks in common")
    value = float(differences.mean())
    if np.ptp(differences) == 0:
        return Interval(value, None, None, len(tasks), "the same difference at every task")
    low, high = _bootstrap_mean(differences, seed)
    return Interval(value, low, high, len(tasks))


def _bootstrap_mean(values: Floats, seed: int) -> tuple[float, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        found = stats.bootstrap(
            (values,), np.mean, n_resamples=_RESAMPLES, method="BCa", vectorized=True, rng=np.random.default_rng(seed)
        ).confidence_interval
    if math.isfinite(found.low) and math.isfinite(found.high):
        return float(found.low), float(found.high)
    draws = np.random.default_rng(seed).choice(values, size=(_RESAMPLES, len(values))).mean(axis=1)
    return float(np.quantile(draws, 0.025)), float(np.quantile(draws, 0.975))


def auc(values: Sequence[float], positive: Sequence[bool], groups: Sequence[str], seed: int = 0) -> Interval:
    """Chance that a positive has a higher value than a negative, ties counted half (Mann-Whitney U / n1 n2).

    0.5 is chance. The interval is a percentile bootstrap over ``groups`` (tasks), since runs at one task are alike.
    """
    array, flags = np.asarray(values, dtype=float), np.asarray(positive, dtype=bool)
    whole = _auc(array, flags)
    if whole is None:
        return Interval(None, None, None, len(values), "needs both resolved and unresolved runs")
    rows = [np.flatnonzero(np.asarray(groups) == g) for g in sorted(set(groups))]
    if len(rows) < 2:
        return Interval(whole, None, None, len(values), "fewer than two tasks")
    generator = np.random.default_rng(seed)
    draws = []
    for _ in range(_RESAMPLES // 4):
        picked = np.concatenate([rows[i] for i in generator.integers(len(rows), size=len(rows))])
        draw = _auc(array[picked], flags[picked])
        if draw is not None:
            draws.append(draw)
    return Interval(whole, float(np.quantile(draws, 0.025)), float(np.quantile(draws, 0.975)), len(values))


def _auc(values: Floats, positive: NDArray[np.bool_]) -> float | None:
    ones = int(positive.sum())
    zeros = len(values) - ones
    if not ones or not zeros:
        return None
    ranks = stats.rankdata(values)
    return float((ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros))
