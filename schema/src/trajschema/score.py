"""Scores of steps by one layer on one rubric, and the rewards that they add up to."""

from typing import Literal

from pydantic import Field

from trajschema.outcome import Confirmation
from trajschema.record import Part, Record

Rubric = Literal["goal_progress", "tool_choice", "param_correctness", "info_utilization", "non_redundancy"]
RUBRICS: tuple[Rubric, ...] = ("goal_progress", "tool_choice", "param_correctness", "info_utilization", "non_redundancy")
Layer = Literal["rule", "judge"]


class Evidence(Part):
    """Why a score is what it is."""

    rule_id: str | None = Field(
        None, description="Rule that fired; missing for the judge, save `judge.prefix` for a figure given without sight of later steps."
    )
    steps: tuple[int, ...] = Field((), description="Steps that it points at.")
    quote: str | None = Field(None, description="Sentence of the judge, or the text that a rule saw.")
    score: float | None = Field(None, ge=0, le=1, description="Figure of one of the judge's replicates; missing for rules.")


class StepScore(Record):
    """A score in [0, 1], or none with the reason."""

    trajectory_id: str = Field(description="Trajectory scored.")
    step_id: int = Field(ge=1, description="Step scored.")
    rubric_id: str = Field(description="One of the five default rubrics, a custom one, or `gate` (rule layer, 0 or 1).")
    layer: Layer = Field(description="Who scored it.")
    score: float | None = Field(
        None, ge=0, le=1, description="Missing where the layer has nothing to say or failed; never a stand-in value."
    )
    missing_reason: str | None = Field(None, description="Why there is no score.")
    evidence: tuple[Evidence, ...] = Field((), description="What the score rests on.")
    scorer_version: str = Field(description="Version of rules, or of judge rubric and model.")


class StepReward(Part):
    """What a step earned."""

    step_id: int = Field(ge=1, description="Step rewarded.")
    reward: float | None = Field(
        None, ge=0, le=1, description="Gate times the weighted mean of its fused rubric scores; missing with no scored rubric."
    )
    gate: Literal[0, 1] = Field(description="0 for an empty step or a repeat that changes no state.")
    rubric_scores: str = Field("{}", description="Fused score by rubric, a JSON object in a string.")


class Reward(Record):
    """The reward of a trajectory."""

    trajectory_id: str = Field(description="Trajectory rewarded.")
    rollout_id: str | None = Field(None, description="Its rollout; missing for an outside log.")
    task_id: str | None = Field(None, description="Its task, where it is known.")
    agent: str = Field("", description="Name of the agent.")
    control: bool = Field(False, description="Whether the agent is a control.")
    step_rewards: tuple[StepReward, ...] = Field((), description="What each agent step earned.")
    process: float | None = Field(None, ge=0, le=1, description="Missing for a run with no scored agent step.")
    outcome: float | None = Field(
        None,
        ge=0,
        le=1,
        description="1 resolved, as the weights say if unconfirmed, 0 if doubted; else half the share of FAIL_TO_PASS fixed with nothing "
        "broken; missing for error and not_evaluated.",
    )
    total: float | None = Field(None, ge=0, le=1, description="Missing wherever outcome or process is.")
    verdict: str = Field("not_evaluated", description="The outcome's verdict; `unresolved` for a pass that is doubted or shows tampering.")
    confirmation: Confirmation | None = Field(
        None, description="The outcome's confirmation; missing where nothing was resolved, or where it was graded before there were any."
    )
    missing_reason: str | None = Field(None, description="Why there is no total.")
    judged: bool = Field(False, description="At least one judge score took part.")
    agent_steps: int = Field(0, ge=0, description="Steps of the agent.")
    gated_steps: int = Field(0, ge=0, description="Of these, gated to 0.")
    weights_version: str = Field(description="Content id of rubric weights, layer weights and outcome weight.")
    scorer_versions: tuple[str, ...] = Field((), description="`rule=…`, `judge=…`, `grader=…`: versions of what was added up.")
