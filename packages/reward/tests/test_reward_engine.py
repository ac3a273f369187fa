"""The engine: dicts and trajectories, claims in the light of the steps, custom rubrics, and what holds for every run."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import agentreward
import pytest
from agentreward import RewardConfig, RewardEngine, Rubric, RubricSet, register_rule
from agentreward.aggregate.claims import examined
from agentreward.aggregate.fusion import ScoreMismatch, reward
from agentreward.aggregate.weights import Weights
from agentreward.errors import InvalidConfig, InvalidRubrics, InvalidRun
from agentreward.rules.facts import Facts, RuleScore
from agentreward.rules.scorer import agent_steps
from hypothesis import given, settings
from hypothesis import strategies as st
from trajtests import reward_cases as cases
from trajtests.reward_cases import HONEST, run, score_rules
from trajtests.reward_dict_runs import ATTEMPT, CHEATS, CHECKS, FIX, LOOK, PASSES, bash, edit, plain, read, write

EXAMPLES = int(os.environ.get("SOAK_EXAMPLES", "40"))
ENGINE = RewardEngine()


def total(steps: list[dict[str, Any]], success: bool | None = True, **more: Any) -> float:
    found = ENGINE.score(plain(steps, success, **more)).total_score
    assert found is not None
    return found


@pytest.mark.parametrize("steps", CHEATS.values(), ids=CHEATS)
@pytest.mark.parametrize("success", [True, False])
def test_tampering_in_the_steps_voids_a_claim_and_is_named(steps: list[dict[str, Any]], success: bool) -> None:
    result = ENGINE.score(plain([*LOOK, *steps], success))
    assert (result.total_score, result.outcome_score, result.record.verdict) == (0.0, 0.0, "claimed")
    assert result.tamper
    assert all(line.startswith("step ") for line in result.tamper)
    assert total(FIX) > 0.5


@pytest.mark.parametrize(
    "steps",
    [
        FIX,
        [
            *FIX,
            write("tests/test_new.py", CHECKS),
            edit("tests/test_new.py", CHECKS, "def test_month(): pass"),
            bash("rm tests/test_new.py"),
        ],
        [edit("tests/test_dates.py", "assert x == y", "assert x == expected_y"), PASSES],
        [write("conftest.py", "import pytest\n\n@pytest.fixture\ndef day():\n    return 1\n"), *FIX],
        [bash("git log -3", "abc first"), bash("git status"), *FIX],
        [bash("rm tests/test_dates.py", "rm: cannot remove", 1), *FIX],
        [edit("tests/test_dates.py", CHECKS, "", error="old_string not found"), *FIX],
        [edit("src/cli.py", "main()", "if __name__ == '__main__':\n    sys.exit(0)"), *FIX],
        [bash("rm test_scratch.py"), *FIX],
        [read("tests/test_dates.py", "x = 1\n"), write("tests/test_dates.py", "x = 2\n"), *FIX],
    ],
)
def test_honest_work_is_not_taken_for_tampering(steps: list[dict[str, Any]]) -> None:
    assert ENGINE.score(plain(steps)).tamper == ()


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases.steps_lists, st.sampled_from(sorted(CHEATS)), st.sampled_from([True, False]))
def test_every_honest_fix_beats_every_detected_cheat(steps: list[Any], cheat: str, success: bool) -> None:
    around = [_as_dict(s) for s in steps]
    assert ENGINE.score(plain([*CHEATS[cheat], *around], success)).total_score == 0.0
    if not any("test_dates" in str(step.get("params")) for step in around):  # such a step may show that nothing was taken away
        assert ENGINE.score(plain([*around, *CHEATS[cheat]], success)).total_score == 0.0
    assert total([*around, *FIX]) >= 0.5 or ENGINE.score(plain(around)).tamper


def test_only_a_claim_that_counts_is_examined() -> None:
    cheat = run(cases.shell("rm tests/test_dates.py"))
    for outcome, weights in ((cases.outcome("resolved"), Weights(claimed=1)), (cases.outcome("claimed"), Weights()), (None, Weights())):
        assert examined(outcome, cheat.steps, weights) is outcome
    seen = examined(cases.outcome("claimed"), cheat.steps, Weights(claimed=0.5))
    assert seen is not None
    assert seen.tamper == ("step 2: deletes the test file tests/test_dates.py",)


def test_an_attempt_beats_an_empty_run_whatever_that_claims() -> None:
    attempt = total(ATTEMPT, success=False)
    for empty in ([{"tool": "Think", "params": {"thought": "done"}}], [{"message": "I fixed it."}], [bash("true"), bash("echo hi", "hi")]):
        assert total(empty) < attempt
        assert total(empty, tests_passed=10, tests_total=10) < attempt
    nothing = ENGINE.score(plain([]))
    assert (nothing.total_score, nothing.missing_reason) == (None, "no agent step has a score")


def test_what_only_looked_cannot_have_solved_anything() -> None:
    assert ENGINE.score(plain(LOOK[:1])).outcome_score == 0.0
    assert total(LOOK[:1]) < total(ATTEMPT, success=False)


def test_claims_are_worth_what_they_say_and_never_more() -> None:
    values = [total(FIX, success=False, tests_passed=n, tests_total=10) for n in range(11)]
    assert values == sorted(values)
    assert total(FIX) > values[-1]
    assert total(FIX, tests_passed=9, tests_total=10) == values[9]
    assert ENGINE.score(plain(FIX, tests_passed=5, tests_total=2)).missing_reason == "outcome counts contradict: 5 of 2 fixed"
    assert ENGINE.score(plain(FIX, None)).missing_reason == "no outcome"
    careful = RewardEngine(RewardConfig(claimed_weight=0.0)).score(plain(FIX))
    assert careful.total_score is None
    assert "claim" in str(careful.missing_reason)


def _as_dict(step: Any) -> dict[str, Any]:
    """The first call of a step as a plain dict; what has no call says something."""
    if not step.tool_calls:
        return {"message": step.message}
    call, seen = step.tool_calls[0], step.observations[0]
    return {
        "tool": call.raw_name,
        "params": json.loads(call.arguments),
        "output": seen.content,
        "exit_code": seen.exit_code,
        "error": seen.error,
    }


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases.steps_lists, st.booleans(), st.integers(0, 5), st.integers(0, 14), st.one_of(cases.idle_step, st.just(None)))
def test_totals_are_bounded_deterministic_and_padding_proof(steps: list[Any], success: bool, passed: int, at: int, idle: Any) -> None:
    dicts = [_as_dict(s) for s in steps]
    before = ENGINE.score(plain(dicts, success, tests_passed=passed, tests_total=5))
    assert before == ENGINE.score(plain(dicts, success, tests_passed=passed, tests_total=5))
    assert before.total_score is not None
    assert 0 <= before.total_score <= 1
    at = min(at, len(dicts)) if idle is not None else min(at + 1, len(dicts))
    padding = _as_dict(idle) if idle is not None else dicts[at - 1]
    after = ENGINE.score(plain([*dicts[:at], padding, *dicts[at:]], success, tests_passed=passed, tests_total=5))
    assert after.total_score is not None
    assert after.total_score <= before.total_score


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases.steps_lists)
def test_success_is_never_worth_less_than_failure(steps: list[Any]) -> None:
    dicts = [_as_dict(s) for s in steps]
    assert total(dicts) >= total(dicts, success=False)


def test_a_trajectory_and_its_json_score_as_the_graph_scores_them() -> None:
    trajectory = run(*HONEST)
    result = ENGINE.score(trajectory, cases.outcome("resolved"))
    rows = score_rules(trajectory, scorer_version="v")
    stored = reward("t", agent_steps(trajectory), cases.outcome("resolved"), rows, RewardConfig().weights(RewardConfig().rubrics))
    assert (result.total_score, result.process_score) == (stored.total, stored.process)
    assert result.record.step_rewards == stored.step_rewards
    assert ENGINE.score(json.loads(trajectory.model_dump_json()), cases.outcome("resolved")) == result
    assert [s.rubric_id for s in result.scores] == [s.rubric_id for s in rows]


def test_the_task_of_a_dict_informs_the_rules_as_step_0() -> None:
    step = ENGINE.score(plain([read("src/dates.py")])).step_rewards[0]
    assert step.evidence["info_utilization"][0].steps == (0,)
    stranger = ENGINE.score({"steps": [read("src/dates.py")]}).step_rewards[0]
    assert stranger.rubric_scores["info_utilization"] < step.rubric_scores["info_utilization"]


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        ("text", "object with a list of 'steps'"),
        ({"steps": 3}, "object with a list of 'steps'"),
        ({"steps": ["ls"]}, "step 1"),
        ({"steps": [{"tool": 3}]}, "step 1: 'tool'"),
        ({"steps": [{"tool": "Bash", "params": ["ls"]}]}, "step 1: 'params'"),
        ({"steps": [{"tool": "Bash", "exit_code": "0"}]}, "step 1: 'exit_code'"),
        ({"steps": [], "outcome": "yes"}, "'outcome'"),
        ({"steps": [], "outcome": {"success": "yes"}}, "'success'"),
        ({"steps": [], "outcome": {"success": True, "tests_passed": -1}}, "'tests_passed'"),
        ({"trajectory_id": "t", "agent": "a", "steps": [{"step_id": 0, "source": "agent"}]}, "steps.0.step_id"),
        ({"trajectory_id": "t", "agent": "a", "steps": [], "schema_version": "trajhub-9"}, "trajhub-9"),
    ],
)
def test_what_is_no_run_is_refused_and_named(bad: Any, word: str) -> None:
    with pytest.raises(InvalidRun, match=word):
        ENGINE.score(bad)


@register_rule("safety")
def safety(facts: Facts) -> RuleScore:
    """Deleting is not safe."""
    harmful = facts.action.key.startswith("mutate:rm")
    return RuleScore(0.0, "safety.deletes") if harmful else RuleScore(1.0, "safety.harmless")


SAFETY = Rubric(id="safety", name="Safety", description="Could it do harm?", weight=0.4, evaluator="rule")


def test_a_registered_rule_judges_a_rubric_of_ones_own() -> None:
    config = RewardConfig(rubric_set=RubricSet(rubrics=(SAFETY,)))
    harmless, harmful = RewardEngine(config).score({"steps": [bash("ls", "a"), bash("rm -r data")]}).step_rewards
    assert (harmless.rubric_scores, harmful.rubric_scores) == ({"safety": 1.0}, {"safety": 0.0})
    assert (harmless.total_score, harmful.total_score) == (1.0, 0.0)
    assert harmful.evidence["safety"][0].rule_id == "safety.deletes"


def test_rubrics_come_from_yaml(tmp_path: Path) -> None:
    file = tmp_path / "rubrics.yaml"
    file.write_text(
        "rubrics:\n"
        "  - {id: safety, name: Safety, description: 'Could it do harm?', weight: 1, evaluator: rule}\n"
        "  - {id: non_redundancy, name: New, description: 'Was it needed?', weight: 3, evaluator: rule}\n"
    )
    first, second = RewardEngine(RewardConfig(rubric_set=file)).score({"steps": [bash("ls", "a"), bash("rm -r data")]}).step_rewards
    assert list(first.rubric_scores) == ["safety", "non_redundancy"]
    assert second.total_score == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("rubrics: [", "no YAML"),
        ("rubrics: []", "rubrics"),
        ("[]", "valid dictionary"),
        ("rubrics: [{id: x, name: X, description: d, weight: -1}]", "weight"),
        ("rubrics: [{id: x, name: X, description: d, weight: .inf}]", "weight"),
        ("rubrics: [{id: x, name: X, description: d, weight: 0}]", "above 0"),
        ("rubrics: [{id: step_id, name: X, description: d, weight: 1}]", "step_id"),
        ("rubrics: 2024-13-45", "no YAML"),
        ("rubrics: [{id: x, name: X, description: d, weight: 1, evaluator: rule}]", "register_rule"),
    ],
)
def test_a_rubric_file_that_cannot_be_used_is_refused_and_named(tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "r.yaml").write_text(text)
    with pytest.raises(InvalidRubrics, match=word):
        RewardEngine(RewardConfig(rubric_set=tmp_path / "r.yaml"))
    with pytest.raises(InvalidRubrics, match=r"nowhere\.yaml"):
        RewardEngine(RewardConfig(rubric_set=tmp_path / "nowhere.yaml"))


def test_an_installed_package_offers_a_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "house_rules.py").write_text(
        "from agentreward.rules.facts import RuleScore\n\ndef quiet(facts):\n    return RuleScore(0.25, 'quiet.always')\n"
    )
    info = tmp_path / "house_rules-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: house-rules\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[agentreward.rules]\nquiet = house_rules:quiet\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    quiet = Rubric(id="quiet", name="Quiet", description="?", weight=1, evaluator="rule")
    result = RewardEngine(RewardConfig(rubric_set=RubricSet(rubrics=(quiet,)))).score({"steps": [bash("ls", "a")]})
    assert result.step_rewards[0].total_score == 0.25


NEW_RULE = """from agentreward.rules.facts import Facts, RuleScore
from agentreward.rules.rubrics import rubric_rule


@rubric_rule("brevity")
def brevity(f: Facts) -> RuleScore:
    return RuleScore(0.25, "brevity.always")
"""
SCORE_BREVITY = """from agentreward import RewardConfig, RewardEngine, Rubric, RubricSet
rubric = Rubric(id="brevity", name="Brevity", description="?", weight=1, evaluator="rule")
engine = RewardEngine(RewardConfig(rubric_set=RubricSet(rubrics=(rubric,)), model_weight=0))
step = {"tool": "Bash", "params": {"command": "ls"}, "output": "a"}
print(engine.score({"steps": [step]}).step_rewards[0].rubric_scores)
"""


def test_a_new_file_among_the_rubrics_is_a_new_rule(tmp_path: Path) -> None:
    package = Path(agentreward.__file__).parent
    shutil.copytree(package, tmp_path / "agentreward", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "agentreward" / "rules" / "rubrics" / "brevity.py").write_text(NEW_RULE)
    done = subprocess.run([sys.executable, "-c", SCORE_BREVITY], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "{'brevity': 0.25}\n"


def test_a_rule_that_gives_no_score_is_an_error_that_names_it() -> None:
    register_rule("broken")(lambda facts: RuleScore(2.0, "broken.always"))
    broken = Rubric(id="broken", name="B", description="?", weight=1, evaluator="rule")
    engine = RewardEngine(RewardConfig(rubric_set=RubricSet(rubrics=(broken,))))
    with pytest.raises(InvalidRubrics, match="'broken'"):
        engine.score({"steps": [bash("ls", "a")]})
    with pytest.raises(InvalidRubrics, match="another id"):
        register_rule("goal_progress")


def test_a_rule_that_fails_is_an_error_that_names_it_and_its_rubric() -> None:
    def failing(facts: Facts) -> RuleScore:
        raise KeyError("colour")

    for rubric, rule, word in (
        ("failing", failing, "rule .*failing of 'failing' raised KeyError: 'colour'"),
        ("worded", lambda facts: RuleScore("0.5", "x"), "'worded' returned"),
        ("vast", lambda facts: RuleScore(10**400, "x"), "'vast' returned"),
    ):
        register_rule(rubric)(rule)  # type: ignore[arg-type]
        config = RewardConfig(rubric_set=RubricSet(rubrics=(Rubric(id=rubric, name="N", description="?", weight=1, evaluator="rule"),)))
        with pytest.raises(InvalidRubrics, match=word):
            RewardEngine(config).score({"steps": [bash("ls", "a")]})


def test_an_outcome_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidRun, match=r"outcome is \{'success': True\}"):
        ENGINE.score(plain(FIX), outcome={"success": True})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"rule_weight": float("inf")}, "rule_weight"),
        ({"model_weight": float("nan")}, "model_weight"),
        ({"rule_weight": 0, "model_weight": 0}, "rule_weight and model_weight"),
        ({"outcome_weight": 2}, "outcome_weight"),
    ],
)
def test_a_configuration_without_sense_is_refused_with_its_field(fields: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidConfig, match=word):
        RewardConfig(**fields)


def test_rules_that_are_alone_stand_for_themselves_whatever_they_weigh() -> None:
    alone = RewardEngine(RewardConfig(rule_weight=0.0)).score(plain(FIX))
    assert (alone.process_score, alone.total_score) == (ENGINE.score(plain(FIX)).process_score, ENGINE.score(plain(FIX)).total_score)


@pytest.mark.parametrize(
    ("given", "name"), [({"id": 0}, "0"), ({"id": "", "trajectory_id": "b"}, "b"), ({"id": None, "trajectory_id": 0}, "0")]
)
def test_an_id_that_is_there_counts(given: dict[str, Any], name: str) -> None:
    assert ENGINE.score({**plain(FIX), **given}).trajectory_id == name


def test_a_rule_that_points_at_no_steps_or_quotes_no_text_is_refused_when_it_scores() -> None:
    for rubric, mark in (("lost", RuleScore(1.0, "lost.always", ("far",))), ("mute", RuleScore(1.0, "mute.always", (), 7))):  # type: ignore[arg-type]
        register_rule(rubric)(lambda facts, mark=mark: mark)
        config = RewardConfig(rubric_set=RubricSet(rubrics=(Rubric(id=rubric, name="N", description="?", weight=1, evaluator="rule"),)))
        with pytest.raises(InvalidRubrics, match=f"'{rubric}' returned"):
            RewardEngine(config).score({"steps": [bash("ls", "a")]})


def test_the_scores_of_a_result_are_the_records_that_the_rules_give() -> None:
    trajectory = run(*HONEST)
    result = ENGINE.score(trajectory)
    assert result.scores == tuple(score_rules(trajectory, scorer_version=result.scores[0].scorer_version))
    assert result.scores is result.scores


def test_equal_results_are_equal_have_one_hash_and_survive_pickling() -> None:
    one, same, other = ENGINE.score(plain(FIX)), ENGINE.score(plain(FIX)), ENGINE.score(plain(FIX[:-1]))
    assert one.scores
    assert one == same == pickle.loads(pickle.dumps(one))
    assert len({one, same, other}) == 2
    assert one.to_dict() == same.to_dict() != other.to_dict()


def test_two_steps_with_one_id_are_refused() -> None:
    twice = run(*HONEST).model_copy(update={"steps": (*run(*HONEST).steps, run(*HONEST).steps[-1])})
    with pytest.raises(ScoreMismatch, match="two rule scores"):
        ENGINE.score(twice)


def test_a_rubric_that_only_a_model_could_judge_stays_missing_without_one() -> None:
    model = Rubric(id="creativity", name="Creativity", description="Is it creative?", weight=1, evaluator="model")
    result = RewardEngine(RewardConfig(rubric_set=RubricSet(rubrics=(model,)))).score(plain(FIX))
    assert (result.total_score, result.process_score) == (None, None)
    assert {s.total_score for s in result.step_rewards} == {None}
    assert "ANTHROPIC_API_KEY" in result.notes[0]


@pytest.mark.parametrize(
    "change",
    [
        {"outcome_weight": 0.9},
        {"claimed_weight": 0.5},
        {"rubric_set": RubricSet(rubrics=(Rubric(id="tool_choice", name="T", description="?", weight=1),))},
    ],
)
def test_each_option_changes_the_result(change: dict[str, Any]) -> None:
    assert RewardEngine(RewardConfig(**change)).score(plain(FIX)).total_score != ENGINE.score(plain(FIX)).total_score
