"""AUC within sources, with intervals by resampling tasks, and rank correlation with length within one outcome."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

Floats = NDArray[np.float64]
LEAST = 5
"""Runs of one source and outcome below which a rank correlation says nothing."""


class Group(NamedTuple):
    """Runs of one source: outcome, task and length of each."""

    resolved: NDArray[np.bool_]
    tasks: NDArray[np.int64]
    length: Floats


class Auc(NamedTuple):
    """Share of pairs, one run resolved and one not, that a score puts in order, and that share in each resample."""

    value: float
    pairs: int
    resampled: Floats

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, percentile."""
        kept = self.resampled[np.isfinite(self.resampled)]
        return (float(np.quantile(kept, 0.025)), float(np.quantile(kept, 0.975))) if kept.size else (float("nan"), float("nan"))


def draws(tasks: int, times: int, seed: int = 5) -> Floats:
    """How often each task is drawn, by resample: all runs of a task come and go together, whatever their source."""
    random = np.random.default_rng(seed)
    return random.multinomial(tasks, np.full(tasks, 1 / tasks), size=times).astype(np.float64)


def concordance(group: Group, score: Floats) -> Floats:
    """Rows: resolved runs, columns: others. 1 where the resolved one scores higher, 0.5 where both score the same."""
    good, bad = score[group.resolved][:, None], score[~group.resolved][None, :]
    return (good > bad) + 0.5 * (good == bad)


def auc(groups: Sequence[Group], scores: Sequence[Floats], drawn: Floats) -> Auc:
    """Over the pairs within each of ``groups``, pooled: each pair counts once, so a source weighs as many pairs as it has."""
    won, all_pairs = 0.0, 0
    won_drawn, pairs_drawn = np.zeros(len(drawn)), np.zeros(len(drawn))
    for group, score in zip(groups, scores, strict=True):
        table = concordance(group, score)
        good, bad = drawn[:, group.tasks[group.resolved]], drawn[:, group.tasks[~group.resolved]]
        won, all_pairs = won + float(table.sum()), all_pairs + table.size
        won_drawn += np.einsum("bi,ij,bj->b", good, table, bad)
        pairs_drawn += good.sum(axis=1) * bad.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return Auc(won / all_pairs if all_pairs else float("nan"), all_pairs, won_drawn / pairs_drawn)


def gain(ours: Auc, other: Auc) -> dict[str, float]:
    """Difference of two figures on the same resamples, its 95 % interval, and the share of resamples in which it is above 0."""
    paired = ours.resampled - other.resampled
    paired = paired[np.isfinite(paired)]
    low, high = np.quantile(paired, [0.025, 0.975])
    return {"gain": ours.value - other.value, "low": float(low), "high": float(high), "above_0": float((paired > 0).mean())}


def length_correlation(groups: Mapping[str, Group], scores: Mapping[str, Floats]) -> tuple[float, dict[str, float]]:
    """Spearman's rho of score and length within each source and outcome, and their mean weighted by runs."""
    found: dict[str, float] = {}
    total, runs = 0.0, 0
    for name, group in groups.items():
        for outcome in (True, False):
            of = group.resolved == outcome
            if of.sum() < LEAST or np.ptp(scores[name][of]) == 0 or np.ptp(group.length[of]) == 0:
                continue
            rho = float(spearmanr(scores[name][of], group.length[of]).statistic)
            found[f"{name}, {'resolved' if outcome else 'unresolved'}"] = rho
            total, runs = total + rho * int(of.sum()), runs + int(of.sum())
    return (total / runs if runs else float("nan")), found
