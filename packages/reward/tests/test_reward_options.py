"""No option is for show: each field of the configuration and of the weights changes a result, or what is sent to whom."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from agentreward import RewardConfig, RewardEngine, Rubric, RubricSet
from agentreward.aggregate.weights import Weights
from trajschema.score import RUBRICS
from trajtests.llm.behaviour import reply
from trajtests.llm.fake_server import FakeServer
from trajtests.llm.turns import says
from trajtests.reward_cases import AIMLESS, empty, outcome, rewarded, run, view
from trajtests.reward_dict_runs import FIX, plain

MARKS = {"steps": [{"step_id": i, **{r: {"score": 0.5, "quote": "It says so."} for r in RUBRICS}} for i in (1, 2, 3, 4)]}
ONE = RubricSet(rubrics=(Rubric(id="tool_choice", name="T", description="?", weight=1),))
ENGINE: dict[str, Any] = {
    "rule_weight": 0.1,
    "model_weight": 3.0,
    "outcome_weight": 0.9,
    "claimed_weight": 0.5,
    "unconfirmed_weight": 0.6,
    "rubric_set": ONE,
    "model_name": "m-2",
    "provider": "anthropic",
    "temperature": 0.3,
    "base_url": "the other server",
    "api_key_env": "A_VARIABLE_THAT_IS_NOT_SET",
    "replicates": 2,
    "rejudge_above": 0.0,
    "cache": "a folder",
}
"""A value of each option of the engine that is not the one it is compared with."""


def seen(**more: Any) -> tuple[object, ...]:
    """What an engine makes of a run that it scores twice, and what reached either of two servers."""
    answer = reply(MARKS) if more.get("provider") == "anthropic" else says(json.dumps(MARKS))
    with FakeServer([answer]) as first, FakeServer([answer]) as second, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        url = second.url if more.pop("base_url", None) else first.url
        given = {"base_url": url, "api_key_env": first.key_env, "model_name": "m-1", "provider": "openai", "temperature": 0.7, **more}
        given["base_url"] += "/v1" if given["provider"] == "openai" else ""
        engine = RewardEngine(RewardConfig(**given))
        result = engine.score(plain(FIX, True, tests_passed=1, tests_total=1))
        passed = engine.score(plain(FIX, True, tests_passed=1, tests_total=1), outcome("resolved")).total_score
        steps = [dict(step.rubric_scores) for step in result.step_rewards]
        return result.total_score, passed, steps, bool(result.notes), json.dumps(first.requests), json.dumps(second.requests)


@pytest.mark.parametrize("option", RewardConfig.model_fields)
def test_each_option_of_the_engine_shows(option: str, tmp_path: Path) -> None:
    value = tmp_path / ENGINE[option] if option == "cache" else ENGINE[option]
    assert seen(**{option: value}) != seen()


WEIGHTS: dict[str, Any] = {
    "rubrics": {"goal_progress": 1.0},
    "outcome": 0.9,
    "partial": 0.2,
    "claimed": 0.7,
    "unconfirmed": 0.6,
    "advance_at": 0.95,
    "default_process_reward": 0.1,
}
LAYERS = {"rule", "judge"}
"""They show only where both layers speak: the options rule_weight and model_weight of the engine."""


@pytest.mark.parametrize("number", sorted(set(Weights.model_fields) - LAYERS))
def test_each_weight_shows(number: str) -> None:
    def totals(weights: Weights) -> list[float | None]:
        runs = [run(*AIMLESS, empty()), run(view("src/dates.py"))]
        results = [outcome("resolved"), outcome("unresolved", 1), outcome("claimed").model_copy(update={"claimed_resolved": True})]
        return [rewarded(r, o, weights).total for r in runs for o in results]

    assert totals(Weights(**{number: WEIGHTS[number]})) != totals(Weights())
