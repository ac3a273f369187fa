"""Adding up: layers, rubrics, gate, outcome. Every number of the configuration shows in the result."""

import json

import pytest
from agentreward.aggregate.fusion import ScoreMismatch, reward
from agentreward.aggregate.outcomes import outcome_value
from agentreward.aggregate.process_reward import StepValue, process_score
from agentreward.aggregate.weights import Weights
from agentreward.rubrics import DEFAULT_RUBRICS, Rubric, RubricSet
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from trajschema.outcome import Outcome
from trajschema.score import RUBRICS, Reward, StepScore


def score(step: int, rubric: str, value: float | None, layer: str = "rule", trajectory: str = "t") -> StepScore:
    reason = None if value is not None else "refused"
    return StepScore(
        trajectory_id=trajectory,
        step_id=step,
        rubric_id=rubric,
        layer=layer,  # type: ignore[arg-type]
        score=value,
        missing_reason=reason,
        scorer_version="v",
    )


def graded(verdict: str = "unresolved", fixed: int = 1, total: int = 2, **more: object) -> Outcome:
    return Outcome(
        rollout_id="r", task_id="k", verdict=verdict, fail_to_pass_fixed=fixed, fail_to_pass_total=total, pass_to_pass_total=3, **more
    )  # type: ignore[arg-type]


SCORES = [
    score(2, "goal_progress", 0.8),
    score(2, "goal_progress", 0.2, "judge"),
    score(2, "tool_choice", 1.0),
    score(2, "param_correctness", 0.9, "judge"),
    score(2, "info_utilization", None, "judge"),
    score(2, "info_utilization", 0.3),
    score(2, "non_redundancy", None),
    score(2, "gate", 1.0),
    score(3, "goal_progress", 0.4),
    score(3, "tool_choice", 0.1),
    score(3, "gate", 1.0),
    score(5, "goal_progress", 1.0, "judge"),
    score(5, "gate", 0.0),
    score(6, "goal_progress", None),
    score(6, "gate", 1.0),
]


def added(weights: Weights | None = None, outcome: Outcome | None = None, scores: list[StepScore] = SCORES) -> Reward:
    return reward("t", [2, 3, 5, 6], outcome or graded(), scores, weights or Weights(), versions={"rule": "r1", "grader": "g2"})


def test_a_step_adds_up_by_hand() -> None:
    first = added().step_rewards[0]
    assert json.loads(first.rubric_scores) == {"goal_progress": 0.56, "tool_choice": 1.0, "param_correctness": 0.9, "info_utilization": 0.3}
    assert first.reward == pytest.approx((0.3 * 0.56 + 0.2 * 1 + 0.2 * 0.9 + 0.15 * 0.3) / 0.85)
    assert first.gate == 1


def test_the_gate_undoes_a_kind_judge() -> None:
    third = added().step_rewards[2]
    assert (third.gate, third.reward) == (0, 0)


def test_a_step_without_a_scored_rubric_is_left_out() -> None:
    assert added().step_rewards[3].reward is None
    assert added().process == added(scores=SCORES[:-2]).process


def test_the_record_says_what_it_was_made_of() -> None:
    found = added()
    assert found.scorer_versions == ("grader=g2", "rule=r1")
    assert found.weights_version == Weights().version
    assert (found.agent_steps, found.gated_steps, found.judged) == (4, 1, True)
    assert found.outcome == 0.25
    assert found.total == pytest.approx(0.5 * 0.25 + 0.5 * (found.process or 0))
    assert not added(scores=[s for s in SCORES if s.layer == "rule"]).judged


@pytest.mark.parametrize("rubric", RUBRICS)
def test_every_rubric_weight_shows(rubric: str) -> None:
    scores = [score(2, r, 0.9 if r == rubric else 0.5) for r in RUBRICS]
    heavy = Weights(rubrics={**Weights().rubrics, rubric: 3.0})
    assert (added(heavy, scores=scores).process or 0) > (added(scores=scores).process or 0)
    assert heavy.version != Weights().version


@pytest.mark.parametrize(
    ("change", "outcome", "scores"),
    [
        ({"rule": 0.1}, graded(), SCORES),
        ({"judge": 3.0}, graded(), SCORES),
        ({"outcome": 0.9}, graded(), SCORES),
        ({"partial": 0.2}, graded(), SCORES),
        ({"claimed": 0.7}, graded("claimed", claimed_resolved=True), SCORES),
        ({"unconfirmed": 0.6}, graded("resolved", 2, confirmation="unconfirmed"), SCORES),
        ({"unconfirmed": 0.6}, graded("resolved", 2), SCORES),
        ({"advance_at": 0.9}, graded(), SCORES),
        ({"default_process_reward": 0.1}, graded(), [score(2, "goal_progress", 0.3)]),
    ],
)
def test_every_other_number_shows(change: dict[str, float], outcome: Outcome, scores: list[StepScore]) -> None:
    changed = Weights(**change)  # type: ignore[arg-type]
    assert added(changed, outcome, scores).total != added(None, outcome, scores).total
    assert changed.version != Weights().version


def test_a_doubted_pass_counts_as_unresolved_with_nothing_fixed() -> None:
    doubted = added(outcome=graded("resolved", 2, confirmation="doubted", confirmation_reason="f(1): 2, gold patch 3"))
    failed = added(outcome=graded("unresolved", 0))
    assert doubted == failed.model_copy(update={"confirmation": "doubted"})
    assert (doubted.outcome, doubted.verdict) == (0.0, "unresolved")


def test_a_pass_is_worth_its_verdict_unless_the_weights_say_otherwise() -> None:
    half = Weights(unconfirmed=0.5)
    worth = {c: added(half, graded("resolved", 2, confirmation=c)).outcome for c in ("confirmed", "unconfirmed", None)}
    assert worth == {"confirmed": 1.0, "unconfirmed": 0.5, None: 0.5}
    assert {added(outcome=graded("resolved", 2, confirmation=c)).outcome for c in ("confirmed", "unconfirmed", None)} == {1.0}


def test_weights_that_change_nothing_keep_their_version() -> None:
    assert Weights().version == "0fc48f651baaca41", "stored rewards and releases name it"


@pytest.mark.parametrize(
    "bad",
    [
        {"unconfirmed": 1.1},
        {"rubrics": {"goal_progress": -1}},
        {"rubrics": {"goal_progress": 0}},
        {"rubrics": {"goal_progress": float("nan")}},
        {"rubrics": {"gate": 1}},
        {"rubrics": {}},
        {"rule": 0, "judge": 0},
        {"outcome": 1.1},
        {"partial": 1},
        {"advance_at": 0.4},
        {"rubric": {}},
    ],
)
def test_weights_that_break_a_promise_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Weights(**bad)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcome", "value", "word"),
    [
        (None, None, "no outcome"),
        (graded("error", reason="disk full"), None, "disk full"),
        (graded("not_evaluated", reason="control"), None, "control"),
        (graded("resolved", 2), 1.0, None),
        (graded("unresolved", 1), 0.25, None),
        (graded("unresolved", 2), 0.5, None),
        (graded("unresolved", 2, pass_to_pass_broken=1), 0.0, None),
        (graded("unresolved", 0, 0), 0.0, None),
        (graded("claimed", claimed_resolved=True), None, "claim"),
        (graded("resolved", 5, 2), None, "5 of 2"),
        (graded("resolved", 2, tamper=("conftest.py",)), 0.0, None),
    ],
)
def test_outcomes_are_worth_what_was_tested(outcome: Outcome | None, value: float | None, word: str | None) -> None:
    found = outcome_value(outcome, Weights())
    assert found.value == value
    assert word is None or word in str(found.missing_reason)


def test_a_missing_outcome_or_process_leaves_no_total_and_a_reason() -> None:
    failed = added(outcome=graded("error", reason="disk full"))
    assert (failed.total, failed.outcome) == (None, None)
    assert "disk full" in str(failed.missing_reason)
    nothing = reward("t", [], graded(), [], Weights())
    assert (nothing.total, nothing.process) == (None, None)
    assert nothing.missing_reason


def test_tampering_makes_the_total_0_and_the_verdict_unresolved() -> None:
    cheat = added(outcome=graded("resolved", 2, tamper=("conftest.py",)))
    assert (cheat.total, cheat.outcome, cheat.verdict) == (0.0, 0.0, "unresolved")
    assert cheat.process == added().process


@pytest.mark.parametrize(
    ("extra", "word"),
    [
        (score(2, "tool_choice", 0.5), "two rule scores of tool_choice for step 2"),
        (score(2, "x", 0.5, trajectory="other"), "other"),
        (score(4, "x", 0.5), "step 4"),
    ],
)
def test_scores_that_do_not_belong_are_refused(extra: StepScore, word: str) -> None:
    with pytest.raises(ScoreMismatch, match=word):
        added(scores=[*SCORES, extra])


values = st.builds(StepValue, st.floats(0, 1), st.integers(0, 1), st.booleans())


@given(st.lists(values, min_size=1, max_size=12), values, st.data())
def test_the_mean_is_padding_proof_for_any_rewards(steps: list[StepValue], extra: StepValue, data: st.DataObject) -> None:
    before = process_score(steps)
    assert before is not None
    assert 0 <= before <= 1
    idle = extra._replace(gate=0)
    at = data.draw(st.integers(0, len(steps)))
    after = process_score([*steps[:at], idle, *steps[at:]])
    assert after is not None
    assert after <= before
    looking = extra._replace(advances=False)
    if any(s.gate for s in steps):
        more = process_score([*steps, looking])
        assert more is not None
        assert more <= before


@given(st.lists(values, min_size=1, max_size=12))
def test_the_mean_never_exceeds_the_plain_mean_and_meets_it_without_padding(steps: list[StepValue]) -> None:
    plain = sum(s.reward * s.gate for s in steps) / len(steps)
    advancing = [s._replace(gate=1, advances=True) for s in steps]
    assert process_score(advancing) == pytest.approx(sum(s.reward for s in steps) / len(steps))
    if any(s.gate and s.advances for s in steps):
        assert (process_score(steps) or 0) <= plain + 1e-9


@given(st.lists(values, min_size=1, max_size=12), st.integers(0, 11), st.floats(0, 1))
def test_lowering_a_step_never_raises_the_mean(steps: list[StepValue], index: int, factor: float) -> None:
    index %= len(steps)
    lowered = [s._replace(reward=s.reward * factor) if i == index else s for i, s in enumerate(steps)]
    assert (process_score(lowered) or 0) <= (process_score(steps) or 0)
    idle = [s._replace(gate=0) if i == index and not s.advances else s for i, s in enumerate(steps)]
    assert (process_score(idle) or 0) <= (process_score(steps) or 0)


def test_an_idle_step_costs_its_share_and_looks_do_not_make_up_for_it() -> None:
    change, look, idle = StepValue(0.8, 1, True), StepValue(0.9, 1, False), StepValue(0.0, 0, False)
    assert process_score([look, change, look]) == pytest.approx(0.8)
    assert process_score([look, change, idle, look]) == pytest.approx(0.4)
    assert process_score([look, StepValue(0.6, 1, False)], 0.25) == pytest.approx(0.25)
    assert process_score([look, StepValue(0.05, 1, False), idle], 0.25) == pytest.approx(0.1)


def test_rubric_sets() -> None:
    assert DEFAULT_RUBRICS.weights == Weights().rubrics
    assert [r.id for r in DEFAULT_RUBRICS.rubrics] == list(RUBRICS)
    custom = RubricSet(rubrics=(Rubric(id="safety", name="Safety", description="Is it safe?", weight=0.4, evaluator="rule"),))
    assert custom.version != DEFAULT_RUBRICS.version
    reweighted = RubricSet(rubrics=tuple(r.model_copy(update={"weight": 1.0}) for r in DEFAULT_RUBRICS.rubrics))
    assert reweighted.version == DEFAULT_RUBRICS.version
    with pytest.raises(ValidationError):
        RubricSet(rubrics=custom.rubrics * 2)


def test_weights_of_an_older_release_are_read_and_keep_their_version() -> None:
    """What is now ``default_process_reward`` was called ``stand_in``; rewards are stored with the version of their weights."""
    old = Weights.model_validate({"stand_in": 0.1})
    assert old == Weights(default_process_reward=0.1)
    assert old.version == "9cd9ad8b3a9ffe80"
