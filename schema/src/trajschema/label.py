"""A label: what a person said of a run, a pair or a step."""

from typing import Literal

from pydantic import Field

from trajschema.record import Record


class HumanLabel(Record):
    """One judgement of one annotator."""

    label_id: str = Field("", description="Unique; made from the content when empty.")
    annotator: str = Field(min_length=1, description="Pseudonym of the person.")
    unit: Literal["trajectory", "pair", "step"] = Field(description="What was judged.")
    target_id: str = Field(description="Trajectory id, or pair id.")
    step_id: int | None = Field(None, ge=1, description="For unit `step`.")
    value: float = Field(description="Rating in [0, 1]; for a pair 1 prefers chosen, 0 rejected, 0.5 neither.", ge=0, le=1)
    seconds: float | None = Field(None, ge=0, description="Time taken.")
    page_version: str = Field("", description="Version of the page that showed it.")
