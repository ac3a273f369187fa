"""The whole graph, and what each change recomputes: just what follows from it."""

from pathlib import Path
from typing import Any

import pytest
from trajtests.projects import Project, make_project

PER_TASK = ("rollouts", "outcomes", "trajectories", "rule_scores", "judge_scores", "rewards", "preference_pairs")
FEW = {"run": [{"name": "oracle"}, {"name": "noop"}]}
LAST = {"calibration_report": 1, "release": 1}


@pytest.mark.timeout(600)
def test_each_change_recomputes_just_what_follows(tmp_path: Path, copied_checkout: Path) -> None:
    small: dict[str, Any] = {"tasks": {"count": 2}, "agents": FEW}
    project: Project = make_project(tmp_path / "project", **small)
    first = project.run()
    assert project.computed(first) == {"task_pool": 2, **dict.fromkeys(PER_TASK, 2), **LAST}
    assert Path(first["release"], "manifest.json").exists()
    assert Path(first["report"]).exists()

    assert project.computed(project.run()) == {}

    project.configure(rewards={"outcome": 0.4}, **small)
    assert project.computed(project.run()) == {"rewards": 2, "preference_pairs": 2, **LAST}

    project.code = copied_checkout
    rules = copied_checkout / "packages/reward/src/agentreward/rules/scorer.py"
    rules.write_text(rules.read_text() + "\nEDITED = True\n")
    assert project.computed(project.run()) == {"rule_scores": 2, "rewards": 2, "preference_pairs": 2, **LAST}

    project.configure(rewards={"outcome": 0.4}, tasks={"count": 3}, agents=FEW)
    assert project.computed(project.run()) == {"task_pool": 1, **dict.fromkeys(PER_TASK, 1), **LAST}

    status = project.trajhub("status", "--json")
    assert '"to_compute": 0' in status.stdout
