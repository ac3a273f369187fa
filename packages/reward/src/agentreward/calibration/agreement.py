"""Agreement statistics, with intervals that resample tasks."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from trajschema.calibration import Figure

from agentreward.errors import MissingExtra

try:
    import numpy as np
    import numpy.typing as npt
    from scipy import stats
except ImportError as missing:
    raise MissingExtra("comparing rewards with people", "stats") from missing

Array = npt.NDArray[np.float64]
Statistic = Callable[[Array, Array], float]
RESAMPLES = 1_000
SEED = 20_240_601


class Point(NamedTuple):
    """One unit: what was predicted, what people said, and the task it belongs to."""

    predicted: float
    human: float
    task: str


def pearson_r(x: Array, y: Array) -> float:
    """Linear correlation; nan where a side is constant."""
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1])


def spearman_rho(x: Array, y: Array) -> float:
    """Rank correlation; nan where a side is constant."""
    return pearson_r(stats.rankdata(x), stats.rankdata(y)) if len(x) > 1 else float("nan")


def mean_absolute_error(x: Array, y: Array) -> float:
    """Mean of |x - y|; nan without points."""
    return float(np.abs(x - y).mean()) if len(x) else float("nan")


def agreement_rate(x: Array, y: Array) -> float:
    """Share of pairs in which both sides prefer the same; a side at 0.5 has no preference and counts half."""
    if not len(x):
        return float("nan")
    product = np.sign(x - 0.5) * np.sign(y - 0.5)
    return float(((product + 1) / 2).mean())


def figure(name: str, points: Sequence[Point], statistic: Statistic, slice_: str) -> Figure:
    """``statistic`` over ``points`` with a 95 % percentile interval from 1,000 seeded resamplings of whole tasks.

    Steps and runs of one task resemble each other, so resampling them singly gives intervals that are too narrow. Fewer
    than 3 tasks: no interval. No value where the statistic has none, with the reason.
    """
    x, y = np.array([p.predicted for p in points], dtype=float), np.array([p.human for p in points], dtype=float)
    value = statistic(x, y)
    if not np.isfinite(value):
        return Figure(name=name, slice=slice_, n=len(points), reason=f"{len(points)} units are too few, or one side is constant")
    low, high, reason = _interval([p.task for p in points], x, y, statistic)
    return Figure(name=name, slice=slice_, value=value, low=low, high=high, n=len(points), reason=reason)


def _interval(tasks: list[str], x: Array, y: Array, statistic: Statistic) -> tuple[float | None, float | None, str | None]:
    groups: dict[str, list[int]] = {}
    for i, task in enumerate(tasks):
        groups.setdefault(task, []).append(i)
    members = [np.array(groups[t]) for t in sorted(groups)]
    if len(members) < 3:
        return None, None, f"no interval: {len(members)} tasks are too few to resample"
    random = np.random.default_rng(SEED)
    values = []
    for _ in range(RESAMPLES):
        index = np.concatenate([members[i] for i in random.integers(0, len(members), len(members))])
        values.append(statistic(x[index], y[index]))
    finite = np.array([v for v in values if np.isfinite(v)])
    if len(finite) < RESAMPLES // 2:
        return None, None, "no interval: most resamplings have no value"
    low, high = np.quantile(finite, [0.025, 0.975])
    return float(low), float(high), None
