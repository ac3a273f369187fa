"""The judge in the graph: with a key every step is scored once, without one nothing is made up, and an outage is retried, not filled in."""

import json
import signal
import time
from typing import Any

import pytest
from trajschema.score import RUBRICS
from trajtests.llm.behaviour import Behaviour, failure, overloaded, slow
from trajtests.llm.fake_batches import FakeBatches
from trajtests.llm.fake_server import FakeServer
from trajtests.llm.turns import says
from trajtests.projects import Project

pytestmark = pytest.mark.timeout(600)
LAST = {"calibration_report": 1, "release": 1}


def kind(body: dict[str, Any]) -> Behaviour:
    """Scores for every step that a small run can have, in the words of both protocols."""
    mark = {"score": 0.75, "quote": "It ran the failing test first."}
    return says(json.dumps({"steps": [{"step_id": i, **dict.fromkeys(RUBRICS, mark)} for i in range(2, 40)]}), output=100_000)


def use(project: Project, server: FakeServer, **more: Any) -> None:
    project.configure(judge={"base_url": server.url, "max_retries": 0, **more})
    project.environment = {"ANTHROPIC_API_KEY": "stand-in"}


def dry_run(project: Project) -> dict[str, Any]:
    return dict(json.loads(project.trajhub("run", "--dry-run", "--json").stdout.splitlines()[-1]))


def rows(project: Project, asset: str) -> list[dict[str, Any]]:
    return [row for item in project.lake.stored(asset).values() for row in project.lake.read(item).to_pylist()]


def test_without_a_key_there_are_no_judge_scores_and_the_dry_run_says_what_they_would_cost(finished: Project) -> None:
    foreseen = dry_run(finished)
    assert foreseen["judge"]["calls"] == len(rows(finished, "trajectories"))
    assert foreseen["judge"]["cost_usd"] > 0
    assert not foreseen["judge"]["on"]
    assert foreseen["cost_usd"] == 0
    assert any("no key in $ANTHROPIC_API_KEY" in note for note in foreseen["notes"])
    assert rows(finished, "judge_scores") == []
    assert not any(reward["judged"] for reward in rows(finished, "rewards"))


def test_with_a_key_each_trajectory_is_judged_in_one_call_and_only_scores_and_what_follows_change(finished: Project) -> None:
    with FakeServer(kind) as server:
        use(finished, server)
        before = dry_run(finished)
        assert server.requests == []
        summary = finished.run()
        assert finished.computed(summary) == {"judge_scores": 3, "rewards": 3, "preference_pairs": 3, **LAST}
        asked = len(server.requests)
        assert asked == len(rows(finished, "trajectories"))
        assert finished.computed(finished.run()) == {}
        assert len(server.requests) == asked
        after = dry_run(finished)
        told = json.dumps(server.requests)
    scores = rows(finished, "judge_scores")
    assert scores
    assert all(row["score"] == 0.75 and row["evidence"][0]["quote"] for row in scores)
    assert all(reward["judged"] for reward in rows(finished, "rewards"))
    assert (before["judge"]["calls"], before["judge"]["trajectories"], after["judge"]["calls"]) == (asked, asked, 0)
    assert before["judge"]["prompt_tokens"] > 500 * asked
    assert 0 < before["judge"]["cost_usd"] < 1
    assert (summary["judge"]["calls"], summary["judge"]["answer_tokens"]) == (asked, asked * 100_000)
    assert summary["judge"]["cost_usd"] == pytest.approx(asked * (1_000 * 2 + 100_000 * 10) / 1e6)
    assert "PASS_TO_PASS" not in told
    assert not any("verdict" in request for request in told.split('"role"'))


@pytest.mark.soak
def test_an_outage_is_missing_with_its_reason_and_the_next_run_asks_only_for_what_is_missing(finished: Project) -> None:
    with FakeServer([overloaded()]) as server:
        use(finished, server)
        down = finished.run(ok=False)
    lost = rows(finished, "judge_scores")
    assert lost
    assert all(row["score"] is None and "HTTP 529" in row["missing_reason"] for row in lost)
    assert any(where.startswith("judge_scores/") for where in down["problems"])
    with FakeServer(kind) as server:
        use(finished, server)
        assert finished.run()["problems"] == {}
        assert len(server.requests) == len(rows(finished, "trajectories"))
    assert all(row["score"] == 0.75 for row in rows(finished, "judge_scores"))


@pytest.mark.soak
def test_a_stage_that_breaks_off_is_told_ends_the_run_failed_and_pays_for_nothing(finished: Project) -> None:
    (finished.data / "judge-cache").write_text("in the way")
    with FakeServer(kind, batches=FakeBatches()) as server:
        use(finished, server, batch="auto", batch_from=2)
        assert "judge-cache" in finished.run(ok=False)["problems"]["judge_scores"]
        assert server.batches is not None
        assert server.batches.items == {}


@pytest.mark.soak
def test_a_server_of_ones_own_judges_by_chat_completions_with_cache_ledger_and_a_note_on_temperature(finished: Project) -> None:
    def no_temperature(body: dict[str, Any]) -> Behaviour:
        return failure(400, text="temperature is not supported") if "temperature" in body else kind(body)

    own = {"provider": "openai", "model": "some-model", "key_variable": "", "temperature": 0.1, "concurrency": 1}
    with FakeServer(no_temperature) as server:
        use(finished, server, **own, replicates=2, price={"input": 0, "output": 1})
        summary = finished.run()
        total = 2 * len(rows(finished, "trajectories"))
        assert len(server.requests) == total + 1
        assert finished.computed(finished.run()) == {}
        use(finished, server, **own, replicates=3)
        again = finished.run()["judge"]
        assert (again["cached"], again["replicate_spread"]) == (total, 0)
    assert (summary["judge"]["calls"], summary["judge"]["cost_usd"]) == (total, pytest.approx(total * 0.1))
    assert all(len(row["evidence"]) == 3 for row in rows(finished, "judge_scores"))


@pytest.mark.soak
def test_many_missing_judgements_are_handed_in_as_one_batch_at_half_the_price(finished: Project) -> None:
    with FakeServer(kind, batches=FakeBatches()) as server:
        use(finished, server, batch="auto", batch_from=2)
        whole = dry_run(finished)
        assert any("batch" in note for note in whole["notes"])
        summary = finished.run()
        assert server.requests == []
        assert server.batches is not None
        (items,) = server.batches.items.values()
        assert len(items) == len(rows(finished, "trajectories"))
    assert all(row["score"] == 0.75 for row in rows(finished, "judge_scores"))
    assert summary["judge"]["cost_usd"] == pytest.approx(len(items) * (1_000 * 2 + 100_000 * 10) / 2e6)


@pytest.mark.soak
def test_a_batch_that_cannot_be_had_is_not_asked_one_by_one_and_is_tried_again(finished: Project) -> None:
    with FakeServer(kind, batches=FakeBatches(faults=[overloaded()])) as server:
        use(finished, server, batch="auto", batch_from=2)
        down = finished.run(ok=False)
        assert any("529" in why for why in down["problems"].values())
        assert server.requests == []
        assert finished.run()["problems"] == {}
        assert server.requests == []
    assert all(row["score"] == 0.75 for row in rows(finished, "judge_scores"))


@pytest.mark.soak
def test_a_run_killed_in_the_middle_asks_for_no_answer_twice(finished: Project) -> None:
    with FakeServer(lambda body: slow(kind(body), 0.3)) as server:
        use(finished, server, concurrency=2, replicates=3)
        process = finished.start("run", "--json")
        while len(server.requests) < 8:
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        time.sleep(0.5)
        assert finished.run()["problems"] == {}
        assert len(server.requests) <= 3 * len(rows(finished, "trajectories")) + 2
    assert all(row["score"] == 0.75 for row in rows(finished, "judge_scores"))


@pytest.mark.soak
def test_ctrl_c_ends_a_judged_run_after_the_requests_under_way(finished: Project) -> None:
    with FakeServer(lambda body: slow(kind(body), 0.5)) as server:
        use(finished, server, concurrency=1, replicates=20)
        process = finished.start("run", "--json")
        while len(server.requests) < 3:
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=100)
        assert process.returncode == 130
        assert "stopped; what was computed is kept" in told
        assert len(server.requests) < 20
