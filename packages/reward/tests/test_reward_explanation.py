"""An explanation adds up to the reward, names the rule or the sentence behind every loss, and reads in a terminal and as a page."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from agentreward import RewardConfig, RewardEngine
from agentreward.aggregate.fusion import reward
from agentreward.aggregate.process_reward import StepValue, process_of, process_score
from agentreward.aggregate.weights import Weights
from agentreward.explain.explained import explained, page
from agentreward.explain.explanation import explain
from agentreward.result import TrajectoryReward
from hypothesis import given, settings
from hypothesis import strategies as st
from trajschema.score import RUBRICS, Evidence, StepScore
from trajschema.trajectory import Step
from trajtests.forked import run_module
from trajtests.reward_cases import AIMLESS, HONEST, call, outcome, run, seen, shell, steps_lists, turn, view
from trajtests.reward_dict_runs import CHEATS, LOOK, plain

ENGINE = RewardEngine(RewardConfig(model_weight=0.0))
values = st.lists(st.builds(StepValue, st.floats(0, 1), st.sampled_from([0, 1, 1]), st.booleans()), max_size=12)


@given(values, st.floats(0.1, 1))
def test_the_counted_steps_alone_give_the_process_score(steps: list[StepValue], default_reward: float) -> None:
    found = process_of(steps, default_reward)
    assert found.score == process_score(steps, default_reward)
    counted = [s.reward * bool(s.gate) for s, role in zip(steps, found.roles, strict=True) if role != "left_out"]
    if found.default_reward is not None:
        assert found.default_reward == default_reward
        counted.append(default_reward)
    assert len(counted) == found.counted
    if found.score is not None:
        assert found.score == pytest.approx(sum(counted) / len(counted), abs=1e-11)


@given(values)
def test_a_step_left_out_would_not_have_lowered_the_mean(steps: list[StepValue]) -> None:
    found = process_of(steps, 1.0)
    for step, role in zip(steps, found.roles, strict=True):
        if role == "left_out":
            assert step.reward * bool(step.gate) >= (found.score or 0.0) - 1e-11
        if role == "advances":
            assert step.advances
            assert step.gate


@settings(max_examples=60, deadline=None)
@given(steps_lists)
def test_what_steps_bring_adds_up_to_the_process_score_and_losses_to_what_a_step_lacks(steps: list[Step]) -> None:
    found = explained(run(*steps), ENGINE)
    told = found.explanation
    assert sum(s.brings for s in told.steps) + told.default_brings == pytest.approx(found.result.process_score, abs=1e-9)
    assert [s.step_id for s in told.steps] == [s.step_id for s in found.result.step_rewards]
    for step in told.steps:
        assert step.brings == 0 or step.counted
        if step.gate:
            assert sum(p.lost for p in step.parts) == pytest.approx(1 - (step.reward or 0.0), abs=1e-9)
        assert all(s.evidence for p in step.parts for s in p.layers if s.score is not None)


def test_the_sums_say_how_the_total_came_about() -> None:
    graded = ENGINE.score(run(*AIMLESS), outcome("unresolved", fixed=1))
    total, result, process = explain(graded, ENGINE.config.weights(ENGINE.rubrics)).sums
    assert total == f"total {graded.total_score:.4f} = 0.5 · outcome 0.2500 + 0.5 · process {graded.process_score:.4f}"
    assert result == "outcome 0.2500 (unresolved)"
    assert "mean of 3 of 9 steps: 1 advanced, 2 lowering it, 6 left out" in process
    lazy = explained(run(view("a.py")), ENGINE).explanation
    assert "process 0.2500 = mean of 0.25, since none advanced, and 0 of 1 steps: 1 left out" in lazy.sums[2]
    assert lazy.sums[0] == "no total: no outcome"
    assert "missing" in explained(run(), ENGINE).explanation.sums[2]


def test_tampering_stands_in_the_sums_and_by_its_step() -> None:
    told = explained(plain([*LOOK, *CHEATS["rewrites reports"]]), ENGINE).explanation
    assert told.sums[0].startswith("total 0: the run tampered")
    assert any("step" in line for line in told.tamper)


def test_what_a_pass_counts_as_is_told_with_the_reason() -> None:
    def told(**more: str) -> tuple[str, tuple[str, ...]]:
        graded = ENGINE.score(run(*AIMLESS), outcome("resolved").model_copy(update=more))
        found = explain(graded, ENGINE.config.weights(ENGINE.rubrics))
        return found.sums[1], found.notes[:1]

    why = {"confirmation_reason": "f(1): 2, gold patch 3"}
    note = "the pass is doubted and counts as unresolved: f(1): 2, gold patch 3"
    assert told(confirmation="doubted", **why) == ("outcome 0.0000 (a doubted pass, unresolved)", (note,))
    assert told(confirmation="unconfirmed", **why)[1] == ("the pass is unconfirmed and counts 1: f(1): 2, gold patch 3",)
    assert "graded before" in told()[1][0]
    assert told(confirmation="confirmed", **why) == told(confirmation="confirmed")
    assert told(confirmation="confirmed")[0] == "outcome 1.0000 (a confirmed pass, resolved)"


def judged(quote: str) -> TrajectoryReward:
    """One step that the judge marked low, with its sentence."""
    rule = [StepScore(trajectory_id="t", step_id=2, rubric_id=r, layer="rule", score=1.0, scorer_version="v") for r in RUBRICS]
    judge = StepScore(
        trajectory_id="t",
        step_id=2,
        rubric_id="tool_choice",
        layer="judge",
        score=0.0,
        evidence=(Evidence(quote=quote, steps=(2,)),),
        scorer_version="j",
    )
    scores = [*rule, judge]
    return TrajectoryReward(reward("t", [2], outcome(), scores, Weights()), tuple(scores), RUBRICS)


def test_a_loss_by_the_judge_carries_its_sentence() -> None:
    (step,) = explain(judged("It grepped where a read would do."), Weights()).steps
    worst = step.parts[0]
    assert (worst.rubric, round(worst.lost, 4)) == ("tool_choice", 0.08)
    assert [s.layer for s in worst.layers] == ["rule", "judge"]
    assert worst.layers[1].evidence[0].quote == "It grepped where a read would do."


def test_a_score_that_failed_is_told_with_its_reason() -> None:
    result = judged("x")
    lost = StepScore(trajectory_id="t", step_id=2, rubric_id="goal_progress", layer="judge", missing_reason="refused", scorer_version="j")
    (step,) = explain(TrajectoryReward(result.record, (*result.scores, lost), RUBRICS), Weights()).steps
    (part,) = [p for p in step.parts if p.rubric == "goal_progress"]
    assert [s.missing_reason for s in part.layers] == [None, "refused"]


HOSTILE = "<script>alert(1)</script>\u202e\x1b[2J"


def test_the_page_escapes_what_a_run_says_and_links_evidence_to_steps() -> None:
    bad = shell(f"echo {HOSTILE}", HOSTILE)
    text = page([explained(run(*HONEST, bad, bad), ENGINE)], HOSTILE)
    assert "<script" not in text
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert 'id="r1-5"' in text
    assert re.search(r'edit.failure_had_been_seen</span>.*?<a href="#r1-3">3</a>', text)
    assert 'href="#r1-1"' not in text, "the task is no step of the agent, so there is nothing to go to"
    assert "counts: it advanced" in text
    assert "://" not in text


def agentreward(*words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return run_module("agentreward", words, given=given)


def test_the_command_tells_every_run_and_writes_the_page(tmp_path: Path) -> None:
    lines = "\n".join([run(*HONEST).model_dump_json(), json.dumps(plain([*LOOK, *CHEATS["rewrites reports"]]))])
    file = tmp_path / "why.html"
    done = agentreward("explain", "-", "--rules-only", "--html", str(file), given=lines)
    assert done.returncode == 0, done.stderr
    assert "process 0.8625 = mean of 6 of 6 steps: 2 advanced, 4 lowering it" in done.stdout
    assert "-0.03 goal_progress (edit.failure_had_been_seen at step 3, 4)" in done.stdout
    assert "tampering: " in done.stdout
    assert file.read_text(encoding="utf-8").count("<section") == 2


def test_the_command_tells_one_step_in_full() -> None:
    bad = turn((call("shell", "\x1b[2Jbash", command="cat none"), seen("\x1b[31mcat: none: No such file or directory", 1)))
    log = run(*HONEST, bad).model_dump_json()
    done = agentreward("explain", "-", "--step", "8", "--rules-only", given=log)
    assert "lost 0.2" in done.stdout
    assert "params.no_such_path" in done.stdout
    assert "\x1b" not in done.stdout, "what a run printed must not steer the reader's terminal"
    missing = agentreward("explain", "-", "--step", "1", "--rules-only", given=log)
    assert missing.returncode == 1
    assert "no agent step 1; its agent steps are 2, 3" in missing.stderr


def test_a_page_without_its_library_says_what_to_install() -> None:
    code = "import sys; sys.modules['agentview'] = None\nfrom agentreward.explain.explained import page\npage([], 'x')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "agentreward[view]" in done.stderr


def test_a_page_that_cannot_be_written_is_told_in_a_line(tmp_path: Path) -> None:
    done = agentreward("explain", "-", "--rules-only", "--html", str(tmp_path / "no" / "x.html"), given=run(*HONEST).model_dump_json())
    assert done.returncode == 2
    assert "name a file that can be written" in done.stderr
