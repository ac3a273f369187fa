"""Differential testing on real tasks: wrong diffs that pass the tests are flagged, right ones never."""

import json
import subprocess
import sys
from typing import Any

import pytest
from trajtests.projects import CHECKOUT, WARM

BENCHMARK = CHECKOUT / "benchmarks" / "differential.py"


def measured(*arguments: str, timeout_s: float) -> dict[str, Any]:
    """Kind of diff → how many there were and how many were flagged."""
    command = [sys.executable, str(BENCHMARK), "--store", str(WARM / "tasks"), "--json", *arguments]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=timeout_s)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
    return dict(json.loads(done.stdout.splitlines()[-1])["cases"])


@pytest.mark.soak
def test_wrong_diffs_of_a_few_tasks_are_flagged_and_right_ones_are_not() -> None:
    cases = measured("--tasks", "4", "--libraries", "inflection", "semver", timeout_s=280)
    assert (cases["gold patch"]["number"], cases["gold patch"]["flagged"]) == (4, 0)
    assert cases["equivalent rewrite"]["flagged"] == 0
    assert cases["all of 11"]["share"] == 1.0
    assert cases["all wrong diffs"]["share"] >= 0.5


@pytest.mark.soak
def test_no_false_alarm_on_a_hundred_tasks() -> None:
    cases = measured("--tasks", "110", timeout_s=3000)
    assert cases["all wrong diffs"]["number"] >= 60
    assert {kind: cases[kind]["flagged"] for kind in ("gold patch", "equivalent rewrite")} == {"gold patch": 0, "equivalent rewrite": 0}
    assert min(cases[kind]["number"] for kind in ("gold patch", "equivalent rewrite")) >= 100
