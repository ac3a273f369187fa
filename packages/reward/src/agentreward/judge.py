"""The judge layer: one structured call for a whole run."""

import math
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from agentllm.question import Answer
from agentllm.errors import UnusableAnswer
from pydantic import BaseModel, Field, create_model
from trajschema.ids import content_id
from trajschema.score import Evidence, StepScore
from trajschema.task import Task
from trajschema.trajectory import Trajectory

from agentreward import judge_prompt as prompts
from agentreward.rubrics import DEFAULT_RUBRICS, RubricSet

T = TypeVar("T", bound=BaseModel)
_TOKENS_PER_SCORE = 90
_MOST_TOKENS = 64_000
_QUOTE = 500


class Asker(Protocol):
    """Who is asked: ``agentllm.client.Client``, or another that keeps its promises."""

    def ask(self, system: str, prompt: str, output: type[T], *, model: str | None = None, max_tokens: int = 16_000) -> Answer[T]:
        """One question, one answer of type ``output``; see :meth:`agentllm.client.Client.ask`."""
        ...


class JudgeMark(BaseModel):
    """One score of the judge."""

    score: float = Field(description="A number from 0 to 1.")
    quote: str = Field(description="One quoted sentence: words of the step or its output, and what they show.")


@lru_cache(maxsize=32)
def answer_model(rubric_ids: tuple[str, ...]) -> type[BaseModel]:
    """What the judge must answer: for each step id, a mark for each rubric. Ranges are checked score by score, so one bad
    number costs one score."""
    fields: dict[str, Any] = {rubric: (JudgeMark, ...) for rubric in rubric_ids}
    step = create_model("JudgedStep", step_id=(int, ...), **fields)
    return create_model("Judgement", steps=(list[step], ...))


def score_judge(
    task: Task,
    trajectory: Trajectory,
    client: Asker,
    *,
    model: str,
    scorer_version: str,
    rubrics: RubricSet = DEFAULT_RUBRICS,
) -> list[StepScore]:
    """Judge scores of every agent step on every rubric, in order of steps.

    One call through ``client``. The judge sees the task statement, the steps and the final diff, never the outcome. Where the
    answer is refused, cut off, too long or no answer of the form, every score is missing with that reason; a step that is left
    out, a number outside [0, 1] or a score without its sentence is missing alone. Nothing is ever filled in.

    Raises:
        agentllm.errors.ServiceFailure: the service gave no answer; try this trajectory again later.
        agentllm.errors.RequestRejected: the key, the model or the request must be changed first.
    """
    ids = [s.step_id for s in trajectory.steps if s.source == "agent"]
    if not ids:
        return []
    names = tuple(r.id for r in rubrics.rubrics)
    system, prompt = prompts.judge_prompt(task, trajectory, rubrics)
    budget = min(_MOST_TOKENS, 4_000 + _TOKENS_PER_SCORE * len(ids) * len(names))
    judged: dict[int, list[Any]] = {}
    try:
        answer = client.ask(system, prompt, answer_model(names), model=model, max_tokens=budget)
    except UnusableAnswer as error:
        why_not = f"{type(error).__name__}: {error.what}"
    else:
        judged, why_not = _by_step(answer.value), "the judge left this step out"
    return [_score(trajectory.trajectory_id, i, name, judged.get(i, []), why_not, scorer_version) for i in ids for name in names]


def judge_version(model: str, rubrics: RubricSet = DEFAULT_RUBRICS) -> str:
    """Version of a judge: its model, the texts of the rubrics, and the fixed prompt."""
    return content_id([model, rubrics.version, prompts.SYSTEM, prompts.HEAD, prompts.TAIL, prompts.DIFF])


def _by_step(answer: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for step in answer.steps:
        found.setdefault(step.step_id, []).append(step)
    return found


def _score(trajectory_id: str, step_id: int, rubric: str, judged: list[Any], why_not: str, version: str) -> StepScore:
    score: float | None = None
    reason: str | None = why_not
    evidence: tuple[Evidence, ...] = ()
    if len(judged) > 1:
        reason = "the judge scored this step twice"
    elif judged:
        mark: JudgeMark = getattr(judged[0], rubric)
        quote = mark.quote.strip()[:_QUOTE]
        if not math.isfinite(mark.score) or not 0 <= mark.score <= 1:
            reason = f"the judge's score {mark.score} is outside 0 to 1"
        elif not quote:
            reason = "the judge gave no sentence for this score"
        else:
            score, reason = mark.score, None
            evidence = (Evidence(steps=(step_id,), quote=quote),)
    return StepScore(
        trajectory_id=trajectory_id,
        step_id=step_id,
        rubric_id=rubric,
        layer="judge",
        score=score,
        missing_reason=reason,
        evidence=evidence,
        scorer_version=version,
    )
