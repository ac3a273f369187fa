"""Bringing in tasks and rollouts: good records go through the graph, each bad line is one error, and only what is touched is computed."""

import json
from pathlib import Path

import pytest
from projects import Project, make_project

pytestmark = [pytest.mark.xdist_group("graph"), pytest.mark.timeout(600)]


def rows(project: Project, asset: str) -> list[dict]:
    return [row for name, item in project.lake.stored(asset).items() if name != "all" for row in project.lake.read(item).to_pylist()]


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


def test_tasks_of_another_pool_join_this_one(finished: Project, tmp_path: Path) -> None:
    task = rows(finished, "task_pool")[0]
    file = tmp_path / "tasks.jsonl"
    file.write_text(json.dumps(task) + "\n")
    other = make_project(tmp_path / "other", tasks={"count": 0}, agents={"run": [{"name": "oracle"}, {"name": "noop"}]})
    assert other.trajhub("import", str(file)).returncode == 0
    assert other.run()["stages"]["task_pool"]["computed"] == 1
    verdicts = {r["agent"]: r["verdict"] for r in rows(other, "rewards")}
    assert verdicts == {"oracle": "resolved", "noop": "unresolved"}
