"""Rubrics: what a step is judged by, in words for a judge and a reader."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from trajschema.ids import content_id

MOST_WEIGHT = 1e6
"""Only ratios of weights matter; sums of these stay finite."""
_TAKEN = frozenset({"gate", "step_id"})
"""Names that stand beside the rubrics: in the scores of a step, and in the answer of the judge."""


class Rubric(BaseModel):
    """One criterion. ``evaluator`` names the layer that leads; either layer may score it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    name: str
    description: str = Field(description="The question asked of a step.")
    weight: float = Field(ge=0, le=MOST_WEIGHT)
    evaluator: Literal["rule", "model"] = "model"
    anchors: str = Field("", description="What 0, 0.5 and 1 mean.")


class RubricSet(BaseModel):
    """Rubrics with distinct ids."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rubrics: tuple[Rubric, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> "RubricSet":
        ids = [r.id for r in self.rubrics]
        if len(set(ids)) != len(ids) or not _TAKEN.isdisjoint(ids):
            raise ValueError(f"rubric ids must be distinct and none may be {' or '.join(sorted(_TAKEN))}: {', '.join(ids)}")
        if not any(r.weight for r in self.rubrics):
            raise ValueError(f"at least one rubric needs a weight above 0: {', '.join(ids)}")
        return self

    @property
    def weights(self) -> dict[str, float]:
        """Weight by rubric id."""
        return {r.id: r.weight for r in self.rubrics}

    @property
    def version(self) -> str:
        """Content id of what a judge reads: a new text is a new version, a new weight is not."""
        return content_id([[r.id, r.name, r.description, r.anchors] for r in self.rubrics])

    def text(self) -> str:
        """The rubrics as the judge reads them."""
        return "\n".join(f"- {r.id} ({r.name}): {r.description} {r.anchors}".rstrip() for r in self.rubrics)


DEFAULT_RUBRICS = RubricSet(
    rubrics=(
        Rubric(
            id="goal_progress",
            name="Goal progress",
            description="Did this step bring the task closer to done?",
            anchors="1: it fixed or verified what was asked. 0.5: it changed the code in a plausible direction. "
            "Below 0.5: it looked, checked or ended. 0: it did nothing, or made things worse.",
            weight=0.30,
            evaluator="model",
        ),
        Rubric(
            id="tool_choice",
            name="Tool choice",
            description="Was this the right kind of action, given what was known?",
            anchors="1: the natural choice. 0.5: it works, but a plainer way was at hand. 0: it cannot serve the purpose.",
            weight=0.20,
            evaluator="model",
        ),
        Rubric(
            id="param_correctness",
            name="Parameter correctness",
            description="Were the arguments right: paths that exist, text that matches, a command that runs?",
            anchors="1: it did what was meant. 0.5: it ran with a flaw. 0: it failed because of the arguments. "
            "A failing test is no wrong argument, and neither is a fault of the environment.",
            weight=0.20,
            evaluator="model",
        ),
        Rubric(
            id="info_utilization",
            name="Use of information",
            description="Did the step rest on what earlier steps and the task had shown?",
            anchors="1: it uses what was seen. 0.5: a reasonable guess. 0: it ignores or contradicts what was seen.",
            weight=0.15,
            evaluator="rule",
        ),
        Rubric(
            id="non_redundancy",
            name="Non-redundancy",
            description="Was the step needed, after what had been done?",
            anchors="1: new. 0.5: partly known. 0: repeats an earlier step though nothing had changed. "
            "Reading a file again after editing it, and running tests again after a change, is not redundant.",
            weight=0.15,
            evaluator="rule",
        ),
    )
)
