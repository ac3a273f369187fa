"""The figures of the benchmarks on outcomes and mistakes, on small cases that can be counted by hand."""

import json
from pathlib import Path

import discrimination
import numpy as np
import pytest
import who_and_when
from discrimination_figures import Group, auc, draws, gain, length_correlation
from known_outcomes import known_outcomes
from who_and_when_runs import labelled_runs


def group(resolved: list[bool], tasks: list[int], length: list[float]) -> Group:
    return Group(np.array(resolved), np.array(tasks), np.array(length))


def test_auc_counts_pairs_within_sources_and_a_tie_as_half() -> None:
    one, two = group([True, False, False], [0, 1, 2], [1, 2, 3]), group([True, False], [3, 4], [1, 1])
    found = auc([one, two], [np.array([0.5, 0.5, 0.1]), np.array([0.2, 0.9])], draws(5, 50))
    assert (found.value, found.pairs) == (pytest.approx(1.5 / 3), 3)
    low, high = found.interval
    assert 0 <= low <= found.value <= high <= 1


def test_runs_of_one_task_are_drawn_together() -> None:
    twice = group([True, False], [0, 0], [1, 2])
    drawn = np.array([[2.0], [0.0]])
    assert auc([twice], [np.array([1.0, 0.0])], drawn).resampled[0] == 1
    assert np.isnan(auc([twice], [np.array([1.0, 0.0])], drawn).resampled[1])


def test_a_gain_is_paired() -> None:
    runs = group([True, False] * 10, list(range(20)), list(map(float, range(20))))
    perfect, chance = runs.resolved.astype(float), np.zeros(20)
    drawn = draws(20, 200)
    found = gain(auc([runs], [perfect], drawn), auc([runs], [chance], drawn))
    assert found == {"gain": 0.5, "low": 0.5, "high": 0.5, "above_0": 1.0}


def test_correlation_with_length_is_that_within_one_outcome() -> None:
    runs = group([True] * 6 + [False] * 6, list(range(12)), [float(i) for i in range(12)])
    scores = np.array([5, 4, 3, 2, 1, 0, 10, 11, 12, 13, 14, 15], dtype=float)
    value, within = length_correlation({"s": runs}, {"s": scores})
    assert value == pytest.approx(0)
    assert sorted(round(v) for v in within.values()) == [-1, 1]


def log(folder: Path, task: str, command: str) -> None:
    step = {"action": command, "observation": "seen", "response": "I act.", "thought": "I act.", "state": {}}
    said = {"role": "user", "content": "Fix it.", "agent": "main"}
    found = {"environment": task, "trajectory": [step], "history": [said], "info": {"exit_status": "submitted", "submission": ""}}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{task}.traj").write_text(json.dumps(found))


def corpus(root: Path) -> Path:
    for task in ("a__b-1", "a__b-2", "a__b-3"):
        log(root / "agent" / "bench", task, "ls" if task == "a__b-1" else "cat x")
    (root / "agent" / "bench" / "results.json").write_text(json.dumps({"resolved": ["a__b-1"], "no_generation": ["a__b-3"], "no_logs": []}))
    return root


def test_outcomes_come_from_the_files_beside_and_what_was_not_evaluated_has_none(tmp_path: Path) -> None:
    found = {run.task: (run.source, run.resolved) for run in known_outcomes(corpus(tmp_path))}
    assert found == {"a__b-1": ("agent/bench", True), "a__b-2": ("agent/bench", False)}


def test_every_figure_is_there_without_the_other_package(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = discrimination.measured(list(known_outcomes(corpus(tmp_path))), None, 20)
    assert figures["sources"]["agent/bench"]["runs"] == 2
    assert set(figures["pooled"]) == {"process", "best elsewhere", "one error elsewhere", "shorter"}
    assert figures["pooled"]["shorter"]["value"] == 0.5
    discrimination.report(figures)
    assert "not compared" in capsys.readouterr().out
    json.dumps(figures)


def conversation(folder: Path) -> None:
    history = [
        {"role": "human", "content": "How many?"},
        {"role": "assistant", "name": "Expert", "content": "Let me see."},
        {"role": "assistant", "name": "Expert", "content": "```python\nprint(1)\n```"},
        {"role": "user", "name": "Computer_terminal", "content": "exitcode: 0 (execution succeeded)\nCode output: 1"},
        {"role": "assistant", "name": "Expert", "content": "```python\nprnt(2)\n```"},
        {"role": "user", "name": "Computer_terminal", "content": "exitcode: 1 (execution failed)\nCode output: NameError"},
    ]
    (folder / "Kind").mkdir()
    (folder / "Kind" / "1.json").write_text(json.dumps({"history": history, "mistake_step": "4"}))


def test_the_lowest_step_that_acts_is_the_one_that_failed(tmp_path: Path) -> None:
    conversation(tmp_path)
    (run,) = labelled_runs(tmp_path)
    assert [step.source for step in run.trajectory.steps] == ["user", "agent", "agent", "system", "agent", "system"]
    assert [o.exit_code for step in run.trajectory.steps for o in step.observations] == [0, 1]
    assert who_and_when.lowest(run, acting=True) == run.mistake == 4
    assert who_and_when.lowest(run, acting=False) == 1


def test_a_share_has_an_interval_between_0_and_1() -> None:
    assert who_and_when.share(0, 10)["low"] == 0
    assert who_and_when.share(5, 10) == {"value": 0.5, "low": pytest.approx(0.2366, abs=1e-3), "high": pytest.approx(0.7634, abs=1e-3)}
