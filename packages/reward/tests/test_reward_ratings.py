"""Two lists of scores: agreement against its definition, and pairs from rewards that are given."""

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from agentreward import RewardEngine, build_preferences, calibrate
from agentreward.errors import InvalidScores
from agentreward.ratings import order_agreement
from hypothesis import given, settings
from hypothesis import strategies as st

scores = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])
lists = st.lists(st.tuples(scores, scores), min_size=3, max_size=12)


def sign(value: float) -> int:
    return (value > 0) - (value < 0)


@settings(deadline=None)
@given(lists)
def test_agreement_is_the_share_of_pairs_of_runs_ordered_alike(points: list[tuple[float, float]]) -> None:
    products = [sign(a[0] - b[0]) * sign(a[1] - b[1]) for a, b in combinations(points, 2) if a != b]
    found = order_agreement(np.array([x for x, _ in points]), np.array([y for _, y in points]))
    if products:
        assert found == pytest.approx(sum((p + 1) / 2 for p in products) / len(products))
    else:
        assert math.isnan(found)


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
