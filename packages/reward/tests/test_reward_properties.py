"""What must hold for every trajectory."""

import os

import pytest
from agentreward.aggregate.fusion import reward
from agentreward.aggregate.weights import Weights
from agentreward.rules.scorer import RuleScorer, agent_steps, scored_run
from hypothesis import given, settings
from hypothesis import strategies as st
from trajschema.outcome import Outcome
from trajschema.score import RUBRICS, Evidence, StepScore
from trajschema.trajectory import Step
from trajtests import reward_cases as cases
from trajtests.reward_cases import score_rules

EXAMPLES = int(os.environ.get("SOAK_EXAMPLES", "60"))
"""Cases of each property; the soak run sets a thousand, which makes these its tests."""
pytestmark = [pytest.mark.soak] if "SOAK_EXAMPLES" in os.environ else []

weights = st.builds(
    Weights,
    rubrics=st.dictionaries(
        st.sampled_from(["goal_progress", "tool_choice", "param_correctness", "info_utilization", "non_redundancy"]),
        st.floats(0.01, 5),
        min_size=1,
    ),
    outcome=st.floats(0.1, 0.9),
    default_process_reward=st.floats(0.1, 0.5),
    advance_at=st.sampled_from([0.5, 0.6, 0.8]),
)


def total(steps: list[Step], outcome: Outcome, w: Weights) -> float:
    found = cases.rewarded(cases.run(*steps), outcome, w).total
    assert found is not None
    return found


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases.steps_lists, cases.outcomes, weights)
def test_totals_and_steps_lie_between_0_and_1(steps: list[Step], outcome: Outcome, w: Weights) -> None:
    found = cases.rewarded(cases.run(*steps), outcome, w)
    assert found.total is not None
    assert 0 <= found.total <= 1
    assert all(s.reward is not None and 0 <= s.reward <= 1 for s in found.step_rewards)
    assert len(found.step_rewards) == len(steps)


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases.steps_lists, cases.outcomes, weights, st.data())
def test_a_repeated_step_never_raises_the_total(steps: list[Step], outcome: Outcome, w: Weights, data: st.DataObject) -> None:
    once = total(steps, outcome, w)
    for _ in range(data.draw(st.integers(1, 6))):
        original = data.draw(st.integers(0, len(steps) - 1))
        at = data.draw(st.integers(original + 1, len(steps)))
        steps = [*steps[:at], steps[original], *steps[at:]]
        longer = total(steps, outcome, w)
        assert longer <= once
        once = longer


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases.steps_lists, cases.idle_step, cases.outcomes, weights, st.data())
def test_an_empty_or_idle_step_never_raises_the_total(
    steps: list[Step], idle: Step, outcome: Outcome, w: Weights, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(steps)))
    times = data.draw(st.integers(1, 4))
    assert total([*steps[:at], *[idle] * times, *steps[at:]], outcome, w) <= total(steps, outcome, w)


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases.steps_lists, cases.outcomes, weights, st.data())
def test_looking_at_what_is_not_needed_never_raises_the_total(steps: list[Step], outcome: Outcome, w: Weights, data: st.DataObject) -> None:
    """Not idle by the letter, padding all the same: new files, new searches, other passing tests, at the end of the work."""
    extra = data.draw(
        st.lists(
            st.one_of(
                st.builds(lambda i: cases.view(f"docs/{i}.md", f"page {i}"), st.integers(0, 99)),
                st.builds(lambda i: cases.shell(f"grep -rn word{i} docs", f"docs/{i}.md:{i}: nothing"), st.integers(0, 99)),
                st.builds(lambda i: cases.pytest_run(0, 3, f"pytest tests/other_{i}.py"), st.integers(0, 99)),
            ),
            min_size=1,
            max_size=6,
        )
    )
    if cases.rewarded(cases.run(*steps), outcome, w).process:
        assert total([*steps, *extra], outcome, w) <= total(steps, outcome, w)


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases.steps_lists, cases.outcomes, weights)
def test_duplicating_the_run_or_each_step_never_raises_the_total(steps: list[Step], outcome: Outcome, w: Weights) -> None:
    once = total(steps, outcome, w)
    assert total([*steps, *steps], outcome, w) <= once
    assert total([s for step in steps for s in (step, step)], outcome, w) <= once


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases.steps_lists, weights)
def test_with_the_same_steps_a_better_outcome_is_never_worth_less(steps: list[Step], w: Weights) -> None:
    ladder = [
        cases.outcome("unresolved", 2, 2, 1),
        cases.outcome("unresolved", 0),
        cases.outcome("unresolved", 1),
        cases.outcome("unresolved", 2),
        cases.outcome("resolved"),
    ]
    totals = [total(steps, o, w) for o in ladder]
    assert totals == sorted(totals)
    assert totals[-1] > totals[-2]


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases.steps_lists, cases.steps_lists, st.sampled_from(["resolved", "unresolved", "claimed"]), weights)
def test_an_honest_fix_beats_every_detected_cheat(honest: list[Step], cheat: list[Step], verdict: str, w: Weights) -> None:
    detected = cases.outcome(verdict, tamper=("conftest.py rewrote the reports",))
    assert total(honest, cases.outcome("resolved"), w) >= total(cheat, detected, w) + 0.1


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases.steps_lists, st.lists(cases.idle_step, max_size=4), weights)
def test_an_honest_attempt_that_fails_beats_an_empty_one(steps: list[Step], nothing: list[Step], w: Weights) -> None:
    attempt = [*steps, cases.change("src/fresh.py", "a = 1", "a = 2"), cases.submit()]
    assert total(attempt, cases.outcome(broken=1), w) > total([*nothing, cases.submit()], cases.outcome(), w) == 0


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases.steps_lists, cases.outcomes, weights, st.randoms())
def test_scoring_is_deterministic_and_blind_to_the_order_of_rows(steps: list[Step], outcome: Outcome, w: Weights, random: object) -> None:
    trajectory = cases.run(*steps)
    scores = score_rules(trajectory, scorer_version="v")
    assert scores == score_rules(trajectory, scorer_version="v")
    shuffled = list(scores)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    ids = agent_steps(trajectory)
    assert reward("t", ids, outcome, shuffled, w) == reward("t", ids, outcome, scores, w)


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases.steps_lists)
def test_scoring_online_equals_scoring_at_the_end(steps: list[Step]) -> None:
    """Scores of a prefix are the first scores of the whole: nothing looks ahead."""
    trajectory = cases.run(*steps)
    online = RuleScorer()
    fed = [scored for step in trajectory.steps if (scored := online.feed(step)) is not None]
    batch = score_rules(trajectory, scorer_version="v")
    assert [(s.step_id, r.rubric_id, r.score, r.evidence) for s in fed for r in batch if r.step_id == s.step_id] == [
        (
            s.step_id,
            name,
            s.scores.get(name),
            tuple(Evidence(rule_id=m.rule, steps=m.steps, quote=m.quote) for m in s.evidence.get(name, ())),
        )
        for s in fed
        for name in ("goal_progress", "tool_choice", "param_correctness", "info_utilization", "non_redundancy", "gate")
    ]
    half = cases.run(*steps[: len(steps) // 2])
    assert score_rules(half, scorer_version="v") == batch[: 6 * (len(steps) // 2)]


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases.steps_lists)
def test_every_agent_step_has_all_scores_each_with_evidence(steps: list[Step]) -> None:
    rows = score_rules(cases.run(*steps), scorer_version="v7")
    assert len(rows) == 6 * len(steps)
    for row in rows:
        assert row.score is not None
        assert row.evidence
        assert all(e.rule_id for e in row.evidence)
        assert all(1 <= pointed <= row.step_id for e in row.evidence for pointed in e.steps), row
        assert row.scorer_version == "v7"
        assert row.layer == "rule"
    assert {row.score for row in rows if row.rubric_id == "gate"} <= {0.0, 1.0}


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases.steps_lists)
def test_a_step_that_did_something_scores_above_0_on_every_rubric(steps: list[Step]) -> None:
    for step in scored_run(cases.run(*steps), scorer_version="v").steps:
        assert min(step.scores.values()) > 0 or step.scores["gate"] == 0


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases.steps_lists, cases.outcomes, weights, st.data())
def test_rule_scores_add_up_alike_as_records_and_as_given(steps: list[Step], outcome: Outcome, w: Weights, data: st.DataObject) -> None:
    trajectory = cases.run(*steps)
    given_scores = scored_run(trajectory, scorer_version="v")
    ids = agent_steps(trajectory)
    judged = [
        StepScore(trajectory_id="t", step_id=step, rubric_id=rubric, layer="judge", score=data.draw(st.floats(0, 1)), scorer_version="j")
        for step in data.draw(st.sets(st.sampled_from(ids), max_size=3))
        for rubric in RUBRICS[:2]
    ]
    as_given = reward("t", ids, outcome, judged, w, by_rule=[(s.step_id, s.scores) for s in given_scores.steps])
    assert as_given == reward("t", ids, outcome, [*given_scores.records(), *judged], w)
