"""The Python blocks and the commands of the founding document. Its page lost indentation; apart from white space nothing differs."""

import contextlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCUMENT = Path(*Path(__file__).resolve().parts[:-5]) / "shared" / "seeds" / "agent-reward.md"

SCORE = """from agentreward import RewardEngine, TrajectoryReward
from agentreward.config import RewardConfig
# 准备轨迹数据
trajectory = {
    "task": "修复 test_login.py 中的断言错误",
    "steps": [
        {"tool": "Read", "params": {"file_path": "/src/test_login.py"}, "output": "..."},
        {"tool": "Grep", "params": {"pattern": "assert"}, "output": "line 42: assert x == y"},
        {"tool": "Edit", "params": {"file_path": "/src/test_login.py",
            "old_string": "assert x == y",
            "new_string": "assert x == expected_y"}},
    ],
    "outcome": {"success": True, "tests_passed": 10, "tests_total": 10},
}
# 计算 Reward
engine = RewardEngine()
result = engine.score(trajectory)
print(f"总分: {result.total_score:.4f}")
print(f"结果分: {result.outcome_score:.4f}")
print(f"过程分: {result.process_score:.4f}")
for sr in result.step_rewards:
    print(f"  Step {sr.step_id}: {sr.total_score:.4f} {sr.rubric_scores}")
"""
RUBRICS = """from agentreward.rubrics import Rubric, RubricSet
custom_rubrics = RubricSet(rubrics=[
    Rubric(id="safety", name="安全性", description="操作是否安全?",
        weight=0.4, evaluator="rule"),
    Rubric(id="creativity", name="创造性", description="方案是否有创意?",
        weight=0.6, evaluator="model"),
])
"""
CALIBRATE = """from agentreward.calibration import calibrate
result = calibrate(
    reward_scores=[0.8, 0.6, 0.9, 0.3, 0.7],
    human_scores=[0.85, 0.55, 0.95, 0.25, 0.65],
)
print(f"Pearson r: {result.pearson_r:.4f}")
print(f"Spearman rho: {result.spearman_rho:.4f}")
print(f"Agreement rate: {result.agreement_rate:.4f}")
"""
PREFERENCES = """from agentreward.preferences import build_preferences
# 按任务分组的轨迹 (已含 reward 分数)
trajectories_by_task = {
    "task_001": [
        {"id": "traj_a", "reward": 0.9, "step_count": 5},
        {"id": "traj_b", "reward": 0.3, "step_count": 12},
        {"id": "traj_c", "reward": 0.7, "step_count": 8},
    ],
}
pairs = build_preferences(trajectories_by_task, min_margin=0.1)
for p in pairs:
    print(f"{p.chosen_trajectory_id} > {p.rejected_trajectory_id} (margin={p.margin():.3f})")
"""
CONFIGURE = """from agentreward import RewardEngine
from agentreward.config import RewardConfig
# 配置
config = RewardConfig(
    rule_weight=0.6, # 规则层权重
    model_weight=0.4, # 模型层权重
    rubric_set="default", # Rubric 集合
    model_name="claude-sonnet-4-20250514",
    provider="anthropic",
    temperature=0.1,
)
# 评估
engine = RewardEngine(config)
result = engine.score(trajectory)
print(f"总分: {result.total_score:.4f}")
print(f"过程分: {result.process_score:.4f}")
"""
BLOCKS = {"score": SCORE, "rubrics": RUBRICS, "calibrate": CALIBRATE, "preferences": PREFERENCES, "configure": CONFIGURE}


def printed(*blocks: str) -> str:
    """What the blocks print, run one after the other."""
    page = io.StringIO()
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(page):
        for block in blocks:
            exec(block, names)
    return page.getvalue()


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_a_block_is_the_document_s(block: str) -> None:
    if not DOCUMENT.exists():
        pytest.skip("the founding document is not beside the checkout")
    assert re.sub(r"\s", "", block) in re.sub(r"\s", "", DOCUMENT.read_text(encoding="utf-8"))


def test_a_dict_is_scored_step_by_step() -> None:
    lines = printed(SCORE).splitlines()
    assert [line.split(":")[0].strip() for line in lines] == ["总分", "结果分", "过程分", "Step 1", "Step 2", "Step 3"]
    assert lines[1] == "结果分: 1.0000"
    assert "'non_redundancy': 1.0" in lines[3]


def test_a_configured_engine_scores_the_same_run() -> None:
    assert printed(SCORE, CONFIGURE).splitlines()[-2:] == [printed(SCORE).splitlines()[i] for i in (0, 2)]


def test_a_custom_set_of_rubrics_can_be_written_down() -> None:
    assert printed(RUBRICS) == ""


def test_lists_are_compared() -> None:
    assert printed(CALIBRATE) == "Pearson r: 0.9913\nSpearman rho: 1.0000\nAgreement rate: 1.0000\n"


def test_rewarded_runs_are_paired() -> None:
    assert sorted(printed(PREFERENCES).splitlines()) == [
        "traj_a > traj_b (margin=0.600)",
        "traj_a > traj_c (margin=0.200)",
        "traj_c > traj_b (margin=0.400)",
    ]


def test_the_class_table_names_what_the_package_offers() -> None:
    import agentreward

    for name in ("RewardEngine", "StepReward", "TrajectoryReward", "Rubric", "RubricSet", "PreferencePair", "RewardConfig"):
        assert getattr(agentreward, name).__name__ == name
    assert agentreward.CalibrationResult.__name__ == "CalibrationResult"


def command(folder: Path, *words: str) -> str:
    done = subprocess.run([sys.executable, "-m", "agentreward", *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_five_commands(tmp_path: Path) -> None:
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(SCORE, names)
        exec(PREFERENCES, names)
    for file in ("trajectory.json", "traj_a.json", "traj_b.json", "traj_c.json"):
        (tmp_path / file).write_text(json.dumps(names["trajectory"]))
    (tmp_path / "trajectories_by_task.json").write_text(json.dumps(names["trajectories_by_task"]))
    (tmp_path / "ratings.json").write_text(json.dumps({"reward_scores": [0.8, 0.6, 0.9], "human_scores": [0.8, 0.5, 0.9]}))
    total = f"{names['result'].total_score:.4f}"  # type: ignore[attr-defined]
    assert f"total    {total}" in command(tmp_path, "score", "trajectory.json")
    assert command(tmp_path, "compare", "traj_a.json", "traj_b.json", "traj_c.json").count(total) == 3
    command(tmp_path, "preferences", "trajectories_by_task.json", "-o", "pairs.json")
    assert [p["kind"] for p in json.loads((tmp_path / "pairs.json").read_text())] == ["reward"] * 3
    assert "spearman_rho    1.0000" in command(tmp_path, "calibrate", "ratings.json")
    assert "info_utilization" in command(tmp_path, "rubrics")
