"""Splits: by repository, never empty from three on, stable when others join."""

from agentrelease.splits import SPLITS, assign_splits
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.sets(st.text("abcdefghij_-", min_size=1, max_size=12), max_size=40)


@given(NAMES)
def test_every_repository_has_one_split_and_none_is_empty_from_three_on(names):
    splits = assign_splits(sorted(names))
    assert splits.keys() == names
    assert set(splits.values()) <= set(SPLITS)
    if len(names) >= 3:
        assert set(splits.values()) == set(SPLITS)


def test_one_repository_makes_train_and_two_make_train_and_test():
    assert set(assign_splits(["toolz"]).values()) == {"train"}
    assert set(assign_splits(["toolz", "semver"]).values()) == {"train", "test"}
    assert assign_splits([]) == {}


@given(NAMES, st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(names, shuffler):
    given_names = [*names, *names]
    shuffler.shuffle(given_names)
    assert assign_splits(given_names) == assign_splits(sorted(names))


def test_a_repository_stays_where_it_is_when_others_join():
    before = assign_splits(f"repo-{i}" for i in range(60))
    after = assign_splits(f"repo-{i}" for i in range(90))
    assert {name: after[name] for name in before} == before


def test_shares_of_many_repositories_are_near_the_targets():
    held = list(assign_splits(f"repo-{i}" for i in range(2_000)).values())
    assert 0.66 < held.count("train") / 2_000 < 0.74
    assert 0.12 < held.count("validation") / 2_000 < 0.18
    assert 0.12 < held.count("test") / 2_000 < 0.18
