"""A custom rubric set in the graph: judged by a function beside the settings, weighted, and recomputed where it changed."""

import json
from typing import Any

import pytest
from trajtests.projects import Project

pytestmark = pytest.mark.timeout(600)
SET = """rubrics:
  - {{id: goal_progress, name: Progress, description: "Did it help?", weight: 0.5, evaluator: rule}}
  - {{id: brevity, name: Brevity, description: "Was the call short?", weight: {weight}, evaluator: rule}}
"""
RULE = """from agentreward.rules.facts import RuleScore

def brevity(facts):
    return RuleScore({score} if len(facts.action.key) < 200 else 0.25, "brevity.length")
"""
AFTER = {"rewards": 3, "preference_pairs": 3, "calibration_report": 1, "release": 1}


def write(project: Project, *, weight: float = 0.5, score: float = 1.0) -> None:
    (project.folder / "rubrics.yaml").write_text(SET.format(weight=weight), encoding="utf-8")
    (project.folder / "own_rules.py").write_text(RULE.format(score=score), encoding="utf-8")
    project.configure(rubrics={"file": "rubrics.yaml", "rules": {"brevity": "own_rules:brevity"}})


def rows(project: Project, asset: str) -> list[dict[str, Any]]:
    return [row for item in project.lake.stored(asset).values() for row in project.lake.read(item).to_pylist()]


def brevities(project: Project) -> set[float]:
    """What the rewards of open steps hold of the rubric."""
    steps = [step for row in rows(project, "rewards") for step in row["step_rewards"]]
    return {json.loads(step["rubric_scores"])["brevity"] for step in steps if step["gate"]}


@pytest.mark.soak
def test_a_set_of_ones_own_is_scored_weighted_and_recomputed_where_it_changed(finished: Project) -> None:
    write(finished)
    assert finished.computed(finished.run()) == {"rule_scores": 3, **AFTER}
    assert {row["rubric_id"] for row in rows(finished, "rule_scores")} == {"goal_progress", "brevity", "gate"}
    assert max(brevities(finished)) == 1.0
    assert finished.trajhub("verify").returncode == 0

    write(finished, weight=0.25)
    assert finished.computed(finished.run()) == AFTER
    write(finished, weight=0.25, score=0.75)
    assert finished.computed(finished.run()) == {"rule_scores": 3, **AFTER}
    assert max(brevities(finished)) == 0.75
    assert finished.computed(finished.run()) == {}


@pytest.mark.parametrize(
    ("rubrics", "said"),
    [
        ({"file": "nowhere.yaml"}, "rubrics.file: "),
        ({"rules": {"brevity": "own_rules:brevity"}}, "name their `file`"),
        ({"file": "rubrics.yaml"}, "'brevity' is judged by rule and has none"),
        ({"file": "rubrics.yaml", "rules": {"brevity": "own_rules:nothing"}}, "has no function 'nothing'"),
        ({"file": "rubrics.yaml", "rules": {"brevity": "nowhere:brevity"}}, "there is no module 'nowhere'"),
        ({"file": "rubrics.yaml", "rules": {"length": "own_rules:brevity"}}, "there is no rubric 'length'"),
    ],
)
def test_what_is_no_rubric_set_stops_before_anything_is_run(project: Project, rubrics: dict[str, Any], said: str) -> None:
    write(project)
    project.configure(rubrics=rubrics)
    done = project.trajhub("run")
    assert done.returncode in (1, 2)
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stdout + done.stderr
    assert project.lake.stored("task_pool") == {}
