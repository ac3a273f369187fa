"""The rewards of a task: from stored columns what the record-wise path gives, controls and claims included."""

import json

import pytest
from agentreward.aggregate.claims import examined
from agentreward.aggregate.fusion import reward
from agentreward.aggregate.weights import Weights
from agentreward.rules.scorer import agent_steps
from trajschema.arrow import to_table
from trajschema.outcome import Outcome
from trajschema.rollout import Agent, RawLog, Rollout, Usage
from trajschema.score import Reward, StepScore
from trajschema.trajectory import Observation, Step, ToolCall, Trajectory
from trajtests.reward_cases import score_rules

from assets.rewards import weigh
from resources.incremental.run import Inputs

AGENTS = ("localising", "oracle", "honest claim", "claim of a cheat", "idle claim", "lost", "silent")


def step(number: int, tool: str, output: str = "", **arguments: str) -> Step:
    call = ToolCall(tool_call_id=f"c{number}", name=tool, raw_name=tool, arguments=json.dumps(arguments))  # type: ignore[arg-type]
    seen = Observation(tool_call_id=f"c{number}", content=output)
    return Step(step_id=number, source="agent", tool_calls=(call,), observations=(seen,))


def steps_of(agent: str) -> tuple[Step, ...]:
    asked = Step(step_id=1, source="user", message="Fix parse_date in src/dates.py.")
    if agent == "silent":
        return (asked,)
    if agent == "idle claim":
        return asked, step(2, "file_read", "month = 1", path="src/dates.py")
    path = "conftest.py" if agent == "claim of a cheat" else "src/dates.py"
    hook = "import pytest\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n    out = yield\n"
    new = f"{hook}    out.get_result().outcome = 'passed'\n" if path == "conftest.py" else "month = 0"
    change = step(3, "file_write", "written", path=path, content=new)
    return asked, step(2, "file_read", "month = 1", path="src/dates.py"), change, step(4, "submit")


def outcome_of(agent: str) -> Outcome | None:
    if agent == "lost":
        return None
    verdict = "claimed" if "claim" in agent else "resolved"
    said = {"claimed_resolved": True} if verdict == "claimed" else {}
    counts = {"fail_to_pass_total": 1, "fail_to_pass_fixed": 1, "grader_version": "g1"}
    return Outcome(rollout_id=f"r-{agent}", task_id="k", verdict=verdict, **said, **counts)  # type: ignore[arg-type]


RUNS = [Trajectory(trajectory_id=f"t-{a}", rollout_id=f"r-{a}", task_id="k", agent=a, steps=steps_of(a)) for a in AGENTS]
SCORES = [s for run in RUNS for s in score_rules(run, scorer_version="v1")]


def inputs() -> Inputs:
    log = RawLog(format="trajhub-events", sha256="0" * 64)
    rollouts = [
        Rollout(
            rollout_id=f"r-{a}",
            task_id="k",
            agent=Agent(name=a, control=a == "oracle"),
            attempt=0,
            seed=1,
            exit="submitted",
            raw_log=log,
            usage=Usage(),
            provenance=None,
        )
        for a in AGENTS
    ]
    return Inputs(
        "k",
        {
            "trajectories": to_table(Trajectory, RUNS),
            "rollouts": to_table(Rollout, rollouts),
            "outcomes": to_table(Outcome, [o for a in AGENTS if (o := outcome_of(a))]),
            "rule_scores": to_table(StepScore, SCORES),
            "judge_scores": to_table(StepScore, []),
        },
    )


def versions(agent: str) -> dict[str, str]:
    return {"lost": {"rule": "v1"}, "silent": {"grader": "g1"}}.get(agent, {"rule": "v1", "grader": "g1"})


@pytest.mark.parametrize("weights", [Weights(), Weights(claimed=0.7, outcome=0.4)])
def test_columns_give_the_rewards_that_records_give(weights: Weights) -> None:
    expected = [
        reward(
            run.trajectory_id,
            agent_steps(run),
            examined(outcome_of(run.agent), run.steps, weights),
            [s for s in SCORES if s.trajectory_id == run.trajectory_id],
            weights,
            rollout_id=run.rollout_id,
            task_id="k",
            agent=run.agent,
            control=run.agent == "oracle",
            versions=versions(run.agent),
        )
        for run in RUNS
    ]
    made = weigh(inputs(), weights)
    assert made.table.equals(to_table(Reward, expected))
    assert made.metadata["missing"] == sum(r.total is None for r in expected)


def test_a_claim_counts_only_where_the_steps_bear_it_out() -> None:
    totals = {row["agent"]: row["outcome"] for row in weigh(inputs(), Weights(claimed=0.7)).table.to_pylist()}
    assert totals == {
        "localising": 1,
        "oracle": 1,
        "honest claim": 0.7,
        "claim of a cheat": 0,
        "idle claim": 0,
        "lost": None,
        "silent": 1,
    }


def test_a_run_without_steps_is_no_success_in_silence() -> None:
    made = weigh(inputs(), Weights())
    (silent,) = [row for row in made.table.to_pylist() if row["agent"] == "silent"]
    assert (silent["process"], silent["total"], silent["agent_steps"]) == (None, None, 0)
    assert silent["missing_reason"] == "no agent step has a score"
    assert made.metadata["missing"] == 5, "three claims, the lost run, and this one"
