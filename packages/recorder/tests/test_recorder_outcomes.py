"""What files beside a log say of its outcome, and what they do not say."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agentrecorder.convert import Converted, Skipped, convert
from agentrecorder.outcomes import eval_reports
from agentrecorder.outcomes.eval_reports import eval_report
from agentrecorder.run import Run

PATCH = "diff --git a/x b/x\n--- a/x\n+++ b/x\n"
Place = Callable[..., Path]
Claim = tuple[bool | None, str]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Writes files, objects as JSON; a log where a value is ``None``. Gives the folder."""

    def write(files: dict[str, Any]) -> Path:
        for name, value in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(value if isinstance(value, str) else json.dumps(log() if value is None else value), "utf-8")
        return tmp_path

    return write


def log(task: str = "a__b-1", **info: Any) -> dict[str, Any]:
    step = {"action": "ls", "observation": "", "response": "", "thought": ""}
    return {"environment": task, "trajectory": [step], "history": [], "info": info}


def runs(path: Path, outcomes: Path | None = None) -> list[Run]:
    return [f.run for f in convert(path, outcomes) if isinstance(f, Converted)]


def claim(path: Path, outcomes: Path | None = None) -> bool | None:
    (run,) = runs(path, outcomes)
    return run.claimed


KEYED = {"a__b-1": {"resolved": True, "patch_is_None": False}}
LONE = {"patch_is_None": False, "resolved": False, "tests_status": {}}


@pytest.mark.parametrize(
    ("file", "value", "expected"),
    [
        ("report.json", KEYED, True),
        ("results.json", {"resolved": ["a__b-1"], "no_generation": [], "no_logs": []}, True),
        ("results.json", {"resolved_ids": ["c"], "unresolved_ids": ["a__b-1"], "completed_ids": ["a__b-1", "c"]}, False),
        ("results_summary.json", {"total": 1, "instances": [{"instance_id": "a__b-1", "resolved": False}]}, False),
        ("results.json", {"results": [{"task_id": "a__b-1", "is_resolved": True}]}, True),
        ("results.json", [{"instance_id": "a__b-1", "test_result": {"report": {"resolved": True}}}], True),
        ("output.swebench_eval.jsonl", '{"instance_id": "a__b-1", "report": {"resolved": false}}\n{broken\n', False),
        ("a__b-1.report.json", LONE, False),
        ("reports/a__b-1.report.json", KEYED, True),
        ("logs/a__b-1.report.json", LONE, False),
        ("logs/a__b-1/report.json", KEYED, True),
        ("sb-cli-reports/bench__test__x.json", {"resolved_ids": ["a__b-1"], "unresolved_ids": []}, True),
        ("reward.txt", "1.0\n", True),
        ("reward.txt", "0", False),
        ("verifier/reward.txt", "0.5", False),
        ("reward.json", {"reward": 1}, True),
        ("result.json", {"task_name": "x", "verifier_result": {"rewards": {"reward": 0.0}}}, False),
    ],
)
def test_a_file_beside_the_log_says_it(place: Place, file: str, value: Any, expected: bool) -> None:
    (run,) = runs(place({"a__b-1.traj": None, file: value}))
    assert run.claimed is expected
    assert run.claimed_by.endswith(file.rpartition("/")[2])


@pytest.mark.parametrize(
    ("file", "value"),
    [
        ("results.json", {"resolved": ["c"], "no_generation": ["a__b-1"], "no_logs": []}),
        ("results.json", {"resolved": ["c"], "no_generation": [], "no_logs": []}),
        ("results.json", {"resolved_ids": ["c"], "unresolved_ids": [], "error_ids": ["a__b-1"], "empty_patch_ids": ["a__b-1"]}),
        ("report.json", {"a__b-1": {"resolved": None}}),
        ("report.json", {"a__b-1": {"patch_is_None": True}}),
        ("report.json", {"c": {"resolved": True}}),
        ("results.json", {"results": [{"task_id": "a__b-1", "is_resolved": None}]}),
        ("c.report.json", LONE),
        ("report.json", {"resolved": "yes"}),
        ("report.json", "{broken"),
        ("report.json", ""),
        ("reward.txt", "good"),
        ("reward.txt", "nan"),
    ],
)
def test_what_names_a_run_neither_solved_nor_unsolved_leaves_the_claim_missing(place: Place, file: str, value: Any) -> None:
    (run,) = runs(place({"a__b-1.traj": None, file: value}))
    assert (run.claimed, run.claimed_by) == (None, "")


def test_an_exit_status_is_no_outcome(place: Place) -> None:
    (run,) = runs(place({"a__b-1.traj": log(exit_status="submitted", submission=PATCH)}))
    assert run.claimed is None


@pytest.mark.parametrize("folder", ["trajs", "a__b-1", "trajs/a__b-1", "agent"])
@pytest.mark.parametrize("file", ["reports/a__b-1.report.json", "results.json"])
def test_outcomes_may_lie_beside_the_folder_of_the_logs(place: Place, folder: str, file: str) -> None:
    assert claim(place({f"{folder}/a__b-1.traj": None, file: KEYED})) is True


def test_outcomes_beside_a_folder_of_another_name_are_others(place: Place) -> None:
    assert claim(place({"mine/a__b-1.traj": None, "results.json": KEYED})) is None


def test_a_verdict_that_names_nobody_is_on_a_log_that_lies_alone(place: Place) -> None:
    root = place({"a__b-1.traj": log(), "c.traj": log("c"), "report.json": {"resolved": True}})
    assert [r.claimed for r in runs(root)] == [None, None]
    assert [r.claimed for r in runs(root, root / "report.json")] == [None, None]
    assert claim(root / "c.traj", root / "report.json") is True


def test_a_trial_has_its_reward_beside_the_folder_of_the_agent(place: Place) -> None:
    root = place({"job/a__x1/agent/trajectory.traj": log("main"), "job/a__x1/verifier/reward.txt": "1"})
    assert claim(root) is True
    other = {"stats": {"evals": {"e": {"reward_stats": {"reward": {"1.0": ["b"], "0.0": ["a__x1"]}}}}}}
    assert claim(root / "job" / "a__x1" / "agent", place({"job.json": other}) / "job.json") is False


def test_a_report_on_the_run_goes_before_a_list_of_runs(place: Place) -> None:
    (run,) = runs(place({"trajs/a__b-1.traj": None, "trajs/results.json": {"resolved": ["a__b-1"]}, "logs/a__b-1.report.json": LONE}))
    assert (run.claimed, run.claimed_by) == (False, "logs/a__b-1.report.json")


def test_a_report_that_is_not_decided_leaves_it_to_the_list(place: Place) -> None:
    files = {"a__b-1.traj": None, "a__b-1.report.json": {"a__b-1": {"resolved": None}}, "results.json": {"resolved": ["a__b-1"]}}
    assert claim(place(files)) is True


def test_a_file_or_folder_that_is_given_goes_first(place: Place) -> None:
    root = place({"in/a__b-1.traj": None, "in/results.json": KEYED})
    given = place({"given/run/model/a__b-1/report.json": {"a__b-1": {"resolved": False}}, "given/test_output.txt": "x"}) / "given"
    assert claim(root / "in", given) is False
    assert claim(root / "in", given / "run" / "model" / "a__b-1" / "report.json") is False
    named_at_will = place({"given2/x.json": {"resolved_ids": [], "unresolved_ids": ["a__b-1"]}}) / "given2"
    assert claim(root / "in", named_at_will) is False


def test_a_folder_that_is_given_may_hold_many_trials(place: Place) -> None:
    rewards = {f"given/t{n}/verifier/reward.txt": str(n % 2) for n in range(50)}
    root = place({"in/t7/agent/trajectory.traj": log("main"), "in/t8/agent/trajectory.traj": log("main"), **rewards})
    assert [r.claimed for r in runs(root / "in", root / "given")] == [True, False]


def test_runs_of_one_log_have_each_their_own_claim(place: Place) -> None:
    rows = "\n".join(json.dumps(log(f"t{n}")) for n in range(3))
    files = {"rows.jsonl": rows, "results.json": {"resolved_ids": ["t0"], "unresolved_ids": ["t2"]}, "t1.report.json": KEYED}
    assert [r.claimed for r in runs(place(files))] == [True, None, False]


def test_two_verdicts_on_one_name_are_none(place: Place) -> None:
    trials = [{"task_id": "a__b-1", "is_resolved": True}, {"task_id": "a__b-1", "is_resolved": False}]
    assert claim(place({"a__b-1.traj": None, "results.json": {"results": trials}})) is None
    again = [*trials, trials[0]]
    assert eval_report(place({"again.json": again}) / "again.json").solved == {"a__b-1": None}


def test_an_attempt_that_was_not_handed_in_has_no_claim(place: Place) -> None:
    attempts = log(best_attempt_idx=0) | {"attempts": [log(), log()]}
    assert [r.claimed for r in runs(place({"a__b-1.traj": attempts, "results.json": KEYED}))] == [True, None]


@pytest.mark.parametrize(
    ("file", "value"),
    [
        ("a__b-1.pred", {"instance_id": "a__b-1", "model_name_or_path": "m", "model_patch": PATCH}),
        ("a__b-1.patch", PATCH),
        ("preds.json", {"a__b-1": {"model_patch": PATCH}, "c": {"model_patch": "x"}}),
        ("all_preds.jsonl", json.dumps({"instance_id": "a__b-1", "model_patch": PATCH})),
    ],
)
def test_a_run_without_a_diff_gets_the_patch_that_was_handed_in(place: Place, file: str, value: Any) -> None:
    (run,) = runs(place({"a__b-1.traj": None, file: value}))
    assert (run.final_diff, run.claimed) == (PATCH, None)
    own = PATCH.replace("x", "y")
    (kept,) = runs(place({"a__b-1.traj": log(submission=own)}))
    assert kept.final_diff == own


def test_outcome_files_are_no_logs(place: Place) -> None:
    names = {
        "report.json": KEYED,
        "anything.json": {"resolved_ids": ["c"], "unresolved_ids": []},
        "a__b-1.pred": {"model_patch": PATCH},
        "a__b-1.patch": PATCH,
        "reward.txt": "1",
        "test_output.txt": "....",
        "results_summary.csv": "a,b",
    }
    found = list(convert(place({"a__b-1.traj": None, **names})))
    skipped = {f.path.name: f.reason for f in found if isinstance(f, Skipped)}
    assert skipped == dict.fromkeys(names, "an outcome file")
    unknown = [f for f in convert(place({"notes.json": {"x": 1}})) if isinstance(f, Skipped) and f.path.name == "notes.json"]
    assert "no adapter" in unknown[0].reason


def test_a_file_is_read_once_until_it_changes(place: Place) -> None:
    root = place({f"t{n}.traj": log(f"t{n}") for n in range(5)} | {"results.json": {"resolved": ["t1"]}})
    eval_reports._eval_report.cache_clear()
    assert [r.claimed for r in runs(root)] == [None, True, None, None, None]
    assert eval_reports._eval_report.cache_info().misses == 1
    place({"results.json": {"resolved": ["t1", "t2"]}})
    assert [r.claimed for r in runs(root)] == [None, True, True, None, None]


def test_real_reports_are_joined(corpus: Path) -> None:
    mini = corpus / "mini-swe-agent"
    reports = [eval_report(path).verdict for path in (mini / "v1-gemini3pro" / "logs").glob("*.report.json")]
    assert (reports.count(True), reports.count(False)) == (34, 33)
    summary = eval_report(mini / "v1-gemini3pro" / "results_summary.json").solved
    for folder, expected in (("v1-gemini3pro", (16, 6, 0)), ("v2-deepseek-bench1", (15, 13, 0)), ("v2-deepseek-flash", (0, 0, 1))):
        found = runs(mini / folder)
        claims = [r.claimed for r in found]
        assert (claims.count(True), claims.count(False), claims.count(None)) == expected
        assert all(r.claimed is summary[r.task_id or ""] for r in found if folder.startswith("v1"))
    results = json.loads((corpus / "swe-agent" / "verified-sweagent-lm-32b" / "results.json").read_bytes())
    for run in runs(corpus / "swe-agent" / "verified-sweagent-lm-32b"):
        assert run.claimed is (True if run.task_id in results["resolved"] else None)
