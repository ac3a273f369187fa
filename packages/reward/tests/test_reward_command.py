"""The command line as a user meets it: pipes, JSON, exit statuses, messages; and the package without its extras."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from trajtests.forked import run_module
from trajtests.reward_cases import HONEST, run
from trajtests.reward_dict_runs import CHEATS, FIX, LOOK, plain


def agentreward(*words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return run_module("agentreward", words, given=given)


def test_lines_from_a_pipe_are_scored_one_by_one() -> None:
    lines = [run(*HONEST).model_dump_json(), json.dumps(plain(FIX)), json.dumps({"steps": 1})]
    done = agentreward("score", "--json", "-", given="\n".join(lines))
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["total_score"], first["missing_reason"]) == (None, "no outcome")
    assert first["process_score"] > 0.5
    assert second["outcome_score"] == 1.0
    assert second["steps"][0]["evidence"]["goal_progress"][0]["rule_id"]
    assert done.returncode == 1
    assert "run 3" in done.stderr


def test_runs_are_ranked_and_a_cheat_comes_last_with_its_reason(tmp_path: Path) -> None:
    for name, steps in (("fix", FIX), ("cheat", [*LOOK, *CHEATS["rewrites reports"]])):
        (tmp_path / f"{name}.json").write_text(json.dumps(plain(steps)))
    done = agentreward("compare", str(tmp_path / "cheat.json"), str(tmp_path / "fix.json"))
    _, first, second = done.stdout.splitlines()
    assert "fix.json" in first
    assert "cheat.json" in second
    assert "(tampering)" in second
    ranked = json.loads(agentreward("compare", "--json", str(tmp_path / "cheat.json"), str(tmp_path / "fix.json")).stdout)
    assert [Path(r["file"]).name for r in ranked] == ["fix.json", "cheat.json"]


def test_runs_with_steps_are_scored_before_they_are_paired(tmp_path: Path) -> None:
    file = tmp_path / "by_task.json"
    file.write_text(json.dumps({"t": [{**plain(FIX), "id": "fix"}, {**plain([*LOOK, *CHEATS["exits early"]]), "id": "cheat"}]}))
    (pair,) = json.loads(agentreward("preferences", str(file)).stdout)
    assert (pair["chosen_trajectory_id"], pair["rejected_trajectory_id"], pair["kind"]) == ("fix", "cheat", "outcome")


@pytest.mark.parametrize("command", ["score", "explain", "compare"])
def test_a_run_that_cannot_be_scored_is_named_and_stops_no_other(command: str, tmp_path: Path) -> None:
    file = tmp_path / "runs.json"
    file.write_text(json.dumps([{"steps": 1}, {**plain(FIX), "id": "good"}]))
    done = agentreward(command, str(file))
    assert "good" in done.stdout
    assert f"{file}, run 1: a run is" in done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize("command", ["score", "explain", "compare"])
def test_a_file_without_a_run_is_named(command: str) -> None:
    done = agentreward(command, "-", given="[]")
    assert (done.returncode, done.stderr) == (1, "-: no run in it; give at least one\n")


def test_equal_runs_without_an_id_are_numbered_and_equal_ids_are_refused() -> None:
    runs = [plain(FIX), plain(FIX, False), plain(FIX)]
    pairs = json.loads(agentreward("preferences", "-", given=json.dumps({"t": runs})).stdout)
    first = pairs[0]["chosen_trajectory_id"].partition("#")[0]
    assert {p["chosen_trajectory_id"] for p in pairs} == {first, f"{first}#3"}
    assert {p["rejected_trajectory_id"] for p in pairs} == {f"{first}#2"}
    named = agentreward("preferences", "-", given=json.dumps({"t": [{**r, "id": 0} for r in runs]}))
    assert "two runs with the id '0'" in named.stderr


def test_a_byte_order_mark_is_no_part_of_a_run(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text(json.dumps({**plain(FIX), "id": "good"}), encoding="utf-8-sig")
    assert "run good" in agentreward("score", str(file)).stdout


def test_half_a_pair_in_an_id_is_written_as_an_escape(tmp_path: Path) -> None:
    given, page = json.dumps({**plain(FIX), "id": "a\ud800"}), tmp_path / "why.html"
    assert "run a\\ud800" in agentreward("score", "-", given=given).stdout
    assert json.loads(agentreward("score", "--json", "-", given=given).stdout)["trajectory_id"] == "a\ud800"
    assert "run a\\ud800" in agentreward("explain", "-", "--html", str(page), given=given).stdout
    assert "a\\ud800" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "given", "word"),
    [
        (("score", "nowhere.json"), "", "nowhere.json: No such file"),
        (("score", "-"), "not json", "no run"),
        (("score", "-", "--rubrics", "nowhere.yaml"), "{}", "nowhere.yaml"),
        (("preferences", "-"), "[]", "task id"),
        (("preferences", "-"), '{"t": [{"id": "a", "reward": 3, "step_count": 1}]}', "t[0]: 'reward' is 3"),
        (("preferences", "-", "--min-margin", "0"), "{}", "min_margin"),
        (("calibrate", "-"), "{}", "reward_scores"),
        (("calibrate", "-"), '{"reward_scores": [1], "human_scores": [1, 2]}', "1 rewards and 2 ratings"),
        (("rubrics", "nowhere.yaml"), "", "nowhere.yaml"),
    ],
)
def test_bad_usage_is_told_in_a_line(words: tuple[str, ...], given: str, word: str) -> None:
    done = agentreward(*words, given=given)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_options_of_scoring_are_observable(tmp_path: Path) -> None:
    rubrics = tmp_path / "r.yaml"
    rubrics.write_text("rubrics: [{id: tool_choice, name: Tool, description: Was it right, weight: 1}]")

    def scored(*words: str) -> Any:
        return json.loads(agentreward("score", "--json", "-", *words, given=json.dumps(plain(FIX))).stdout)

    assert list(scored("--rubrics", str(rubrics))["steps"][0]["rubric_scores"]) == ["tool_choice"]
    assert scored("--rules-only")["notes"] == ["judge: none asked for (model_weight is 0)"]
    assert "OPENAI_API_KEY" in scored("--provider", "openai")["notes"][0]


def test_the_core_scores_without_any_extra() -> None:
    code = f"""
import sys
for name in ("anthropic", "openai", "agentllm", "numpy", "scipy", "mcp", "anyio"):
    sys.modules[name] = None
import agentreward
result = agentreward.RewardEngine().score({plain(FIX)!r})
assert result.total_score > 0.5, result
from agentreward.preferences import build_preferences
from agentreward.errors import MissingExtra
try:
    agentreward.calibrate
except MissingExtra as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "agentreward[stats]" in done.stdout


def test_a_key_without_the_model_library_is_a_note() -> None:
    code = f"""
import os, sys
os.environ["ANTHROPIC_API_KEY"] = "x"
sys.modules["agentllm"] = None
import agentreward
print(agentreward.RewardEngine().score({plain(FIX)!r}).notes)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "agentreward[llm]" in done.stdout, done.stderr
