"""What a judgement depends on besides the run: model, rubrics, how often and how closely is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, Field, create_model
from trajschema.ids import content_id

from agentreward.judge import text
from agentreward.judge.chunks import CHARACTERS, CONTEXT
from agentreward.judge.prompt import FINAL_DIFF, MARKS, NO_DIFF, SYSTEM, UNKNOWN_DIFF
from agentreward.rubrics import DEFAULT_RUBRICS, RubricSet

TOKENS_PER_SCORE = 90
"""Answer tokens that are set aside for a score and its sentence."""
TOKENS_ASIDE = 4_000
"""Answer tokens besides, for what a model thinks before it answers."""


class JudgeMark(BaseModel):
    """One score of the judge."""

    score: float = Field(description="0 to 1")
    quote: str = Field(description="One quoted sentence")


@dataclass(frozen=True)
class JudgeConfig:
    """How a judge is asked.

    ``replicates`` judge a run independently of each other. Where they differ by more than ``rejudge_above`` in a score, or the
    rules differ as much from their mean, the step is judged once more by what was known then; ``None`` never does that.
    ``max_tokens`` is the longest answer that the model can give.
    """

    model: str = "claude-sonnet-5-5"
    rubrics: RubricSet = DEFAULT_RUBRICS
    replicates: int = 1
    rejudge_above: float | None = None
    max_tokens: int = 32_000
    provider: str = "anthropic"
    temperature: float | None = None

    @property
    def version(self) -> str:
        """Content id of all that shapes a judgement: a new rubric text is a new version, a new weight is not."""
        words = [SYSTEM, MARKS, FINAL_DIFF, NO_DIFF, UNKNOWN_DIFF]
        sizes = [text.HEAD, text.TAIL, text.STATEMENT, text.DIFF, text.SUMMARY, CHARACTERS, CONTEXT]
        asked = [self.model, self.rubrics.version, self.replicates, self.rejudge_above, self.max_tokens, self.provider, self.temperature]
        return content_id([asked, words, sizes])

    @property
    def names(self) -> tuple[str, ...]:
        """Ids of the rubrics."""
        return tuple(r.id for r in self.rubrics.rubrics)

    @property
    def steps_a_call(self) -> int:
        """Steps whose scores fit in one answer."""
        return max(1, (self.max_tokens - TOKENS_ASIDE) // (TOKENS_PER_SCORE * len(self.names)))

    def tokens_for(self, ids: Sequence[int]) -> int:
        """Most tokens of the answer that scores these steps."""
        return min(self.max_tokens, TOKENS_ASIDE + TOKENS_PER_SCORE * len(ids) * len(self.names))


@lru_cache(maxsize=32)
def answer_model(rubric_ids: tuple[str, ...]) -> type[BaseModel]:
    """What the judge must answer: for each step id, a mark for each rubric. Ranges are checked score by score, so one bad
    number costs one score."""
    # Rubrics are named by aliases: an id may be a name that a model class keeps for itself.
    fields: dict[str, Any] = {f"mark_{place}": (JudgeMark, Field(alias=rubric)) for place, rubric in enumerate(rubric_ids)}
    step = create_model("JudgedStep", step_id=(int, ...), **fields)
    return create_model("Judgement", steps=(list[step], ...))


def marks_of(step: BaseModel, rubric_ids: Sequence[str]) -> dict[str, JudgeMark]:
    """Rubric id → mark, of a step of the answer."""
    return {rubric: getattr(step, f"mark_{place}") for place, rubric in enumerate(rubric_ids)}
