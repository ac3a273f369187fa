"""The configuration of a reward: every number that fusion uses."""

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator, model_validator
from trajschema.ids import content_id

from agentreward.aggregate.process_reward import DEFAULT_PROCESS_REWARD
from agentreward.rubrics import MOST_WEIGHT

DEFAULT_RUBRIC_WEIGHTS: dict[str, float] = {
    "goal_progress": 0.30,
    "tool_choice": 0.20,
    "param_correctness": 0.20,
    "info_utilization": 0.15,
    "non_redundancy": 0.15,
}


class Weights(BaseModel):
    """Weights of rubrics, layers and outcome. A rubric that is not named has weight 0 and takes no part."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rubrics: dict[str, float] = Field(
        default_factory=lambda: dict(DEFAULT_RUBRIC_WEIGHTS), description="Weight by rubric id; only ratios matter."
    )
    rule: float = Field(0.6, ge=0, le=MOST_WEIGHT, description="Weight of the rule layer where both layers score a rubric.")
    judge: float = Field(0.4, ge=0, le=MOST_WEIGHT, description="Weight of the judge layer where both layers score a rubric.")
    outcome: float = Field(0.5, ge=0, le=1, description="Share of the outcome in the total; the process has the rest.")
    partial: float = Field(0.5, ge=0, lt=1, description="Outcome of an unresolved run with every FAIL_TO_PASS test fixed, none broken.")
    claimed: float = Field(0.0, ge=0, le=1, description="Outcome of a run that an outside log calls resolved; 0: it stays missing.")
    unconfirmed: float = Field(
        1.0, ge=0, le=1, description="Outcome of a resolved run that was not confirmed from outside its tests; 1: that of its verdict."
    )
    advance_at: float = Field(
        0.5,
        ge=0.5,
        le=1,
        description="Rule score on goal_progress from which a step advances; below 0.5 lie steps that only look, fail or end.",
    )
    default_process_reward: float = Field(
        DEFAULT_PROCESS_REWARD,
        ge=0,
        le=0.5,
        validation_alias=AliasChoices("default_process_reward", "stand_in"),
        description="Reward of one step that is counted where no step advanced.",
    )
    """Older releases and settings call this field ``stand_in``."""

    @field_validator("rubrics")
    @classmethod
    def _not_negative(cls, rubrics: dict[str, float]) -> dict[str, float]:
        bad = [name for name, weight in rubrics.items() if not 0 <= weight <= MOST_WEIGHT]
        if bad:
            raise ValueError(f"weight of rubric {bad[0]!r} must be a number from 0 to {MOST_WEIGHT:g}")
        if "gate" in rubrics:
            raise ValueError("'gate' is no rubric: it multiplies a step's reward")
        if not any(rubrics.values()):
            raise ValueError("at least one rubric needs a weight above 0")
        return rubrics

    @model_validator(mode="after")
    def _some_layer(self) -> "Weights":
        if self.rule + self.judge <= 0:
            raise ValueError("rule and judge cannot both be 0")
        return self

    @property
    def version(self) -> str:
        """Content id of all the weights. Stored versions stay valid: the older field name ``stand_in`` is used, and what was added since
        is left out where it changes nothing."""
        added = {"unconfirmed"} if self.unconfirmed == 1 else set()
        numbers = self.model_dump(mode="json", exclude={"default_process_reward", *added})
        return content_id({**numbers, "stand_in": self.default_process_reward})
