"""Models that act, in the graph: many attempts at once, each kept as soon as it is finished, and no more money spent than allowed."""

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from trajtests.llm.behaviour import Behaviour, overloaded, slow
from trajtests.llm.fake_server import FakeServer
from trajtests.llm.turns import says
from trajtests.projects import Project

pytestmark = pytest.mark.timeout(600)
PRICE = {"input": 0.0, "output": 10.0}
CENT = 1_000
"""Answer tokens for a cent; no answer may be longer."""


def act(body: dict[str, Any]) -> Behaviour:
    """A model that looks around once and hands in a note: two calls of a cent each."""
    turns = sum(m["role"] == "assistant" for m in body["messages"])
    if turns:
        return says("Done.", ("submit", {}), output=CENT)
    return says("I leave a note.", ("file_write", {"path": "note.txt", "content": "x\n"}), output=CENT)


def use(project: Project, server: FakeServer, attempts: int = 6, *, agents: dict[str, Any] | None = None, **more: Any) -> None:
    shared = {"provider": "openai", "base_url": server.url, "key_variable": "", "retries": 0, "max_tokens": CENT, "price": PRICE}
    entry = {"name": "apprentice", "model": "some-model", "attempts": attempts, **shared, **more}
    tasks = {"count": 1}
    project.configure(tasks=tasks, agents={"run": [{"name": "noop"}, entry], **(agents or {})}, sandbox={"backend": "bubblewrap"})


def rows(project: Project, asset: str) -> list[dict[str, Any]]:
    return [row for item in project.lake.stored(asset).values() for row in project.lake.read(item).to_pylist()]


def rollouts(project: Project) -> list[dict[str, Any]]:
    return [row for row in rows(project, "rollouts") if row["agent"]["model"]]


def test_models_run_side_by_side_are_recorded_with_their_cost_and_are_asked_once(project: Project) -> None:
    def muse_then_act(body: dict[str, Any]) -> Behaviour:
        mused = {**body, "messages": body["messages"][4:]}
        return slow(act(mused) if mused["messages"] or len(body["messages"]) == 4 else says("Let me think.", output=0), 0.4)

    with FakeServer(muse_then_act) as server:
        use(project, server, 9, concurrency=4)
        dry = json.loads(project.trajhub("run", "--dry-run", "--json").stdout.splitlines()[-1])
        assert dry["agents"][1] | {"basis": ""} == dry["agents"][1] | {"attempts": 9, "done": 0, "basis": ""}
        assert "assumed" in dry["agents"][1]["basis"]
        assert server.requests == []
        project.run()
        assert len(server.requests) == 3 * 9
        assert 1 < server.most_at_once <= 4
        found = rollouts(project)
        assert project.computed(project.run()) == {}
        dry = json.loads(project.trajhub("run", "--dry-run", "--json").stdout.splitlines()[-1])
        assert len(server.requests) == 3 * 9
    assert [(r["exit"], r["usage"]["prompt_tokens"], round(r["usage"]["cost_usd"], 4)) for r in found] == [
        ("submitted", 3 * 1_000, 0.02)
    ] * 9
    assert {r["agent"]["name"] for r in found} == {"apprentice"}
    assert all("+x" in r["final_diff"] and server.url not in json.dumps(r) for r in found)
    assert (dry["attempts"], dry["cost_usd"]) == (0, 0)
    assert not list((project.data / "spool").glob("*/*"))
    steps = [t["steps"] for t in rows(project, "trajectories") if t["model"] == "some-model"]
    assert [[(s["source"], s["flags"]) for s in run[1:3]] for run in steps] == [[("agent", ["malformed"]), ("user", [])]] * 9
    assert {r["agent"] for r in rows(project, "rewards")} == {"noop", "apprentice"}
    use(project, server, 15, concurrency=2)
    dry = json.loads(project.trajhub("run", "--dry-run", "--json").stdout.splitlines()[-1])
    model = dry["agents"][1]
    assert (model["attempts"], model["done"], round(model["cost_usd"], 4)) == (6, 9, 0.12)
    assert "mean of 9 earlier rollouts" in model["basis"]


@pytest.mark.soak
def test_a_changed_opening_makes_new_attempts_and_keeps_those_of_the_older_version(project: Project, copied_checkout: Path) -> None:
    project.code = copied_checkout
    with FakeServer(act) as server:
        use(project, server, 2)
        project.run()
        first = rows(project, "rollouts")
        prompt = copied_checkout / "packages/rollout/src/agentrollout/models/prompt.py"
        prompt.write_text(prompt.read_text().replace("You have {view.steps} turns.", "There are {view.steps} turns."))
        dry = json.loads(project.trajhub("run", "--dry-run", "--json").stdout.splitlines()[-1])
        assert [(agent["attempts"], agent["done"]) for agent in dry["agents"]] == [(0, 1), (2, 0)]
        assert any(note.startswith("2 attempts of older versions") for note in dry["notes"])
        assert project.run()["problems"] == {}
        assert len(server.requests) == 2 * 2 + 2 * 2
        assert "There are" in json.dumps(server.requests[-1])
        assert project.computed(project.run()) == {}
    after = {row["rollout_id"]: row for row in rows(project, "rollouts")}
    assert len(after) == 1 + 2 + 2
    assert [after[row["rollout_id"]] for row in first] == first
    assert len({row["agent"]["version"] for row in rollouts(project)}) == 2
    assert {row["rollout_id"] for row in rows(project, "rewards")} == set(after)


@pytest.mark.soak
def test_a_service_that_is_away_leaves_its_attempts_for_the_next_run(project: Project) -> None:
    with FakeServer([overloaded()]) as server:
        use(project, server)
        down = project.run(ok=False)
        assert any("HTTP 529" in why or "retried" in why for why in down["problems"].values())
    with FakeServer(act) as server:
        use(project, server)
        assert project.run()["problems"] == {}
        assert len(server.requests) == 2 * 6
    assert [r["exit"] for r in rollouts(project)] == ["submitted"] * 6


@pytest.mark.soak
@pytest.mark.parametrize("concurrency", [1, 6])
def test_the_money_limit_stops_the_run_within_one_call_and_the_next_run_goes_on(project: Project, concurrency: int) -> None:
    with FakeServer(act) as server:
        use(project, server, concurrency=concurrency, agents={"money_limit_usd": 0.055})
        stopped = project.run(ok=False)
        assert len(server.requests) == 6
        assert stopped["problems"]
        finished = [r for r in rollouts(project) if r["exit"] == "submitted"]
        assert len(finished) < 6
        use(project, server, concurrency=concurrency)
        assert project.run()["problems"] == {}
    after = [r["rollout_id"] for r in rollouts(project) if r["exit"] == "submitted"]
    assert len(after) == len(set(after)) == 6
    assert {r["rollout_id"] for r in finished} <= set(after)
    assert len(server.requests) == 6 + 2 * (6 - len(finished))


def test_a_model_without_a_key_or_a_price_is_refused_before_anything_runs(project: Project) -> None:
    with FakeServer(act) as server:
        use(project, server, key_variable="NOBODY_HAS_THIS_KEY")
        assert "NOBODY_HAS_THIS_KEY" in project.trajhub("run").stderr
        use(project, server, price=None, attempt_usd=1.0)
        assert "give its `price`" in project.trajhub("run").stderr
        assert server.requests == []


@pytest.mark.soak
def test_a_run_killed_in_the_middle_repeats_no_attempt_that_was_finished(project: Project) -> None:
    with FakeServer(lambda body: slow(act(body), 0.2)) as server:
        use(project, server, 51, concurrency=4)
        process = project.start("run", "--json")
        spool = project.data / "spool"
        while len(server.requests) < 50:
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        time.sleep(0.5)
        spooled = [json.loads(path.read_text()) for path in spool.glob("*/*.json")]
        finished = {row["rollout_id"] for row in spooled if row["agent"]["model"]}
        stored = {r["rollout_id"] for r in rollouts(project)}
        assert finished
        before = len(server.requests)
        assert project.run()["problems"] == {}
        asked = len(server.requests) - before
        assert project.computed(project.run()) == {}
    found = [r["rollout_id"] for r in rollouts(project)]
    assert len(found) == len(set(found)) == 51
    assert finished | stored <= set(found)
    assert asked == 2 * (51 - len(finished | stored))
    assert not list(spool.glob("*/*"))
