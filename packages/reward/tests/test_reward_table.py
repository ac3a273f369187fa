"""A table of rewards holds what one run at a time gives, to the last bit."""

import os
from collections.abc import Sequence
from random import Random

import pyarrow as pa
import pytest
from agentreward.aggregate.fusion import ScoreMismatch, reward
from agentreward.aggregate.reward_table import reward_table
from agentreward.aggregate.weights import Weights
from hypothesis import given, settings
from hypothesis import strategies as st
from trajschema.arrow import to_table
from trajschema.outcome import Outcome
from trajschema.score import RUBRICS, Reward, StepScore
from trajtests.reward_cases import outcome, outcomes

EXAMPLES = int(os.environ.get("SOAK_EXAMPLES", "60"))
NAMES = (*RUBRICS, "safety", "gate")
marks = st.one_of(st.none(), st.floats(0, 1), st.sampled_from([0.0, 0.5, 0.75, 1.0, 1 / 3]))


@st.composite
def run(draw: st.DrawFn, name: str) -> tuple[list[int], list[StepScore]]:
    """Agent steps of one run, with any scores of any layer on some of them."""
    steps = sorted(draw(st.sets(st.integers(1, 40), max_size=6)))
    where = st.tuples(st.sampled_from(steps or [1]), st.sampled_from(NAMES), st.sampled_from(["rule", "judge"]))
    keys = draw(st.lists(where, unique=True, max_size=40 if steps else 0))
    return steps, [
        StepScore(
            trajectory_id=name,
            step_id=step,
            rubric_id=rubric,
            layer=layer,  # type: ignore[arg-type]
            score=draw(st.sampled_from([0.0, 1.0])) if rubric == "gate" else draw(marks),
            scorer_version=draw(st.sampled_from(["v1", "v2"])),
        )
        for step, rubric, layer in keys
    ]


weights = st.builds(
    Weights,
    rubrics=st.dictionaries(st.sampled_from([*RUBRICS, "safety"]), st.floats(0.01, 5), min_size=1),
    rule=st.floats(0.1, 2),
    judge=st.sampled_from([0.0, 0.4, 1.7]),
    outcome=st.floats(0, 1),
    default_process_reward=st.floats(0, 0.5),
    advance_at=st.sampled_from([0.5, 0.6, 0.8]),
)
verdicts = st.one_of(
    st.none(),
    outcomes,
    st.just(outcome("resolved", tamper=("a canary passed",))),
    st.just(outcome("error").model_copy(update={"reason": "lost"})),
    st.just(outcome("unresolved", fixed=5)),
)
Case = tuple[list[tuple[list[int], list[StepScore]]], list[Outcome | None]]
cases: st.SearchStrategy[Case] = st.integers(0, 4).flatmap(
    lambda n: st.tuples(st.tuples(*(run(f"t{i}") for i in range(n))).map(list), st.lists(verdicts, min_size=n, max_size=n))
)


def runs_table(steps: Sequence[list[int]]) -> pa.Table:
    n = len(steps)
    return pa.table(
        {
            "trajectory_id": pa.array([f"t{i}" for i in range(n)], pa.string()),
            "rollout_id": pa.array([f"r{i}" for i in range(n)], pa.string()),
            "task_id": pa.array(["k" if i else None for i in range(n)], pa.string()),
            "agent": pa.array(["a"] * n, pa.string()),
            "control": pa.array([i == 1 for i in range(n)], pa.bool_()),
            "agent_steps": pa.array(steps, pa.list_(pa.int64())),
        }
    )


def one_by_one(case: Case, w: Weights, versions: Sequence[dict[str, str]]) -> list[Reward]:
    return [
        reward(
            f"t{i}",
            steps,
            result,
            scores,
            w,
            rollout_id=f"r{i}",
            task_id="k" if i else None,
            agent="a",
            control=i == 1,
            versions=versions[i] | ({"grader": result.grader_version} if result else {}),
        )
        for i, ((steps, scores), result) in enumerate(zip(*case, strict=True))
    ]


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases, weights, st.integers(0, 99))
def test_a_table_holds_what_each_run_alone_gives(case: Case, w: Weights, seed: int) -> None:
    everything = [s for _, scores in case[0] for s in scores]
    mixed = Random(seed).sample(everything, len(everything))
    last = [{s.layer: s.scorer_version for s in mixed if s.trajectory_id == f"t{i}"} for i in range(len(case[0]))]
    known = {f"t{i}": result for i, result in enumerate(case[1]) if result is not None}
    made = reward_table(runs_table([steps for steps, _ in case[0]]), to_table(StepScore, mixed), known, w)
    assert made.equals(to_table(Reward, one_by_one(case, w, last)))


def test_no_run_gives_an_empty_table() -> None:
    assert reward_table(runs_table([]), to_table(StepScore, []), {}, Weights()).equals(to_table(Reward, []))


def score(step: int = 2, trajectory: str = "t0", layer: str = "rule") -> StepScore:
    return StepScore(trajectory_id=trajectory, step_id=step, rubric_id="tool_choice", layer=layer, score=0.5, scorer_version="v")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ([score(), score(3)], "t0: a score of step 3, which is no agent step"),
        ([score(trajectory="t9")], "t9: a score of step 2"),
        ([score(), score(layer="judge"), score()], "t0: two rule scores of tool_choice for step 2"),
    ],
)
def test_scores_that_do_not_belong_are_refused_by_both(scores: list[StepScore], said: str) -> None:
    with pytest.raises(ScoreMismatch, match=said):
        reward_table(runs_table([[2]]), to_table(StepScore, scores), {}, Weights())
    with pytest.raises(ScoreMismatch):
        reward("t0", [2], None, scores, Weights())


def test_a_step_of_one_run_is_no_step_of_another() -> None:
    with pytest.raises(ScoreMismatch, match="t1: a score of step 2"):
        reward_table(runs_table([[2], [3]]), to_table(StepScore, [score(2, "t1")]), {}, Weights())
