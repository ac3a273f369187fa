"""Scores as columns are the scores as records."""

from agentreward.rules.score_table import score_table
from hypothesis import given, settings
from hypothesis import strategies as st
from trajschema.arrow import arrow_schema, from_table, to_table
from trajschema.score import StepScore
from trajschema.trajectory import Step
from trajtests import reward_cases as cases
from trajtests.reward_cases import score_rules


@settings(max_examples=100, deadline=None)
@given(st.lists(cases.steps_lists, max_size=3))
def test_columns_and_records_say_the_same(runs: list[list[Step]]) -> None:
    trajectories = [cases.run(*steps).model_copy(update={"trajectory_id": f"t{i}"}) for i, steps in enumerate(runs)]
    records = [row for t in trajectories for row in score_rules(t, scorer_version="v")]
    table = score_table(trajectories, scorer_version="v")
    assert table.schema == arrow_schema(StepScore)
    assert table.equals(to_table(StepScore, records))
    assert from_table(StepScore, table) == records


def test_what_was_not_done_in_this_run_is_missing_with_its_reason() -> None:
    copied = cases.view("src/dates.py").model_copy(update={"flags": ("copied_context",)})
    rows = score_table([cases.run(copied)], scorer_version="v").to_pylist()
    assert [(r["rubric_id"], r["score"]) for r in rows if r["score"] is not None] == [("gate", 1.0)]
    assert all(r["missing_reason"] for r in rows if r["score"] is None)


def test_no_runs_give_an_empty_table_with_all_columns() -> None:
    assert score_table([], scorer_version="v").schema == arrow_schema(StepScore)
