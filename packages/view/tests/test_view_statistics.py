"""Intervals: against closed forms, against scipy, and by what must hold for any counts."""

import numpy as np
import pytest
from agentview.statistics import auc, paired_difference, wilson
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_scipy_and_holds_the_share(counts):
    k, n = counts
    found = wilson(k, n)
    oracle = stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
    assert found.low == pytest.approx(oracle.low, abs=1e-9)
    assert found.high == pytest.approx(oracle.high, abs=1e-9)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_wilson_of_no_run_says_so_and_of_nonsense_raises():
    assert wilson(0, 0).value is None
    assert wilson(0, 0).reason == "no graded run"
    with pytest.raises(ValueError, match="5 successes of 2"):
        wilson(5, 2)


def test_paired_difference_counts_each_task_once_and_only_those_in_common():
    found = paired_difference({"a": [1, 1, 1, 1], "b": [0], "c": [1]}, {"a": [0], "b": [0], "d": [1]})
    assert found.n == 2
    assert found.value == 0.5


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=40), st.randoms(use_true_random=False))
def test_paired_difference_is_antisymmetric_repeatable_and_holds_its_value(verdicts, shuffler):
    one = {f"t{i:02}": [float(a)] for i, (a, _) in enumerate(verdicts)}
    other = {f"t{i:02}": [float(b)] for i, (_, b) in enumerate(verdicts)}
    names = list(one)
    shuffler.shuffle(names)
    found = paired_difference(one, other)
    assert found == paired_difference({n: one[n] for n in names}, other)
    assert paired_difference(other, one).value == -found.value
    if found.low is None:
        assert found.reason
    else:
        assert -1 <= found.low <= found.value <= found.high <= 1


def test_paired_difference_covers_the_truth_about_as_often_as_it_says():
    generator = np.random.default_rng(5)
    inside = 0
    for trial in range(60):
        a, b = generator.random(60) < 0.7, generator.random(60) < 0.45
        found = paired_difference({str(i): [float(v)] for i, v in enumerate(a)}, {str(i): [float(v)] for i, v in enumerate(b)}, trial)
        inside += found.low <= 0.25 <= found.high
    assert inside >= 50


def test_no_interval_is_invented_where_none_can_be():
    assert paired_difference({"a": [1]}, {"a": [0]}).reason == "fewer than two tasks in common"
    assert paired_difference({"a": [1], "b": [1]}, {"a": [0], "b": [0]}).reason == "the same difference at every task"
    assert auc([0.1, 0.2], [True, True], ["a", "b"]).value is None


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=30))
def test_auc_counts_pairs_with_ties_half(rows):
    values, flags = [v for v, _ in rows], [f for _, f in rows]
    ones, zeros = [v for v, f in rows if f], [v for v, f in rows if not f]
    found = auc(values, flags, [str(i) for i in range(len(rows))])
    if not ones or not zeros:
        assert found.value is None
        return
    wins = sum((a > b) + 0.5 * (a == b) for a in ones for b in zeros)
    assert found.value == pytest.approx(wins / (len(ones) * len(zeros)))
    assert found.low is None or found.low <= found.high
