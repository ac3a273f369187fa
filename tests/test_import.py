"""Tasks, rollouts and logs imported: good ones go through the graph, each bad line is one error, and only what is touched is computed."""

import json
from pathlib import Path

import pytest
from agentrelease.load import load_release
from datasets import load_dataset
from trajtests.projects import CHECKOUT, Project, make_project

pytestmark = pytest.mark.timeout(600)


def rows(project: Project, asset: str) -> list[dict]:
    return [row for name, item in project.lake.stored(asset).items() if name != "all" for row in project.lake.read(item).to_pylist()]


@pytest.mark.soak
def test_recorded_rollouts_are_taken_graded_anew_and_cost_only_their_task(finished: Project, tmp_path: Path) -> None:
    other = make_project(tmp_path / "other", agents={"run": [{"name": "noop"}]})
    other.run()
    chosen = [r for r in rows(finished, "rollouts") if r["agent"]["name"] == "localising"][:1]
    lines = [*map(json.dumps, chosen), "{half", "[1]", json.dumps({**chosen[0], "task_id": "nowhere-1"})]
    file = tmp_path / "runs.jsonl"
    file.write_text("\n".join(lines) + "\n")

    told = other.trajhub("import", str(file))
    assert told.returncode == 1
    assert "0 tasks and 1 rollouts taken" in told.stdout
    assert told.stderr.count("error:") == 3
    assert f"{file}:2" in told.stderr
    assert "'nowhere-1' is not in the pool" in told.stderr

    kept = {name: item.path for name, item in other.lake.stored("rollouts").items() if name != chosen[0]["task_id"]}
    summary = other.run()
    assert other.computed(summary)["rollouts"] == 1
    taken = {r["rollout_id"] for r in rows(other, "rollouts")}
    assert chosen[0]["rollout_id"] in taken
    assert len(taken) == 4
    (outcome,) = [o for o in rows(other, "outcomes") if o["rollout_id"] == chosen[0]["rollout_id"]]
    assert outcome["verdict"] in ("resolved", "unresolved")
    assert kept.items() <= {name: item.path for name, item in other.lake.stored("rollouts").items()}.items()
    assert other.computed(other.run()) == {}


@pytest.mark.soak
def test_tasks_of_another_pool_join_this_one(finished: Project, tmp_path: Path) -> None:
    task = rows(finished, "task_pool")[0]
    file = tmp_path / "tasks.jsonl"
    file.write_text(json.dumps(task) + "\n")
    other = make_project(tmp_path / "other", tasks={"count": 0}, agents={"run": [{"name": "oracle"}, {"name": "noop"}]})
    assert other.trajhub("import", str(file)).returncode == 0
    assert other.run()["stages"]["task_pool"]["computed"] == 1
    verdicts = {r["agent"]: r["verdict"] for r in rows(other, "rewards")}
    assert verdicts == {"oracle": "resolved", "noop": "unresolved"}


CORPUS = CHECKOUT.parent / "shared" / "corpus"
ALONE = {"tasks": {"count": 0}, "agents": {"run": [{"name": "noop"}]}}


def call(command: str, exit_code: int, output: str, number: int) -> list[dict]:
    """A turn of a model that runs a command, and what came back, as chat messages."""
    function = {"name": "bash", "arguments": json.dumps({"command": command})}
    calls = [{"id": f"c{number}", "type": "function", "function": function}]
    told = f"<returncode>{exit_code}</returncode>\n<output>\n{output}</output>"
    return [
        {"role": "assistant", "content": "I go on.", "tool_calls": calls},
        {"role": "tool", "tool_call_id": f"c{number}", "content": told},
    ]


def row(task: str | None, problem: str, **more: object) -> dict:
    """A run as data sets for training hold it."""
    said = [{"role": "system", "content": "You mend code."}, {"role": "user", "content": problem}]
    steps = [*call("ls", 0, "a.py\n", 1), *call("python -m pytest", 1, "1 failed\n", 2)]
    return {**({"instance_id": task} if task else {}), "messages": [*said, *steps], **more}


def test_logs_go_through_to_a_release_and_what_they_say_of_themselves_stays_a_claim(finished: Project, tmp_path: Path) -> None:
    own = rows(finished, "task_pool")[0]
    (tmp_path / "logs").mkdir()
    runs = [
        row("django__django-1", "Mend it.", resolved=True),
        row("django__django-1", "Mend it.", resolved=False),
        row(None, "Nobody named this."),
        row(own["task_id"], own["problem_statement"], model_patch=own["gold_patch"], resolved=False),
        row(own["task_id"], own["problem_statement"]),
    ]
    (tmp_path / "logs" / "runs.jsonl").write_text("".join(json.dumps(r) + "\n" for r in runs) + "{half\n")
    (tmp_path / "logs" / "alone.json").write_text(json.dumps(row("swe__dots.95280573.pr_1", "Dots.")))
    (tmp_path / "logs" / "notes.txt").write_text("no log\n")
    (tmp_path / "tasks.jsonl").write_text(json.dumps(own) + "\n")
    other = make_project(tmp_path / "other", **ALONE)
    assert other.trajhub("import", str(tmp_path / "tasks.jsonl")).returncode == 0

    for _ in range(2):  # the second time replaces the first
        told = other.trajhub("import", str(tmp_path / "logs"))
        assert "6 rollouts taken, 3 with a claimed outcome; 1 files passed over as no log" in told.stdout
        assert told.returncode == 1
        assert "runs.jsonl: line 6" in told.stderr
    other.run()

    outcomes = {o["rollout_id"]: o for o in rows(other, "outcomes")}
    said = sorted((o["task_id"][:10], o["verdict"], o["claimed_resolved"]) for o in outcomes.values() if o["task_id"] != own["task_id"])
    assert said == [
        ("django__dj", "claimed", False),
        ("django__dj", "claimed", True),
        ("log-" + said[2][0][4:], "not_evaluated", None),
        ("swe__dots.", "not_evaluated", None),
    ]
    brought = [r for r in rows(other, "rollouts") if r["agent"]["name"] != "noop"]
    assert sorted(r["attempt"] for r in brought if r["task_id"] == own["task_id"]) == [0, 1]
    again = {r["final_diff"]: outcomes[r["rollout_id"]] for r in brought if r["task_id"] == own["task_id"]}
    assert (again[own["gold_patch"]]["verdict"], again[own["gold_patch"]]["claimed_resolved"]) == ("resolved", False)
    assert again[""]["verdict"] == "not_evaluated"

    runs_of = {t["task_id"]: t for t in rows(other, "trajectories") if t["agent"] != "noop"}
    assert len(runs_of["swe__dots.95280573.pr_1"]["steps"]) == 4
    assert {r["total"] for r in rows(other, "rewards") if r["verdict"] == "claimed"} == {None}
    assert other.trajhub("verify").returncode == 0
    assert other.computed(other.run()) == {}


@pytest.mark.soak
@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus of real logs beside the checkout")
def test_real_logs_go_through_to_a_release_that_loads(tmp_path: Path) -> None:
    other = make_project(tmp_path / "other", **ALONE)
    taken = 0
    for agent in ("swe-agent", "mini-swe-agent", "openhands"):
        told = other.trajhub("import", str(CORPUS / agent))
        assert told.returncode == 0, told.stderr
        taken += int(told.stdout.split(" rollouts taken")[0].split()[-1])
    other.run()
    assert other.trajhub("verify").returncode == 0
    folder = other.data / "release"
    splits = load_dataset(str(folder), "trajectories", cache_dir=str(tmp_path / "cache"))
    assert sum(map(len, splits.values())) == taken
    frames = load_release(folder)
    assert len(frames["trajectories"]) == taken
    verdicts = frames["outcomes"]["verdict"].value_counts()
    assert verdicts["claimed"] > 50
    assert set(verdicts.index) == {"claimed", "not_evaluated"}
    rewards = frames["rewards"]
    assert rewards["process"].isna().equals(rewards["agent_steps"].eq(0))
    assert rewards["total"].isna().all()
