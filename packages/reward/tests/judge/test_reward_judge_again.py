"""Asked more than once: replicates, disagreements on prefixes, pairs in both orders, and a batch beforehand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agentllm import batches
from agentllm.batches import Batches, Filled
from agentreward import RewardConfig, RewardEngine
from agentreward.judge.comparison import compare
from agentreward.judge.config import JudgeConfig
from agentreward.judge.many import judge_many
from agentreward.judge.scoring import PREFIX, questions, score_run, spread
from trajschema.score import RUBRICS, StepScore
from trajtests.judge_cases import ALL, CONFIG, IDS, RUN, K, answer, client, gives, judged, long_run, scores_all, taken_apart
from trajtests.llm.behaviour import Behaviour, rate_limited, refusal
from trajtests.llm.fake_batches import FakeBatches
from trajtests.llm.fake_server import FakeServer
from trajtests.reward_cases import run, score_rules, shell

THREE = JudgeConfig(replicates=3)
SECOND_LOOK = JudgeConfig(replicates=2, rejudge_above=0.3)


def by_cell(rows: list[StepScore]) -> dict[tuple[int, str], StepScore]:
    return {(r.step_id, r.rubric_id): r for r in rows}


def test_replicates_are_asked_for_one_by_one_and_their_mean_stands_with_every_figure(tmp_path: Path) -> None:
    script = [answer(*(judged(i, score, f"says {score}") for i in IDS)) for score in (0.2, 0.4, 0.9)]
    with FakeServer(script) as server:
        rows = score_run(K, RUN, client(server, cache=tmp_path), THREE)[0]
        assert len(server.requests) == 3
        assert score_run(K, RUN, client(server, cache=tmp_path), THREE)[0] == rows
        assert len(server.requests) == 3
        assert len({json.dumps(body) for body in server.requests}) == 1
    assert all(r.score == pytest.approx(0.5) for r in rows)
    assert [(e.score, e.quote) for e in rows[0].evidence] == [(0.2, "says 0.2"), (0.4, "says 0.4"), (0.9, "says 0.9")]
    assert spread(rows) == pytest.approx(0.7)


def test_the_words_that_all_replicates_share_are_marked_for_the_prompt_cache() -> None:
    with FakeServer([ALL]) as server:
        score_run(K, RUN, client(server), THREE)
        score_run(K, RUN, client(server), CONFIG)
    assert ["cache_control" in body["messages"][0]["content"][0] for body in server.requests] == [True] * 3 + [False]


def test_a_replicate_that_fails_leaves_the_others() -> None:
    with FakeServer([answer(*(judged(i, 0.2) for i in IDS)), refusal("no"), answer(*(judged(i, 0.6) for i in IDS))]) as server:
        rows = score_run(K, RUN, client(server), THREE)[0]
    assert all(r.score == pytest.approx(0.4) and len(r.evidence) == 2 for r in rows)
    with FakeServer([refusal("no")]) as server:
        rows = score_run(K, RUN, client(server), THREE)[0]
    assert all(r.score is None and "no" in (r.missing_reason or "") for r in rows)


def test_one_judgement_has_no_spread() -> None:
    with FakeServer([ALL]) as server:
        assert spread(score_run(K, RUN, client(server), CONFIG)[0]) is None


def unsure(again: Callable[[int], Behaviour]) -> Callable[[dict[str, Any]], Behaviour]:
    """A judge whose replicates differ at step 4; what it says of a step alone is ``again``."""
    turns = iter([0.1, 0.9])

    def script(body: dict[str, Any]) -> Behaviour:
        ids = taken_apart(body).ids
        if ids == tuple(IDS):
            score = next(turns)
            return answer(*(judged(i, score if i == 4 else 0.5) for i in IDS))
        return again(ids[0])

    return script


def test_where_replicates_differ_the_step_is_judged_again_by_what_was_known_then(tmp_path: Path) -> None:
    with FakeServer(unsure(lambda i: answer(judged(i, 0.3, "on its own")))) as server:
        rows = by_cell(score_run(K, RUN, client(server, cache=tmp_path), SECOND_LOOK)[0])
        assert [taken_apart(body).ids for body in server.requests] == [tuple(IDS), tuple(IDS), (4,)]
        headings = [heading for heading, _ in taken_apart(server.requests[2]).data]
        assert score_run(K, RUN, client(server, cache=tmp_path), SECOND_LOOK)[0] == list(rows.values())
        assert len(server.requests) == 3
    assert any(h.startswith("step 4 got") for h in headings)
    assert not any(h.startswith(("step 5", "step 6", "step 7", "final diff")) for h in headings)
    for name in RUBRICS:
        assert rows[4, name].score == 0.3
        assert [(e.rule_id, e.score) for e in rows[4, name].evidence] == [(PREFIX, 0.3), (None, 0.1), (None, 0.9)]
        assert rows[5, name].score == 0.5
        assert len(rows[5, name].evidence) == 2


@pytest.mark.parametrize("fault", [refusal("no"), rate_limited()])
def test_a_second_look_that_fails_leaves_the_mean(fault: Behaviour) -> None:
    with FakeServer(unsure(lambda i: fault)) as server:
        rows = by_cell(score_run(K, RUN, client(server), SECOND_LOOK)[0])
    assert rows[4, "tool_choice"].score == pytest.approx(0.5)


def test_where_judge_and_rule_differ_the_step_is_judged_again() -> None:
    rules = [r for r in score_rules(RUN, scorer_version="v") if r.score is not None]
    with FakeServer([answer(*(judged(i, 1.0) for i in IDS)), answer(*(judged(i, 0.4) for i in IDS))]) as server:
        rows = by_cell(score_run(K, RUN, client(server), JudgeConfig(rejudge_above=0.4), rules=rules)[0])
    apart = {(r.step_id, r.rubric_id) for r in rules if r.rubric_id in RUBRICS and r.score < 0.6}  # type: ignore[operator]
    assert apart
    assert {cell for cell, r in rows.items() if r.score == 0.4} == apart


def test_a_prefix_of_a_long_run_tells_the_beginning_in_short() -> None:
    turns = iter([0.1, 0.9])

    def script(body: dict[str, Any]) -> Behaviour:
        ids = taken_apart(body).ids
        if 200 in ids and len(ids) > 1:
            score = next(turns)
            return answer(*(judged(i, score if i == 200 else 0.5) for i in ids))
        return scores_all(body)

    with FakeServer(script) as server:
        rows = by_cell(score_run(K, long_run(220), client(server), SECOND_LOOK)[0])
        (alone,) = (taken_apart(body) for body in server.requests if taken_apart(body).ids == (200,))
    assert rows[200, "tool_choice"].score == 0.7
    assert any(h.endswith("in short") for h, _ in alone.data)
    assert not any("step 201" in h for h, _ in alone.data)


def test_an_engine_can_ask_for_replicates_a_second_look_and_a_cache(tmp_path: Path) -> None:
    with FakeServer(lambda body: scores_all(body)) as server:
        config = RewardConfig(base_url=server.url, api_key_env=server.key_env, replicates=2, rejudge_above=0.0, cache=tmp_path)
        first = RewardEngine(config).score(RUN)
        asked = len(server.requests)
        assert asked > 2
        assert RewardEngine(config).score(RUN).to_dict() == first.to_dict()
        assert len(server.requests) == asked
    assert first.record.judged


def verdicts(*better: str) -> list[Behaviour]:
    return [gives({"better": b, "quote": f"{b} checked"}) for b in better]


A, B = run(shell("pytest", "1 passed")), run(shell("true"))


@pytest.mark.parametrize(
    ("said", "preferred"),
    [
        (("first", "second"), "a"),
        (("second", "first"), "b"),
        (("neither", "neither"), "neither"),
        (("first", "first"), None),
        (("neither", "first"), None),
    ],
)
def test_a_pair_is_judged_in_both_orders(said: tuple[str, str], preferred: str | None) -> None:
    with FakeServer(verdicts(*said)) as server:
        found = compare(K, A, B, client(server), CONFIG)
        first, second = (json.dumps(body) for body in server.requests)
    assert (found.preferred, len(found.quotes)) == (preferred, 2)
    assert first.index("1 passed") < first.index("second run begins") < second.index("1 passed")
    assert bool(found.why_not) is (preferred is None)


def test_a_pair_that_is_not_answered_has_no_preference() -> None:
    with FakeServer([*verdicts("first"), refusal("no")]) as server:
        assert "Refused" in compare(K, A, B, client(server), CONFIG).why_not


def test_a_pair_of_long_runs_fits_in_a_call_each_way() -> None:
    with FakeServer(verdicts("first", "second")) as server:
        assert compare(K, long_run(500), long_run(400), client(server), CONFIG).preferred == "a"
        assert all(len(json.dumps(body)) < 400_000 for body in server.requests)


def test_a_batch_beforehand_leaves_only_its_failures_to_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "FIRST_PAUSE_S", 0.001)
    failed: set[str] = set()

    def one_in_five_fails(body: dict[str, Any]) -> Behaviour:
        text = json.dumps(body["messages"])
        if any(f"note {i} " in text for i in (5, 15, 25, 35)) and text not in failed:
            failed.add(text)
            return rate_limited()
        return scores_all(body)

    runs = [(K, run(shell("ls", f"note {i} "))) for i in range(40)]
    with FakeServer(one_in_five_fails, batches=FakeBatches()) as server:
        judge = client(server, cache=tmp_path)
        assert Batches(judge).fill(q for task, r in runs for q in questions(task, r, CONFIG)) == Filled(40, 36)
        found = judge_many(runs, judge, CONFIG)
        assert len(server.requests) == 4
    assert all(s.score == 0.7 for j in found for s in j.scores)
    assert judge.ledger.total.calls == 40
