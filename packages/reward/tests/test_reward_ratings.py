"""Two lists of scores: agreement against its definition, and pairs from rewards that are given."""

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from agentreward import RewardEngine, build_preferences, calibrate
from agentreward.calibration import agreement
from agentreward.calibration.agreement import Point, Statistic, figure
from agentreward.errors import InvalidScores
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

scores = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])
lists = st.lists(st.tuples(scores, scores), min_size=3, max_size=12)


def sign(value: float) -> int:
    return int(value > 0) - int(value < 0)


@settings(deadline=None)
@given(lists)
def test_agreement_is_the_share_of_pairs_of_runs_ordered_alike(points: list[tuple[float, float]]) -> None:
    products = [sign(a[0] - b[0]) * sign(a[1] - b[1]) for a, b in combinations(points, 2) if a != b]
    (found,) = agreement.order_agreement(*np.array(points).T, np.ones((1, len(points))))
    if products:
        assert found == pytest.approx(sum((p + 1) / 2 for p in products) / len(products))
    else:
        assert math.isnan(found)


def _order(x: Any, y: Any) -> float:
    agreed = [(sign(a[0] - b[0]) * sign(a[1] - b[1]) + 1) / 2 for a, b in combinations(zip(x, y, strict=True), 2) if a != b]
    return float(np.mean(agreed)) if agreed else math.nan


def _defined(x: Any, y: Any, of: Any) -> float:
    return math.nan if np.ptp(x) == 0 or np.ptp(y) == 0 else of(x, y).statistic


@pytest.mark.parametrize(
    ("statistic", "definition"),
    [
        (agreement.pearson_r, lambda x, y: _defined(x, y, stats.pearsonr)),
        (agreement.spearman_rho, lambda x, y: _defined(x, y, stats.spearmanr)),
        (agreement.mean_absolute_error, lambda x, y: np.abs(x - y).mean()),
        (agreement.agreement_rate, lambda x, y: ((np.sign(x - 0.5) * np.sign(y - 0.5) + 1) / 2).mean()),
        (agreement.order_agreement, _order),
    ],
    ids=["pearson_r", "spearman_rho", "mae", "agreement_rate", "order_agreement"],
)
def test_an_interval_is_that_of_resampling_tasks_one_by_one(statistic: Statistic, definition: Any) -> None:
    """Values with ties, tasks of 1 to 3 units; the definitions are scipy's and the docstrings'."""
    draw = np.random.default_rng(7)
    points = [Point(x, y, f"task{t}") for x, y, t in zip(*draw.integers(0, 5, (2, 12)) / 4, draw.integers(0, 6, 12), strict=True)]
    members = [np.array([i for i, p in enumerate(points) if p.task == t]) for t in sorted({p.task for p in points})]
    x, y = np.array([p.predicted for p in points]), np.array([p.human for p in points])
    draws = np.random.default_rng(agreement.SEED)
    values = []
    for _ in range(agreement.RESAMPLES):
        index = np.concatenate([members[i] for i in draws.integers(0, len(members), len(members))])
        values.append(definition(x[index], y[index]))
    found = figure("f", points, statistic, "all")
    assert found.value == pytest.approx(definition(x, y))
    assert (found.low, found.high) == pytest.approx(tuple(np.nanquantile(values, [0.025, 0.975])))


def test_levels_follow_the_table_of_the_document() -> None:
    human = [0.1, 0.3, 0.5, 0.7, 0.9]
    assert calibrate(human, human).level == "excellent"
    assert calibrate(human[::-1], human).level == "poor"
    assert calibrate([0.5] * 5, human).level == "poor"
    assert math.isnan(calibrate([0.5] * 5, human).pearson_r)


def test_each_figure_has_an_interval_around_it() -> None:
    result = calibrate([0.1, 0.4, 0.5, 0.9, 0.7, 0.2], [0.2, 0.3, 0.6, 0.7, 0.8, 0.1])
    for name, (low, high) in result.intervals.items():
        assert low <= getattr(result, name) <= high
    assert set(result.intervals) == {"pearson_r", "spearman_rho", "agreement_rate", "mae"}


@pytest.mark.parametrize(
    ("rewards", "human", "word"),
    [
        ([1.0], [1.0], "at least 3"),
        ([1, 2, float("nan")], [1, 2, 3], r"reward_scores\[2\]"),
        ([1, 2, 3], [10**400, 2, 3], r"human_scores\[0\]"),
    ],
)
def test_lists_that_cannot_be_compared_are_refused(rewards: list[float], human: list[float], word: str) -> None:
    with pytest.raises(InvalidScores, match=word):
        calibrate(rewards, human)


@settings(deadline=None)
@given(st.lists(scores, min_size=2, max_size=6), st.sampled_from([0.1, 0.25, 0.5]))
def test_every_pair_that_differs_by_the_margin_is_built(rewards: list[float], margin: float) -> None:
    runs = [{"id": f"r{i}", "reward": r, "step_count": i + 1} for i, r in enumerate(rewards)]
    pairs = build_preferences({"t": runs}, min_margin=margin)
    wanted = {tuple(sorted((i, j))) for i, j in combinations(range(len(rewards)), 2) if round(abs(rewards[i] - rewards[j]), 9) >= margin}
    assert {tuple(sorted((int(p.chosen_trajectory_id[1:]), int(p.rejected_trajectory_id[1:])))) for p in pairs} == wanted
    assert all(p.margin() > 0 and p.chosen_reward > p.rejected_reward for p in pairs)


def test_a_margin_in_decimals_is_met_by_decimal_rewards() -> None:
    runs = [{"id": "a", "reward": 0.9, "step_count": 5}, {"id": "b", "reward": 0.8, "step_count": 5}]
    assert len(build_preferences({"t": runs}, min_margin=0.1)) == 1


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"id": ""}, "'id'"),
        ({"reward": 1.4}, "'reward'"),
        ({"reward": True}, "'reward'"),
        ({"reward": 10**400}, "'reward'"),
        ({"step_count": 0}, "'step_count'"),
        ({"step_count": 10**400}, "'step_count'"),
    ],
)
def test_a_run_that_says_too_little_is_named(change: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidScores, match=rf"t\[1\]: {word}"):
        build_preferences({"t": [{"id": "a", "reward": 0.9, "step_count": 5}, {"id": "b", "reward": 0.3, "step_count": 5, **change}]})


@pytest.mark.parametrize(("given", "word"), [([1], r"\[1\] is no object"), ({"t": "abc"}, "t: 'abc'"), ({"t": [1]}, r"t\[0\]: 1")])
def test_what_is_no_list_of_runs_by_task_is_named(given: Any, word: str) -> None:
    with pytest.raises(InvalidScores, match=word):
        build_preferences(given)


def test_two_runs_of_a_task_with_one_id_are_refused() -> None:
    run = {"id": "a", "reward": 0.9, "step_count": 5}
    with pytest.raises(InvalidScores, match="'a'"):
        build_preferences({"t": [run, run]})


def test_results_of_the_engine_are_paired_as_they_are() -> None:
    engine = RewardEngine()
    looked = {"tool": "Read", "params": {"file_path": "a.py"}, "output": "x = 1"}
    changed = {"tool": "Edit", "params": {"file_path": "a.py", "old_string": "x = 1", "new_string": "x = 2"}, "output": "done"}
    good, bad, unknown = (
        engine.score({"id": name, "steps": [looked, changed], **outcome})
        for name, outcome in (("g", {"outcome": {"success": True}}), ("b", {"outcome": {"success": False}}), ("u", {}))
    )
    (pair,) = build_preferences({"t": [bad, unknown, good]})
    assert (pair.chosen_trajectory_id, pair.rejected_trajectory_id, pair.kind, pair.task_id) == ("g", "b", "outcome", "t")
