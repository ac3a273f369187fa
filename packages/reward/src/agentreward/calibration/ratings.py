"""Agreement of rewards with ratings that people gave to the same runs: two lists in, figures out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agentreward.calibration.agreement import Point, Statistic, figure, mean_absolute_error, order_agreement, pearson_r, spearman_rho
from agentreward.errors import InvalidScores, short

FEWEST = 3
_MOST = 1e100
"""Squares of larger scores are no numbers any more."""
Level = Literal["excellent", "good", "fair", "poor"]
_LEVELS: tuple[tuple[Level, float, float], ...] = (("excellent", 0.85, 0.9), ("good", 0.7, 0.75), ("fair", 0.5, 0.6))
"""Level, and what a correlation and an agreement rate must exceed for it: the table of the founding document."""


@dataclass(frozen=True)
class CalibrationResult:
    """How far rewards agree with people, over ``n`` runs. A figure is nan where a side is constant.

    ``intervals`` holds figure → 95 % interval from resampling runs; a figure that resampling gives no interval is not in it.
    """

    n: int
    pearson_r: float
    spearman_rho: float
    agreement_rate: float
    mae: float
    intervals: dict[str, tuple[float, float]]

    @property
    def level(self) -> Level:
        """The highest level that all three figures reach."""
        for level, correlation, agreement in _LEVELS:
            if self.pearson_r > correlation and self.spearman_rho > correlation and self.agreement_rate > agreement:
                return level
        return "poor"


_FIGURES: tuple[tuple[str, Statistic], ...] = (
    ("pearson_r", pearson_r),
    ("spearman_rho", spearman_rho),
    ("agreement_rate", order_agreement),
    ("mae", mean_absolute_error),
)


def calibrate(reward_scores: Sequence[float], human_scores: Sequence[float]) -> CalibrationResult:
    """Agreement of two lists: the reward of each run, and what people said of it. Any scale; ``mae`` wants the same one.

    Raises:
        InvalidScores: the lists differ in length, hold fewer than 3 runs, or hold what is no number of at most 1e100.
    """
    if len(reward_scores) != len(human_scores):
        raise InvalidScores(f"{len(reward_scores)} rewards and {len(human_scores)} ratings; give one rating for each reward, in order")
    if len(reward_scores) < FEWEST:
        raise InvalidScores(f"{len(reward_scores)} runs say nothing of agreement; rate at least {FEWEST}, better 50 to 100")
    for name, values in (("reward", reward_scores), ("human", human_scores)):
        for place, value in enumerate(values):
            if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _MOST:
                raise InvalidScores(f"{name}_scores[{place}] is {short(value)}; scores are numbers of at most {_MOST:g}")
    points = [Point(float(r), float(h), str(i)) for i, (r, h) in enumerate(zip(reward_scores, human_scores, strict=True))]
    found = {name: figure(name, points, statistic, "all") for name, statistic in _FIGURES}
    numbers = {name: float("nan") if f.value is None else f.value for name, f in found.items()}
    intervals = {name: (f.low, f.high) for name, f in found.items() if f.low is not None and f.high is not None}
    return CalibrationResult(n=len(points), intervals=intervals, **numbers)
