"""Agreement statistics, each over many resamplings at once, with intervals that resample tasks.

A resampling is a row of counts: how often it holds each unit. A statistic takes two columns of n units and (b, n) counts, and gives b
values, nan where a row has none. The statistic of the units themselves is that of one row of ones.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from trajschema.calibration import Figure

from agentreward.errors import MissingExtra

try:
    import numpy as np
    import numpy.typing as npt
except ImportError as missing:
    raise MissingExtra("comparing rewards with people", "stats") from missing

Array = npt.NDArray[np.float64]
Statistic = Callable[[Array, Array, Array], Array]
RESAMPLES = 1_000
SEED = 20_240_601
_CELLS = 1_000_000
"""Numbers in one matrix: resamplings are taken in blocks of as many rows as fit."""


class Point(NamedTuple):
    """One unit: what was predicted, what people said, and the task it belongs to."""

    predicted: float
    human: float
    task: str


def pearson_r(x: Array, y: Array, counts: Array) -> Array:
    """Linear correlation; nan where a side is constant."""
    return _correlation(np.broadcast_to(x, counts.shape), np.broadcast_to(y, counts.shape), counts)


def spearman_rho(x: Array, y: Array, counts: Array) -> Array:
    """Rank correlation; nan where a side is constant."""
    return _correlation(_ranks(x, counts), _ranks(y, counts), counts)


def mean_absolute_error(x: Array, y: Array, counts: Array) -> Array:
    """Mean of |x - y|."""
    return _divided(counts @ np.abs(x - y), counts.sum(axis=1))


def agreement_rate(x: Array, y: Array, counts: Array) -> Array:
    """Share of pairs in which both sides prefer the same; a side at 0.5 has no preference and counts half."""
    same = (np.sign(x - 0.5) * np.sign(y - 0.5) + 1) / 2
    return _divided(counts @ same, counts.sum(axis=1))


def order_agreement(x: Array, y: Array, counts: Array) -> Array:
    """Share of the pairs of runs that both sides order alike. A tie on one side counts half, a tie on both is no pair.

    (C - D) / pairs, C and D as in Kendall (1945), scaled to [0, 1]. nan without a pair.
    """
    difference = np.zeros(len(counts))
    small = counts.astype(np.float32)  # whole numbers below 2^24 are exact, and the product takes half the time
    rows = max(1, _CELLS // max(1, len(x)))
    for start in range(0, len(x), rows):
        end = start + rows
        signs = np.sign(x[start:end, None] - x[start:]) * np.sign(y[start:end, None] - y[start:])
        signs[:, :rows] /= 2  # pairs within the block stand there twice
        difference += (counts[:, start:end] * (small[:, start:] @ signs.T.astype(np.float32))).sum(axis=1)
    _, both = np.unique(np.column_stack([x, y]), axis=0, return_inverse=True)
    return (_divided(difference, _pairs(counts.sum(axis=1)) - _pairs(_by_value(both, counts)).sum(axis=1)) + 1) / 2


def figure(name: str, points: Sequence[Point], statistic: Statistic, slice_: str) -> Figure:
    """``statistic`` over ``points`` with a 95 % percentile interval from 1,000 seeded resamplings of whole tasks.

    Steps and runs of one task resemble each other, so resampling them singly gives intervals that are too narrow. Fewer
    than 3 tasks: no interval. No value where the statistic has none, with the reason.
    """
    x, y = np.array([p.predicted for p in points], dtype=float), np.array([p.human for p in points], dtype=float)
    value = float(statistic(x, y, np.ones((1, len(points))))[0])
    if not np.isfinite(value):
        return Figure(name=name, slice=slice_, n=len(points), reason=f"{len(points)} units are too few, or one side is constant")
    low, high, reason = _interval([p.task for p in points], x, y, statistic)
    return Figure(name=name, slice=slice_, value=value, low=low, high=high, n=len(points), reason=reason)


def _interval(tasks: list[str], x: Array, y: Array, statistic: Statistic) -> tuple[float | None, float | None, str | None]:
    names, task_of = np.unique(tasks, return_inverse=True)
    n = len(names)
    if n < 3:
        return None, None, f"no interval: {n} tasks are too few to resample"
    draws = np.random.default_rng(SEED).integers(0, n, (RESAMPLES, n))
    times_drawn = np.bincount((np.arange(RESAMPLES)[:, None] * n + draws).ravel(), minlength=RESAMPLES * n).reshape(RESAMPLES, n)
    rows = max(1, _CELLS // len(x))
    blocks = [times_drawn[start : start + rows, task_of].astype(float) for start in range(0, RESAMPLES, rows)]
    values = np.concatenate([statistic(x, y, counts) for counts in blocks])
    finite = values[np.isfinite(values)]
    if len(finite) < RESAMPLES // 2:
        return None, None, "no interval: most resamplings have no value"
    low, high = np.quantile(finite, [0.025, 0.975])
    return float(low), float(high), None


def _correlation(x: Array, y: Array, counts: Array) -> Array:
    """Of (b, n) values, row by row."""
    x, y = _centred(x, counts), _centred(y, counts)
    spread = np.sqrt((counts * x * x).sum(axis=1)) * np.sqrt((counts * y * y).sum(axis=1))
    return np.clip(_divided((counts * x * y).sum(axis=1), spread), -1, 1)


def _centred(values: Array, counts: Array) -> Array:
    """Values less their mean; a row that is constant is exactly 0."""
    there = counts > 0
    lowest = np.where(there, values, np.inf).min(axis=1, initial=np.inf, keepdims=True)
    highest = np.where(there, values, -np.inf).max(axis=1, initial=-np.inf, keepdims=True)
    mean = _divided((counts * values).sum(axis=1), counts.sum(axis=1))[:, None]
    return np.where(lowest == highest, 0.0, values - mean)


def _ranks(values: Array, counts: Array) -> Array:
    """Rank of each unit in each resampling; equal ones share the mean of their ranks."""
    _, which = np.unique(values, return_inverse=True)
    held = _by_value(which, counts)
    ranks: Array = np.cumsum(held, axis=1) - (held - 1) / 2
    return ranks[:, which]


def _by_value(which: npt.NDArray[np.intp], counts: Array) -> Array:
    """(b, values) counts from (b, n) counts, where unit i has the value ``which[i]``."""
    order = np.argsort(which, kind="stable")
    first = np.flatnonzero(np.diff(which[order], prepend=-1))
    held: Array = np.add.reduceat(counts[:, order], first, axis=1) if len(which) else counts
    return held


def _pairs(n: Array) -> Array:
    return n * (n - 1) / 2


def _divided(amount: Array, by: Array) -> Array:
    """nan where ``by`` is 0."""
    found: Array = np.divide(amount, by, out=np.full(len(by), np.nan), where=by > 0)
    return found
