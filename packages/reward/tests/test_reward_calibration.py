"""Labels and what they say of rewards."""

import json
from pathlib import Path

import numpy as np
import pytest
from agentreward.calibration.agreement import agreement_rate
from agentreward.calibration.labels import read_labels
from agentreward.calibration.report import calibrate_labels
from agentreward.preferences import build_pairs
from scipy import stats
from trajschema.calibration import Calibration, Figure
from trajschema.label import HumanLabel
from trajschema.preference import PreferencePair
from trajschema.score import Reward, StepReward

RANDOM = np.random.default_rng(5)
HUMAN = RANDOM.uniform(size=60)
TOTALS = np.clip(HUMAN + RANDOM.normal(0, 0.15, 60), 0, 1)


def made(i: int) -> Reward:
    total = float(TOTALS[i])
    step = StepReward(step_id=2, reward=total / 2, gate=1)
    return Reward(
        trajectory_id=f"t{i}",
        task_id=f"k{i // 3}",
        agent=("ann", "bob")[i % 2],
        step_rewards=(step,),
        process=total,
        outcome=float(total > 0.5),
        total=total,
        verdict="resolved" if total > 0.5 else "unresolved",
        agent_steps=5 + i % 7,
        weights_version="w",
    )


REWARDS = [made(i) for i in range(60)]
PAIRS = build_pairs(REWARDS)


def label(who: str, unit: str, target: str, value: float, step: int | None = None) -> HumanLabel:
    return HumanLabel(label_id=f"{who}-{target}", annotator=who, unit=unit, target_id=target, value=value, step_id=step)  # type: ignore[arg-type]


def find(figures: tuple[Figure, ...], name: str, slice_: str) -> Figure:
    (found,) = [f for f in figures if f.name == name and f.slice == slice_]
    return found


def test_no_labels_is_said_with_how_to_label() -> None:
    found = calibrate_labels([], REWARDS, PAIRS)
    assert found.status == "not calibrated: 0 labels"
    assert "annotator" in str(found.figures[0].reason)
    assert found.figures[0].value is None


@pytest.fixture(scope="module")
def calibrated() -> Calibration:
    labels = [label("x", "trajectory", f"t{i}", float(HUMAN[i])) for i in range(60)]
    labels += [label("y", "trajectory", f"t{i}", float(np.clip(HUMAN[i] + 0.05, 0, 1))) for i in range(20)]
    labels += [label("x", "pair", p.pair_id, 1.0 if n % 4 else 0.0) for n, p in enumerate(PAIRS)]
    labels += [label("x", "step", f"t{i}", float(HUMAN[i]), 2) for i in range(30)]
    labels += [label("x", "trajectory", "nobody", 0.5), label("x", "pair", "nothing", 0.5), label("x", "step", "t0", 0.5, 99)]
    return calibrate_labels(labels, REWARDS, PAIRS)


def test_figures_equal_those_of_scipy(calibrated: Calibration) -> None:
    human = np.array([(h + min(h + 0.05, 1)) / 2 if i < 20 else h for i, h in enumerate(HUMAN)])
    r = find(calibrated.figures, "pearson_r", "unit=trajectory")
    assert r.value == pytest.approx(stats.pearsonr(TOTALS, human).statistic)
    assert find(calibrated.figures, "spearman_rho", "unit=trajectory").value == pytest.approx(stats.spearmanr(TOTALS, human).statistic)
    assert find(calibrated.figures, "mae", "unit=trajectory").value == pytest.approx(np.abs(TOTALS - human).mean())
    assert r.n == 60
    assert r.low is not None
    assert r.high is not None
    assert r.value is not None
    assert -1 <= r.low < r.value < r.high <= 1
    assert find(calibrated.figures, "pearson_r", "agent=ann").n == 30
    assert find(calibrated.figures, "pearson_r", "unit=step").n == 30


def test_pairs_baselines_and_ceiling_stand_beside(calibrated: Calibration) -> None:
    agreed = find(calibrated.figures, "agreement_rate", "unit=pair")
    assert agreed.value == pytest.approx(sum(bool(n % 4) for n in range(len(PAIRS))) / len(PAIRS))
    ours = find(calibrated.figures, "pearson_r", "unit=trajectory").value
    for title in ("outcome only", "shorter is better"):
        baseline = find(calibrated.baselines, "pearson_r", f"baseline={title}, unit=trajectory")
        assert baseline.value is not None
        assert ours is not None
        assert baseline.value < ours
        assert find(calibrated.baselines, "agreement_rate", f"baseline={title}, unit=pair").n == len(PAIRS)
    ceiling = find(calibrated.ceiling, "pearson_r", "annotators, unit=trajectory")
    assert ceiling.n == 20
    assert (ceiling.value or 0) > 0.95


def test_labels_of_what_is_not_known_are_named(calibrated: Calibration) -> None:
    assert calibrated.labels == calibrated.used + 3
    assert len(calibrated.problems) == 3
    assert any("nobody" in p for p in calibrated.problems)
    assert any("step 99" in p for p in calibrated.problems)


def test_calibration_is_deterministic_and_blind_to_order() -> None:
    labels = [label("x", "trajectory", f"t{i}", float(HUMAN[i])) for i in range(20)]
    one = calibrate_labels(labels, REWARDS, PAIRS)
    assert one == calibrate_labels(labels, REWARDS, PAIRS)
    assert one.figures == calibrate_labels(labels[::-1], REWARDS[::-1], PAIRS[::-1]).figures


def test_intervals_resample_tasks() -> None:
    same_task = [r.model_copy(update={"task_id": "one"}) for r in REWARDS]
    labels = [label("x", "trajectory", f"t{i}", float(HUMAN[i])) for i in range(60)]
    found = find(calibrate_labels(labels, same_task, []).figures, "pearson_r", "unit=trajectory")
    assert (found.low, found.high) == (None, None)
    assert "1 tasks" in str(found.reason)


def test_too_few_labels_give_no_value_but_a_reason() -> None:
    found = calibrate_labels([label("x", "trajectory", "t1", 0.5)], REWARDS, PAIRS)
    r = find(found.figures, "pearson_r", "unit=trajectory")
    assert (r.value, r.n) == (None, 1)
    assert r.reason
    unknown = calibrate_labels([label("x", "trajectory", "nobody", 0.5)], REWARDS, PAIRS)
    assert unknown.status == "not calibrated: 0 of 1 labels are usable"


def test_no_preference_counts_half() -> None:
    assert agreement_rate(np.array([1.0, 1.0, 0.5]), np.array([1.0, 0.0, 1.0]), np.ones((1, 3))) == pytest.approx(0.5)


def test_a_label_file_is_read_line_by_line(tmp_path: Path) -> None:
    good = {"annotator": "x", "unit": "trajectory", "target_id": "t1", "value": 0.5}
    lines = [
        json.dumps(good),
        "not json",
        json.dumps({**good, "value": 7}),
        "",
        json.dumps({**good, "annotator": ""}),
        json.dumps({**good, "schema_version": "other"}),
        json.dumps({**good, "value": 0.9}),
        json.dumps({**good, "annotator": "y\u2028"}),
    ]
    path = tmp_path / "labels.jsonl"
    path.write_text("\n".join(lines), "utf-8")
    labels, problems = read_labels(path)
    assert [(f.annotator, f.value) for f in labels] == [("x", 0.9), ("y\u2028", 0.5)]
    assert all(f.label_id for f in labels)
    assert [p.split(":")[0] for p in problems] == [f"labels.jsonl line {n}" for n in (2, 3, 5, 6, 1)]
    assert "value" in problems[1]
    path.write_bytes(b"\xff\xfe\n")
    assert read_labels(path)[0] == []


def test_a_label_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    labels, problems = read_labels(tmp_path / "none.jsonl")
    assert labels == []
    assert "none.jsonl" in problems[0]


def test_pairs_in_use_are_records_of_the_contract() -> None:
    assert all(isinstance(p, PreferencePair) for p in PAIRS)
    assert len(PAIRS) > 10
