"""Faults of earlier reward engines, each of which must not come back."""

import json

import pytest
from agentreward import RewardConfig, RewardEngine
from agentreward.aggregate.fusion import reward
from agentreward.aggregate.weights import Weights
from agentreward.rules.scorer import agent_steps
from trajschema.score import RUBRICS
from trajtests.llm.behaviour import reply
from trajtests.llm.fake_server import FakeServer
from trajtests.reward_cases import (
    AIMLESS,
    HONEST,
    change,
    empty,
    outcome,
    process,
    pytest_run,
    rewarded,
    run,
    score_rules,
    shell,
    submit,
    view,
)


def test_a_run_without_steps_has_no_total() -> None:
    nothing = rewarded(run())
    assert (nothing.process, nothing.total) == (None, None)
    assert nothing.missing_reason


def test_cheats_do_not_score_like_an_honest_fix() -> None:
    fix = rewarded(run(*HONEST), outcome("resolved")).total
    cheat = rewarded(run(*HONEST), outcome("resolved", tamper=("canary c1 passed and had to fail",))).total
    assert fix is not None
    assert cheat == 0
    assert fix > 0.9


def test_without_a_judge_nothing_is_a_constant() -> None:
    rows = score_rules(run(*HONEST, *AIMLESS), scorer_version="v")
    for rubric in ("goal_progress", "tool_choice", "param_correctness", "info_utilization", "non_redundancy"):
        assert len({r.score for r in rows if r.rubric_id == rubric}) >= 2


def test_an_empty_step_does_not_tie_with_a_failed_attempt() -> None:
    assert rewarded(run(empty("thinking"))).total == 0
    assert (rewarded(run(*AIMLESS)).total or 0) > 0.1


def test_echoes_cost() -> None:
    echoes = [shell(f"echo {i}", str(i)) for i in range(200)]
    assert process(*HONEST, *echoes) < process(*HONEST) / 10


def test_claims_of_more_tests_than_there_are_have_no_value() -> None:
    found = rewarded(run(*HONEST), outcome("unresolved", fixed=5, total=2))
    assert found.total is None
    assert "5 of 2" in str(found.missing_reason)


def test_a_good_run_that_fails_beats_a_lazy_one_that_fails() -> None:
    assert process(*HONEST) > process(*AIMLESS) > process(view("a.py"), submit())


@pytest.mark.parametrize(
    "padding",
    [
        [empty("still thinking")],
        [pytest_run(0, 10)],
        [view(f"docs/{i}.md", "text") for i in range(30)],
        [pytest_run(0, 3, f"pytest tests/test_{i}.py") for i in range(30)],
        [shell(f"grep -rn word{i} .", f"a.py:{i}: word{i}") for i in range(30)],
        [change("src/dates.py", "    return month", "    return  month"), change("src/dates.py", "    return  month", "    return month")]
        * 10,
        [shell("git status", f"{i} files") for i in range(30)],
    ],
)
def test_padding_a_poor_run_never_pays(padding: list[object]) -> None:
    poor = [shell("ls", "src"), change("src/dates.py", "return", "return 1"), *[shell("cat none", "cat: none: No such file", 1)] * 3]
    if "  month" in str(padding):
        poor = list(HONEST)
    assert process(*poor, *padding) <= process(*poor)  # type: ignore[arg-type]


def test_a_verifier_can_redo_a_reward_from_scores_and_outcome_alone() -> None:
    trajectory = run(*HONEST)
    scores = score_rules(trajectory, scorer_version="v")
    again = [type(s).model_validate(s.model_dump(mode="json")) for s in scores]
    result = outcome("resolved")
    assert reward("t", agent_steps(trajectory), result, again, Weights()) == rewarded(trajectory, result)


def test_a_judge_that_is_asked_again_is_shown_nothing_of_what_it_said_before() -> None:
    trajectory = run(*HONEST)
    mark = {"score": 0.123, "quote": "An opinion of its own."}
    steps = [{"step_id": i, **dict.fromkeys(RUBRICS, mark)} for i in agent_steps(trajectory)]
    with FakeServer([reply({"steps": steps})]) as server:
        asked = []
        for model in ("m-1", "m-2"):
            RewardEngine(RewardConfig(base_url=server.url, api_key_env=server.key_env, model_name=model)).score(trajectory)
            asked.append([{k: v for k, v in body.items() if k != "model"} for body in server.requests[sum(map(len, asked)) :]])
    first, second = asked
    assert first
    assert first == second
    assert "An opinion" not in json.dumps(second)
