"""How the engine scores: weights, rubrics, and the model that judges."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator
from trajschema.record import first_problem

from agentreward.aggregate.weights import Weights
from agentreward.errors import InvalidConfig
from agentreward.rubric_files import rubric_set
from agentreward.rubrics import MOST_WEIGHT, RubricSet

Provider = Literal["anthropic", "openai"]


class RewardConfig(BaseModel):
    """Configuration of a ``RewardEngine``. Each field changes what it scores or which model it asks.

    Raises:
        InvalidConfig: a field has no value that can be used; the message names it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    rule_weight: float = Field(0.6, ge=0, le=MOST_WEIGHT, description="Weight of the rule layer where both layers score a rubric.")
    model_weight: float = Field(
        0.4, ge=0, le=MOST_WEIGHT, description="Weight of the model layer where both score a rubric; 0: no model is asked."
    )
    outcome_weight: float = Field(0.5, ge=0, le=1, description="Share of the outcome in the total; the process has the rest.")
    claimed_weight: float = Field(1.0, ge=0, le=1, description="Worth of a success that the run claims of itself; 0: it stays missing.")
    unconfirmed_weight: float = Field(1.0, ge=0, le=1, description="Worth of a graded pass that was not confirmed from outside its tests.")
    rubric_set: str | Path | RubricSet = Field("default", description="`default`, a YAML file, or a set.")
    model_name: str = Field("claude-sonnet-5-5", description="Model that judges.")
    provider: Provider = Field("anthropic", description="Whose protocol the service speaks.")
    temperature: float | None = Field(None, ge=0, le=2, description="Sent to providers that take it.")
    base_url: str | None = Field(None, description="Address of the service; the provider's own by default.")
    api_key_env: str | None = Field(
        None, description="Variable that holds the key; the provider's usual one by default, none where it is empty."
    )
    replicates: int = Field(1, ge=1, description="Independent judgements of a run, whose mean is its score.")
    rejudge_above: float | None = Field(
        None, ge=0, le=1, description="Replicates, or judge and rule, that differ by more: the step is judged again on its prefix."
    )
    cache: str | Path | None = Field(None, description="Folder of the judge's answers, so that none is paid for twice.")

    @model_validator(mode="wrap")
    @classmethod
    def _checked(cls, given: Any, handler: ModelWrapValidatorHandler["RewardConfig"]) -> "RewardConfig":
        try:
            config = handler(given)
        except ValidationError as error:
            raise InvalidConfig(f"{first_problem(error)}; see RewardConfig") from error
        if config.rule_weight == config.model_weight == 0:
            raise InvalidConfig("rule_weight and model_weight are both 0; give one of them a weight")
        return config

    @property
    def rubrics(self) -> RubricSet:
        """The rubric set, read from its file if it is in one.

        Raises:
            InvalidRubrics: there is no such set, or its file holds none.
        """
        return rubric_set(self.rubric_set)

    def weights(self, rubrics: RubricSet) -> Weights:
        """The numbers that fusion uses."""
        return Weights(
            rubrics=rubrics.weights,
            rule=self.rule_weight,
            judge=self.model_weight,
            outcome=self.outcome_weight,
            claimed=self.claimed_weight,
            unconfirmed=self.unconfirmed_weight,
        )
