"""Confirmation on real tasks: wrong diffs that pass the tests are not confirmed, right ones never doubted."""

import json
import subprocess
import sys
from typing import Any

import pytest
from trajtests.projects import CHECKOUT, WARM

BENCHMARK = CHECKOUT / "benchmarks" / "differential.py"


def measured(*arguments: str, timeout_s: float) -> dict[str, Any]:
    """Kind of diff → how many there were, and how many of them were confirmed, doubted and unconfirmed."""
    command = [sys.executable, str(BENCHMARK), "--store", str(WARM / "tasks"), "--json", *arguments]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=timeout_s)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
    return dict(json.loads(done.stdout.splitlines()[-1])["cases"])


RIGHT = ("gold patch", "equivalent rewrite", "moved to another module", "independent fix")


@pytest.mark.soak
def test_wrong_diffs_of_a_few_tasks_are_not_confirmed_and_right_ones_are_not_doubted() -> None:
    cases = measured("--tasks", "4", "--libraries", "inflection", "semver", "--draws", "1", timeout_s=280)
    assert cases["gold patch"]["number"] == 4
    assert {kind: cases[kind]["doubted"] for kind in RIGHT if kind in cases} == {kind: 0 for kind in RIGHT if kind in cases}
    assert cases["11 an object equal to all"]["confirmed"] == 0
    assert cases["all wrong diffs"]["not_confirmed"][0] >= 0.5


@pytest.mark.soak
def test_no_right_diff_is_doubted_on_a_hundred_tasks() -> None:
    cases = measured("--tasks", "110", timeout_s=6000)
    assert {kind: cases[kind]["doubted"] for kind in RIGHT[:3]} == dict.fromkeys(RIGHT[:3], 0)
    assert cases["independent fix"]["doubted_share"][0] <= 0.02
    assert cases["all wrong diffs"]["not_confirmed"][0] >= 0.6
    assert cases["all regressions"]["not_confirmed"][0] >= 0.9
    assert min(cases[kind]["number"] for kind in (*RIGHT[:2], "all wrong diffs", "all regressions")) >= 100
