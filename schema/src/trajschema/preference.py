"""A preference pair: two runs at one task, one better than the other, and why."""

from typing import Literal

from pydantic import Field

from trajschema.outcome import Confirmation
from trajschema.record import Record


class PreferencePair(Record):
    """Chosen over rejected. The runs themselves are looked up by id, never copied."""

    pair_id: str = Field(description="Hash of both trajectory ids and the kind.")
    task_id: str = Field(description="Task of both runs.")
    chosen_trajectory_id: str = Field(description="The better run.")
    rejected_trajectory_id: str = Field(description="The worse run.")
    chosen_reward: float = Field(ge=0, le=1, description="Total of the better run.")
    rejected_reward: float = Field(ge=0, le=1, description="Total of the worse run.")
    margin: float = Field(gt=0, le=1, description="chosen_reward - rejected_reward.")
    kind: Literal["outcome", "process", "step"] = Field(
        description="What sets the two apart: the verdict, how the work was done, or one step."
    )
    confirmation: Confirmation | None = Field(
        None,
        description="`confirmed` if every pass that the pair rests on is, else `unconfirmed`; missing where it rests on none, or where "
        "they were graded before confirmations were asked for. A doubted pass is never chosen.",
    )
    step_id: int | None = Field(None, description="The step that sets them apart, for kind `step`.")
    why: str = Field(description="One sentence for a reader.")
    length_ratio: float = Field(gt=0, description="Agent steps of chosen / agent steps of rejected.")
    weights_version: str = Field("", description="Weights that both totals come from.")
