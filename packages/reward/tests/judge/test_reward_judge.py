"""The judge layer over a real HTTP connection to a fake server that misbehaves."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from agentllm.errors import ConnectionLost, RateLimited, RequestRejected, ServiceFailure
from agentreward.judge.config import JudgeConfig
from agentreward.judge.many import judge_many
from agentreward.judge.scoring import score_judge
from agentreward.rubrics import DEFAULT_RUBRICS, Rubric, RubricSet
from trajschema.score import RUBRICS
from trajschema.trajectory import Trajectory
from trajtests.judge_cases import ALL, CONFIG, IDS, RUN, K, answer, client, judged, scores_all, taken_apart
from trajtests.llm.behaviour import (
    Behaviour,
    cut_off,
    failure,
    garbage,
    half,
    hang_up,
    message,
    overloaded,
    rate_limited,
    refusal,
    reply,
)
from trajtests.llm.fake_server import FakeServer
from trajtests.reward_cases import run, shell

SAFETY = RubricSet(rubrics=(Rubric(id="safety", name="Safety", description="Is it safe to run?", weight=1.0),))


def ask(server: FakeServer, trajectory: Trajectory = RUN, config: JudgeConfig = CONFIG, **more: Any) -> dict[tuple[int, str], Any]:
    rows = score_judge(K, trajectory, client(server, **more), config)
    assert all(r.layer == "judge" and r.scorer_version == config.version for r in rows)
    assert all((r.score is None) == bool(r.missing_reason) for r in rows)
    return {(r.step_id, r.rubric_id): r for r in rows}


def reworded() -> RubricSet:
    first, *others = DEFAULT_RUBRICS.rubrics
    return RubricSet(rubrics=(first.model_copy(update={"description": "Closer?"}), *others))


def test_one_call_scores_every_step_on_every_rubric_with_a_sentence() -> None:
    with FakeServer([ALL]) as server:
        rows = ask(server)
        assert len(server.requests) == 1
    assert list(rows) == [(i, r) for i in IDS for r in RUBRICS]
    assert rows[3, "tool_choice"].score == 0.7
    assert rows[3, "tool_choice"].evidence[0].quote == 'It "ran the tests".'


def test_the_judge_sees_task_steps_and_diff_and_nothing_of_the_verdict() -> None:
    with FakeServer([ALL]) as server:
        ask(server)
        sent = json.dumps(server.requests[0])
    for shown in ("parse_date in src/dates.py", "grep -rn parse_date src", "2 failed, 8 passed", "+++ b/src/dates.py", "goal_progress"):
        assert shown in sent
    for hidden in ("test_hidden_month", "the gold patch", "resolved"):
        assert hidden not in sent


def test_the_task_is_told_once_and_the_system_text_is_the_same_for_every_run() -> None:
    with FakeServer(scores_all) as server:
        ask(server)
        ask(server, run(shell("ls", "other")))
        assert all(json.dumps(body).count("parse_date in src/dates.py") == 1 for body in server.requests)
        assert server.requests[0]["system"] == server.requests[1]["system"]
        assert server.requests[0]["system"][0]["cache_control"]


def test_the_same_input_rubrics_and_model_cost_no_second_call(tmp_path: Path) -> None:
    with FakeServer(scores_all) as server:
        assert ask(server, cache=tmp_path) == ask(server, cache=tmp_path)
        assert len(server.requests) == 1
        ask(server, config=JudgeConfig(model="claude-opus-5-5"), cache=tmp_path)
        ask(server, config=JudgeConfig(rubrics=reworded()), cache=tmp_path)
        assert len(server.requests) == 3
        for file in tmp_path.rglob("*.json"):
            file.write_text(file.read_text()[:40])
        ask(server, cache=tmp_path)
        assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("fault", "word", "calls"),
    [
        (refusal("not allowed"), "not allowed", 1),
        (message("Sure! All steps look good."), "schema", 2),
        (message('{"steps": [{"step_id": 2'), "schema", 2),
        (reply({"steps": [{"step_id": 2}]}), "schema", 2),
        (cut_off('{"steps": [{"step_id": 2'), "cut off", 11),
        (message("", stop_reason="model_context_window_exceeded"), "context window", 11),
        (failure(413), "too long", 11),
    ],
)
def test_a_judgement_that_fails_for_good_is_missing_with_its_reason(fault: Behaviour, word: str, calls: int) -> None:
    with FakeServer([fault]) as server:
        rows = ask(server)
        assert len(server.requests) == calls  # again, or in ever smaller parts: 6 steps are 11 parts in all
    assert len(rows) == len(IDS) * 5
    assert all(r.score is None and word in r.missing_reason for r in rows.values())


@pytest.mark.parametrize("fault", [message("Sure!"), message('{"steps": [{"step_id": 2'), reply({"steps": [{"step_id": 2}]})])
def test_an_answer_of_no_form_is_asked_for_once_more(fault: Behaviour) -> None:
    with FakeServer([fault, ALL]) as server:
        assert {r.score for r in ask(server).values()} == {0.7}
        assert len(server.requests) == 2


def test_what_is_too_much_for_one_answer_is_asked_for_in_parts() -> None:
    def small_window(body: dict[str, Any]) -> Behaviour:
        return failure(413) if len(taken_apart(body).ids) > 2 else scores_all(body)

    with FakeServer(small_window) as server:
        assert {r.score for r in ask(server).values()} == {0.7}
        assert [taken_apart(body).ids for body in server.requests] == [(2, 3, 4, 5, 6, 7), (2, 3, 4), (2,), (3, 4), (5, 6, 7), (5,), (6, 7)]


ODD = [
    (judged(4, 1.2), "outside 0 to 1"),
    (judged(4, -0.1), "outside 0 to 1"),
    (judged(4, float("nan")), "outside 0 to 1"),
    (judged(4, 0.5, "  "), "no sentence"),
    (judged(99), "left this step out"),
]


@pytest.mark.parametrize(("odd", "word"), ODD)
def test_one_bad_score_is_asked_for_again_and_costs_that_step_alone(odd: dict[str, Any], word: str) -> None:
    with FakeServer([answer(*(judged(i) for i in IDS if i != 4), odd)]) as server:
        rows = ask(server)
        assert [taken_apart(body).ids for body in server.requests] == [tuple(IDS), (4,)]
    assert all("left this step out" in rows[4, r].missing_reason or word in rows[4, r].missing_reason for r in RUBRICS)
    assert all(rows[i, r].score == 0.7 for i in IDS if i != 4 for r in RUBRICS)
    assert (99, "tool_choice") not in rows


@pytest.mark.parametrize("odd", [odd for odd, _ in ODD])
def test_a_step_that_is_scored_at_the_second_try_is_scored(odd: dict[str, Any], tmp_path: Path) -> None:
    with FakeServer([answer(*(judged(i) for i in IDS if i != 4), odd), answer(judged(4, 0.2))]) as server:
        rows = ask(server, cache=tmp_path)
        assert ask(server, cache=tmp_path) == rows
        assert len(server.requests) == 2
    assert rows[4, "tool_choice"].score == 0.2
    assert rows[5, "tool_choice"].score == 0.7


def test_a_step_scored_twice_is_missing_unless_it_is_scored_once_when_asked_again() -> None:
    with FakeServer([answer(*(judged(i) for i in IDS), judged(4, 0.1))]) as server:
        assert "twice" in ask(server)[4, "tool_choice"].missing_reason
    with FakeServer([answer(*(judged(i) for i in IDS), judged(4, 0.1)), answer(judged(4, 0.3))]) as server:
        assert ask(server)[4, "tool_choice"].score == 0.3


@pytest.mark.parametrize("fault", [rate_limited(), overloaded(), hang_up(), garbage(), half(ALL), failure(500)])
def test_a_passing_fault_ends_in_scores(fault: Behaviour) -> None:
    with FakeServer([fault, ALL]) as server:
        assert ask(server)[2, "goal_progress"].score == 0.7


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(rate_limited(), RateLimited), (hang_up(), ConnectionLost), (garbage(), ServiceFailure), (failure(401), RequestRejected)],
)
def test_what_is_no_judgement_is_raised_so_that_it_can_be_retried(fault: Behaviour, kind: type[Exception]) -> None:
    with FakeServer([fault]) as server, pytest.raises(kind):
        ask(server)


@pytest.mark.parametrize("fault", [overloaded(), hang_up(), failure(401)])
def test_a_service_that_fails_later_loses_only_what_it_was_asked_for_then(fault: Behaviour) -> None:
    trajectory = run(*(shell(f"ls {i}", str(i)) for i in range(4)))
    by_step = JudgeConfig(max_tokens=4_000 + 450)
    with FakeServer(lambda body: fault if taken_apart(body).ids == (3,) else scores_all(body)) as server:
        rows = ask(server, trajectory, by_step)
        (judged_so_far,) = judge_many([(K, trajectory)], client(server), by_step)
    assert judged_so_far.failure is not None, "so that it is asked for again"
    assert judged_so_far.scores == tuple(rows.values())
    assert {i for (i, _), r in rows.items() if r.score == 0.7} == {2, 4, 5}
    assert all(type(judged_so_far.failure).__name__ in rows[3, name].missing_reason for name in RUBRICS)


def test_a_replicate_that_the_service_fails_leaves_the_others() -> None:
    with FakeServer([ALL, failure(401)]) as server:
        rows = ask(server, config=JudgeConfig(replicates=2))
    assert all(r.score == 0.7 and len(r.evidence) == 1 for r in rows.values())


def test_a_run_without_agent_steps_asks_nothing() -> None:
    with FakeServer([ALL]) as server:
        assert ask(server, run()) == {}
        assert server.requests == []


NUMBER = re.compile(r"note (\d+)")
FAULTS = [rate_limited(), overloaded(), garbage(), message("Sure!"), message('{"steps": [{"st'), hang_up(), answer(), half(ALL)]


def test_200_runs_with_20_percent_of_faults_lose_none() -> None:
    """One run in five meets a fault first, each of eight kinds; every run ends with all its scores."""
    seen: dict[int, int] = {}

    def flaky(body: dict[str, Any]) -> Behaviour:
        number = int(NUMBER.findall(json.dumps(body))[0])
        seen[number] = seen.get(number, 0) + 1
        return FAULTS[number // 5 % len(FAULTS)] if seen[number] == 1 and number % 5 == 0 else scores_all(body)

    with FakeServer(flaky) as server:
        judge = client(server)
        found = judge_many(((K, run(shell("ls", f"note {i}"))) for i in range(200)), judge, CONFIG, at_once=8)
        assert 1 < server.most_at_once <= 8
        assert len(server.requests) == 240
    assert len(found) == 200
    assert all(len(j.scores) == 5 and all(s.score == 0.7 for s in j.scores) and j.failure is None for j in found)
    assert judge.ledger.total.calls == 240 - judge.ledger.total.retries


def test_a_run_that_the_service_fails_has_reasons_and_takes_no_other_with_it() -> None:
    def down_for_one(body: dict[str, Any]) -> Behaviour:
        return overloaded() if "note 3" in json.dumps(body) else scores_all(body)

    with FakeServer(down_for_one) as server:
        found = judge_many(((K, run(shell("ls", f"note {i}"))) for i in range(6)), client(server), CONFIG)
    assert [j.failure is None for j in found] == [True, True, True, False, True, True]
    assert all(s.score is None and "HTTP 529" in (s.missing_reason or "") for s in found[3].scores)
    assert len(found[3].scores) == 5


def test_a_new_rubric_text_model_or_number_of_replicates_is_a_new_version_and_a_new_weight_is_not() -> None:
    first, *others = DEFAULT_RUBRICS.rubrics
    reweighted = RubricSet(rubrics=(first.model_copy(update={"weight": 0.9}), *others))
    versions = {t.version for t in (CONFIG, JudgeConfig(model="b"), JudgeConfig(rubrics=reworded()), JudgeConfig(replicates=2))}
    assert len(versions) == 4
    assert JudgeConfig(rubrics=reweighted).version == CONFIG.version


def test_custom_rubrics_are_asked_for_and_scored() -> None:
    with FakeServer([reply({"steps": [{"step_id": 2, "safety": {"score": 0.25, "quote": "rm"}}]})]) as server:
        rows = ask(server, run(shell("rm -rf x")), JudgeConfig(rubrics=SAFETY))
        assert "Is it safe to run?" in server.requests[0]["system"][0]["text"]
        assert "goal_progress" not in json.dumps(server.requests[0])
    assert [(r.rubric_id, r.score) for r in rows.values()] == [("safety", 0.25)]


@pytest.mark.parametrize("name", ["model_config", "model_dump", "_x", "__class__", "schema", "mark_1", "two words"])
def test_a_rubric_may_have_any_name(name: str) -> None:
    rubrics = RubricSet(rubrics=(SAFETY.rubrics[0], SAFETY.rubrics[0].model_copy(update={"id": name})))
    marks = {"safety": {"score": 0.25, "quote": "rm"}, name: {"score": 0.75, "quote": "ls"}}
    with FakeServer([reply({"steps": [{"step_id": 2, **marks}]})]) as server:
        rows = ask(server, run(shell("rm -rf x")), JudgeConfig(rubrics=rubrics))
    assert {r.rubric_id: r.score for r in rows.values()} == {"safety": 0.25, name: 0.75}
