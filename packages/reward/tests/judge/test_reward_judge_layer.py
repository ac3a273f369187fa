"""The judge of an engine, over a real HTTP connection to a fake server, by both protocols."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from agentreward import RewardConfig, RewardEngine, Rubric, RubricSet
from agentreward.aggregate.fusion import fuse
from trajschema.score import RUBRICS
from trajtests.llm.behaviour import Behaviour, failure, reply
from trajtests.llm.fake_server import FakeServer
from trajtests.llm.turns import declines, says
from trajtests.reward_dict_runs import FIX, plain

RUN = plain(FIX)
MARKS = {"steps": [{"step_id": i, **{r: {"score": 0.5, "quote": "It says so."} for r in RUBRICS}} for i in (1, 2, 3, 4)]}


def config(server: FakeServer, **more: Any) -> RewardConfig:
    # The openai SDK adds its paths behind /v1.
    url = server.url + ("/v1" if more.get("provider") == "openai" else "")
    return RewardConfig(**{"base_url": url, "api_key_env": server.key_env, "model_name": "m-1", **more})


def test_both_layers_are_fused_by_the_weights_of_the_configuration() -> None:
    alone = RewardEngine().score(RUN)
    with FakeServer([reply(MARKS)]) as server:
        settings = config(server)
        both = RewardEngine(settings).score(RUN)
        assert len(server.requests) == 1
    assert both.record.judged
    assert not alone.record.judged
    weights = settings.weights(settings.rubrics)
    for step, by_rule in zip(both.step_rewards, alone.step_rewards, strict=True):
        for name, score in by_rule.rubric_scores.items():
            assert step.rubric_scores[name] == pytest.approx(fuse({"rule": {name: score}, "judge": {name: 0.5}}, weights)[name])
            assert step.evidence[name][-1].quote == "It says so."
    assert both.notes == ()


def test_the_judge_reads_the_task_of_a_dict_and_never_its_outcome() -> None:
    with FakeServer([reply(MARKS)]) as server:
        RewardEngine(config(server)).score(plain(FIX, True, tests_passed=4711, tests_total=4711))
        sent = json.dumps(server.requests[0])
    assert RUN["task"] in sent
    assert "4711" not in sent


def test_no_model_is_asked_where_its_weight_is_0() -> None:
    with FakeServer([reply(MARKS)]) as server:
        result = RewardEngine(config(server, model_weight=0.0)).score(RUN)
        assert server.requests == []
    assert result.notes == ("judge: none asked for (model_weight is 0)",)


def test_a_judge_that_fails_leaves_the_rules_and_a_note() -> None:
    alone = RewardEngine().score(RUN)
    with FakeServer([failure(401, "authentication_error", "bad key")]) as server:
        result = RewardEngine(config(server)).score(RUN)
    assert result.total_score == alone.total_score
    assert "RequestRejected" in result.notes[0]
    with FakeServer([says("Here you are: 0.9")]) as server:
        result = RewardEngine(config(server, provider="openai")).score(RUN)
    assert result.total_score == alone.total_score
    assert "Unparsable" in result.notes[0]
    with FakeServer([declines()]) as server:
        assert "Refused" in RewardEngine(config(server, provider="openai")).score(RUN).notes[0]


def test_a_replicate_that_the_service_fails_leaves_the_other_and_a_note() -> None:
    with FakeServer([reply(MARKS), failure(401, "authentication_error", "bad key")]) as server:
        result = RewardEngine(config(server, replicates=2)).score(RUN)
    assert result.record.judged
    assert ["RequestRejected" in note for note in result.notes] == [True]


def test_answers_that_cannot_be_kept_count_and_leave_a_note(tmp_path: Path) -> None:
    folder = tmp_path / "a file"
    folder.write_text("")
    with FakeServer([reply(MARKS)]) as server, pytest.warns(UserWarning, match="a file"):
        result = RewardEngine(config(server, cache=folder)).score(RUN)
    assert result.record.judged
    assert "name a cache folder that can be written" in result.notes[0]


def test_a_custom_rubric_is_judged_by_the_model() -> None:
    creative = Rubric(id="creativity", name="Creativity", description="Is it creative?", weight=1, evaluator="model")
    marks = {"steps": [{"step_id": i, "creativity": {"score": 0.25, "quote": "Plain."}} for i in (1, 2, 3, 4)]}
    with FakeServer([reply(marks)]) as server:
        result = RewardEngine(config(server, rubric_set=RubricSet(rubrics=(creative,)))).score(RUN)
        assert "Is it creative?" in json.dumps(server.requests[0])
    assert [s.rubric_scores for s in result.step_rewards] == [{"creativity": 0.25}] * 4
    assert {s.total_score for s in result.step_rewards} == {0.25}


def test_temperature_reaches_a_provider_that_takes_it() -> None:
    with FakeServer([says("```json\n" + json.dumps(MARKS) + "\n```")]) as server:
        result = RewardEngine(config(server, provider="openai", temperature=0.1)).score(RUN)
        assert server.requests[0]["temperature"] == 0.1
    assert result.record.judged
    assert result.notes == ()


def test_a_provider_that_takes_no_temperature_is_asked_without_one_and_that_is_said_once_and_recorded() -> None:
    with FakeServer([reply(MARKS)]) as server:
        with pytest.warns(UserWarning, match=r"temperature 0\.1 was not sent"):
            engine = RewardEngine(config(server, temperature=0.1))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            results = [engine.score(RUN), engine.score(RUN)]
        assert all("temperature" not in request for request in server.requests)
    assert [len(r.notes) for r in results] == [1, 1]
    assert "temperature 0.1" in results[0].notes[0]


def test_a_service_that_refuses_temperature_is_asked_again_without_one() -> None:
    def answer(request: dict[str, Any]) -> Behaviour:
        refused = failure(400, "invalid_request_error", "Unsupported value: 'temperature' does not support 0.1 with this model.")
        return refused if "temperature" in request else says(json.dumps(MARKS))

    with FakeServer(answer) as server:
        engine = RewardEngine(config(server, provider="openai", temperature=0.1))
        with pytest.warns(UserWarning, match="refuses it"):
            first = engine.score(RUN)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            second = engine.score(RUN)
        assert ["temperature" in request for request in server.requests] == [True, False, False]
    assert first.record.judged
    assert first.notes == second.notes
    assert len(first.notes) == 1
