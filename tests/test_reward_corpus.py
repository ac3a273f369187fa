"""What must hold for every trajectory, on real ones: logs of the corpus, cut anywhere and padded anywhere."""

import os
from functools import cache

import pytest
from agentrecorder.convert import Converted, convert
from agentreward.aggregate.fusion import reward
from agentreward.aggregate.weights import Weights
from agentreward.rules.scorer import RuleScorer, agent_steps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trajschema.outcome import Outcome
from trajschema.score import Reward
from trajschema.trajectory import Step, Trajectory
from trajtests import reward_cases as cases
from trajtests.recorder_cases import CORPUS
from trajtests.reward_cases import score_rules

EXAMPLES = int(os.environ.get("SOAK_EXAMPLES", "8"))
"""Cases of each property; the soak run sets a thousand."""
MOST_STEPS = 60
pytestmark = [
    pytest.mark.skipif(CORPUS is None, reason="no corpus of real logs beside the checkout, nor at TRAJHUB_CORPUS"),
    *([pytest.mark.soak] if "SOAK_EXAMPLES" in os.environ else []),
]
some = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
weights = st.builds(Weights, outcome=st.floats(0.1, 0.9), default_process_reward=st.floats(0.1, 0.5))


@cache
def real() -> tuple[tuple[Step, ...], ...]:
    """Steps of the runs of the corpus in which an agent does something."""
    if CORPUS is None:
        return ()
    found = (one.run.trajectory(one.sha256, one.index).steps for one in convert(CORPUS) if isinstance(one, Converted))
    return tuple(steps for steps in found if any(step.tool_calls for step in steps if step.source == "agent"))


@st.composite
def parts(draw: st.DrawFn) -> list[Step]:
    """Some steps of a run in a row, from its first to anywhere or from anywhere on, at least one of them an agent's."""
    steps = real()[draw(st.integers(0, len(real()) - 1))]
    first = draw(st.one_of(st.just(0), st.integers(0, len(steps) - 1)))
    found = list(steps[first : first + draw(st.integers(1, MOST_STEPS))])
    return found if any(s.source == "agent" for s in found) else [*found, cases.submit()]


def numbered(steps: list[Step]) -> Trajectory:
    return Trajectory(trajectory_id="t", agent="a", steps=tuple(s.model_copy(update={"step_id": i}) for i, s in enumerate(steps, 1)))


def rewarded(steps: list[Step], outcome: Outcome, w: Weights) -> Reward:
    return cases.rewarded(numbered(steps), outcome, w)


def total(steps: list[Step], outcome: Outcome, w: Weights) -> float:
    """A run of which no step can be scored has no total; nothing can raise it."""
    found = rewarded(steps, outcome, w).total
    return 1.0 if found is None else found


@some
@given(parts(), cases.outcomes, weights)
def test_totals_and_steps_lie_between_0_and_1(steps: list[Step], outcome: Outcome, w: Weights) -> None:
    found = rewarded(steps, outcome, w)
    assert found.total is None or 0 <= found.total <= 1
    assert all(s.reward is None or 0 <= s.reward <= 1 for s in found.step_rewards)
    assert len(found.step_rewards) == sum(s.source == "agent" for s in steps)


@some
@given(parts(), cases.outcomes, weights, st.data())
def test_a_repeated_step_never_raises_the_total(steps: list[Step], outcome: Outcome, w: Weights, data: st.DataObject) -> None:
    once = total(steps, outcome, w)
    for _ in range(data.draw(st.integers(1, 6))):
        original = data.draw(st.sampled_from([i for i, s in enumerate(steps) if s.source == "agent"]))
        at = data.draw(st.integers(original + 1, len(steps)))
        steps = [*steps[:at], steps[original], *steps[at:]]
        longer = total(steps, outcome, w)
        assert longer <= once
        once = longer


@some
@given(parts(), cases.idle_step, cases.outcomes, weights, st.data())
def test_an_empty_or_idle_step_never_raises_the_total(
    steps: list[Step], idle: Step, outcome: Outcome, w: Weights, data: st.DataObject
) -> None:
    at, times = data.draw(st.integers(0, len(steps))), data.draw(st.integers(1, 4))
    assert total([*steps[:at], *[idle] * times, *steps[at:]], outcome, w) <= total(steps, outcome, w)


@some
@given(parts(), cases.outcomes, weights)
def test_duplicating_the_run_or_each_step_never_raises_the_total(steps: list[Step], outcome: Outcome, w: Weights) -> None:
    once = total(steps, outcome, w)
    agent = [s for s in steps if s.source == "agent"]
    assert total([*steps, *agent], outcome, w) <= once
    assert total([s for step in steps for s in ((step, step) if step.source == "agent" else (step,))], outcome, w) <= once


@some
@given(parts(), weights)
def test_with_the_same_steps_a_better_outcome_is_never_worth_less(steps: list[Step], w: Weights) -> None:
    ladder = [cases.outcome("unresolved", 2, 2, 1), *(cases.outcome("unresolved", n) for n in range(3)), cases.outcome("resolved")]
    totals = [rewarded(steps, outcome, w).total for outcome in ladder]
    values = [value for value in totals if value is not None]
    assert len(values) in (0, len(ladder))
    assert values == sorted(values)
    assert not values or values[-1] > values[-2]


@some
@given(parts(), parts(), st.sampled_from(["resolved", "unresolved", "claimed"]), weights)
def test_an_honest_fix_beats_every_detected_cheat(honest: list[Step], cheat: list[Step], verdict: str, w: Weights) -> None:
    detected = rewarded(cheat, cases.outcome(verdict, tamper=("conftest.py rewrote the reports",)), w).total
    assert total(honest, cases.outcome("resolved"), w) >= (detected or 0) + 0.1


@some
@given(parts())
def test_an_honest_attempt_that_fails_beats_an_empty_one(steps: list[Step]) -> None:
    attempt = [*steps, cases.change("src/fresh.py", "a = 1", "a = 2"), cases.submit()]
    assert total(attempt, cases.outcome(broken=1), Weights()) > total([cases.submit()], cases.outcome(), Weights()) == 0


@some
@given(parts(), cases.outcomes, weights, st.randoms())
def test_scoring_is_deterministic_and_blind_to_the_order_of_rows(steps: list[Step], outcome: Outcome, w: Weights, random: object) -> None:
    trajectory = numbered(steps)
    scores = score_rules(trajectory, scorer_version="v")
    assert scores == score_rules(trajectory, scorer_version="v")
    shuffled = list(scores)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    ids = agent_steps(trajectory)
    assert reward("t", ids, outcome, shuffled, w) == reward("t", ids, outcome, scores, w)


@some
@given(parts())
def test_scoring_online_equals_scoring_at_the_end(steps: list[Step]) -> None:
    trajectory = numbered(steps)
    online = RuleScorer()
    fed = [scored for step in trajectory.steps if (scored := online.feed(step)) is not None]
    batch = score_rules(trajectory, scorer_version="v")
    assert [(s.step_id, name, s.scores.get(name)) for s in fed for name in dict.fromkeys(r.rubric_id for r in batch)] == [
        (r.step_id, r.rubric_id, r.score) for r in batch
    ]
    half = numbered(steps[: len(steps) // 2])
    assert score_rules(half, scorer_version="v") == batch[: 6 * len(agent_steps(half))]
