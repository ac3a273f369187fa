"""Which runs are paired, and which never."""

import random

import pytest
from agentreward.preferences import build_pairs
from hypothesis import given
from hypothesis import strategies as st
from trajschema.score import Reward


def made(name: str, total: float | None, verdict: str = "unresolved", **more: object) -> Reward:
    base: dict[str, object] = {
        "trajectory_id": name,
        "task_id": "k",
        "agent": name,
        "process": total,
        "outcome": 1.0 if verdict == "resolved" else 0.0,
        "total": total,
        "verdict": verdict,
        "agent_steps": 10,
        "weights_version": "w",
    }
    return Reward(**{**base, **more})  # type: ignore[arg-type]


def test_resolved_is_preferred_to_unresolved_with_a_reason() -> None:
    (pair,) = build_pairs([made("a", 0.9, "resolved"), made("b", 0.3, agent_steps=20)])
    assert (pair.kind, pair.chosen_trajectory_id, pair.rejected_trajectory_id) == ("outcome", "a", "b")
    assert pair.margin == pytest.approx(0.6)
    assert pair.length_ratio == 0.5
    assert pair.why == "a resolved the task in 10 steps; b did not, in 20."


def test_the_same_verdict_pairs_by_process() -> None:
    (pair,) = build_pairs([made("a", 0.2), made("b", 0.3)])
    assert (pair.kind, pair.chosen_trajectory_id) == ("process", "b")
    assert "process 0.30" in pair.why


@pytest.mark.parametrize(
    "other",
    [
        made("b", None),
        made("b", 0.3, control=True),
        made("b", 0.3, judged=True),
        made("b", 0.3, weights_version="v"),
        made("b", 0.3, task_id="other"),
        made("b", 0.3, task_id=None),
        made("b", 0.88, "resolved"),
        made("b", 0.3, agent_steps=0),
        made("a", 0.3),
        made("b", 0.95, "unresolved"),
    ],
)
def test_what_is_never_paired(other: Reward) -> None:
    assert build_pairs([made("a", 0.9, "resolved"), other]) == []


def test_a_pair_is_as_confirmed_as_the_weaker_of_the_passes_in_it() -> None:
    sure, unsure, failed = (
        made("a", 0.9, "resolved", confirmation="confirmed"),
        made("b", 0.8, "resolved", confirmation="unconfirmed"),
        made("c", 0.3),
    )
    found = {(p.chosen_trajectory_id, p.rejected_trajectory_id): (p.kind, p.confirmation) for p in build_pairs([sure, unsure, failed])}
    assert found == {("a", "c"): ("outcome", "confirmed"), ("b", "c"): ("outcome", "unconfirmed"), ("a", "b"): ("process", "unconfirmed")}
    (before,) = build_pairs([made("a", 0.9, "resolved"), failed])
    assert before.confirmation is None, "graded before there were any"


def test_a_doubted_pass_is_never_chosen_and_may_be_rejected() -> None:
    doubted, failed = made("a", 0.4, confirmation="doubted"), made("b", 0.2)
    assert build_pairs([doubted, failed]) == []
    (pair,) = build_pairs([made("c", 0.9, "resolved", confirmation="confirmed"), doubted])
    assert (pair.rejected_trajectory_id, pair.confirmation) == ("a", "confirmed")
    assert "is doubted" in pair.why


def test_like_lengths_come_first_and_runs_take_turns() -> None:
    good = [made("a", 0.9, "resolved"), made("b", 0.9, "resolved", agent_steps=40)]
    bad = [made("c", 0.3), made("d", 0.3, agent_steps=38)]
    pairs = build_pairs([*good, *bad], max_pairs_per_task=2)
    assert [(p.chosen_trajectory_id, p.rejected_trajectory_id) for p in pairs] == [("a", "c"), ("b", "d")]
    assert len(build_pairs([*good, *bad], max_pairs_per_task=1)) == 1
    assert build_pairs([*good, *bad], max_pairs_per_task=0) == []
    assert len(build_pairs([*good, *bad])) == 4


runs = st.lists(
    st.builds(
        made,
        st.sampled_from([f"t{i}" for i in range(20)]),
        st.one_of(st.none(), st.floats(0, 1)),
        st.sampled_from(["resolved", "unresolved", "error"]),
        task_id=st.sampled_from(["k", "l"]),
        control=st.booleans(),
        judged=st.booleans(),
        agent_steps=st.integers(0, 50),
    ),
    max_size=14,
    unique_by=lambda r: r.trajectory_id,
)


@given(runs, st.floats(0.01, 0.5), st.integers(0, 5), st.randoms())
def test_pairs_keep_their_promises_in_any_order(rewards: list[Reward], margin: float, most: int, shuffle: random.Random) -> None:
    known = {r.trajectory_id: r for r in rewards}
    pairs = build_pairs(rewards, min_margin=margin, max_pairs_per_task=most)
    for pair in pairs:
        a, b = known[pair.chosen_trajectory_id], known[pair.rejected_trajectory_id]
        assert a.task_id == b.task_id == pair.task_id
        assert not a.control
        assert not b.control
        assert a.judged == b.judged
        assert a.total is not None
        assert b.total is not None
        assert pair.margin == a.total - b.total >= margin
    assert all(sum(p.task_id == task for p in pairs) <= most for task in ("k", "l"))
    assert len({p.pair_id for p in pairs}) == len(pairs)
    shuffled = list(rewards)
    shuffle.shuffle(shuffled)
    assert build_pairs(shuffled, min_margin=margin, max_pairs_per_task=most) == pairs


@pytest.mark.parametrize("bad", [{"min_margin": 0}, {"min_margin": float("nan")}, {"max_pairs_per_task": -1}])
def test_options_without_sense_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="min_margin"):
        build_pairs([], **bad)  # type: ignore[arg-type]
