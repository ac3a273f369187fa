"""The judge layer: one structured call for a whole run, parts for a long one, and no score that nobody gave."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentllm.cache import AnswerCache
from agentllm.client import Client
from agentllm.errors import CutOff, LLMError, TooLong, Unparsable, UnusableAnswer
from agentllm.question import Question
from trajschema.score import Evidence, StepScore
from trajschema.task import Task
from trajschema.trajectory import Trajectory

from agentreward.judge.chunks import Chunk, chunks, prefix
from agentreward.judge.config import JudgeConfig, JudgeMark, answer_model, marks_of
from agentreward.judge.prompt import prompt_text, system_text

PREFIX = "judge.prefix"
"""Stands as rule id beside a figure that was given without sight of later steps."""
_TRIES = 2
_QUOTE = 500


@dataclass(frozen=True)
class JudgedScore:
    """What one call said of one step on one rubric: a score and its sentence, or why there is none."""

    score: float | None
    sentence: str


JudgedScores = dict[tuple[int, str], JudgedScore]


def score_judge(
    task: Task, trajectory: Trajectory, client: Client, config: JudgeConfig, *, rules: Sequence[StepScore] = ()
) -> list[StepScore]:
    """Judge scores of every agent step on every rubric, in order of steps.

    The judge sees the task statement, the steps and the final diff, never the outcome. What is missing or unusable in an answer
    is asked for once more; an answer that was cut off is asked for in halves. What is missing then, or what a service that had
    answered before gave no answer to, is missing with its reason: nothing is ever filled in, and nothing that was answered is
    lost. With replicates a score is their mean, and each one's figure and sentence is in the evidence. A score that was judged
    again on its prefix is that figure, which comes first in the evidence. ``rules`` are rule scores to compare with.

    Raises:
        agentllm.errors.ServiceFailure: the service gave no answer from the start; try this trajectory again later.
        agentllm.errors.RequestRejected: the key, the model or the request must be changed first.
    """
    return score_run(task, trajectory, client, config, rules=rules)[0]


def score_run(
    task: Task, trajectory: Trajectory, client: Client, config: JudgeConfig, *, rules: Sequence[StepScore] = ()
) -> tuple[list[StepScore], LLMError | None]:
    """What :func:`score_judge` gives, and what first kept the service from answering a part of it, if anything did."""
    failures: list[LLMError] = []
    parts = chunks(trajectory.steps, config.steps_a_call)
    samples = [_asked(task, trajectory, parts, client, config, number, failures, heard=number > 0) for number in range(config.replicates)]
    cells = [(s.step_id, name) for s in trajectory.steps if s.source == "agent" for name in config.names]
    scores = {cell: _score(trajectory.trajectory_id, cell, [sample[cell] for sample in samples], config.version) for cell in cells}
    disputed = _disputed(scores, rules, config.rejudge_above)
    for step_id in sorted({step for step, _ in disputed}):
        again = _asked(task, trajectory, [prefix(trajectory.steps, step_id)], client, config, 0, failures, heard=True)
        scores.update({cell: _judged_again(scores[cell], again[cell]) for cell in disputed if cell[0] == step_id})
    return list(scores.values()), next(iter(failures), None)


def questions(task: Task, trajectory: Trajectory, config: JudgeConfig) -> list[Question[Any]]:
    """What :func:`score_judge` asks if every answer is complete and nothing is disputed."""
    parts = chunks(trajectory.steps, config.steps_a_call)
    return [_question(task, trajectory, part, config, number) for number in range(config.replicates) for part in parts]


def unanswered(task: Task, trajectory: Trajectory, config: JudgeConfig, cache: AnswerCache) -> list[Question[Any]]:
    """Those of :func:`questions` that no stored answer settles. Needs no key."""
    asked = questions(task, trajectory, config)
    return [q for q in asked if q.stored(cache, q.key(config.provider, config.model, config.temperature)) is None]


def spread(scores: Sequence[StepScore]) -> float | None:
    """Mean difference between the highest and the lowest replicate of a score; missing without two replicates of any."""
    judged = [[e.score for e in s.evidence if e.score is not None and e.rule_id is None] for s in scores if s.layer == "judge"]
    spans = [max(f) - min(f) for f in judged if len(f) > 1]
    return sum(spans) / len(spans) if spans else None


def without_scores(trajectory: Trajectory, config: JudgeConfig, why: str) -> list[StepScore]:
    """A row for every score that could not be had, each with the reason."""
    ids = [s.step_id for s in trajectory.steps if s.source == "agent"]
    return [_score(trajectory.trajectory_id, (i, name), [JudgedScore(None, why)], config.version) for i in ids for name in config.names]


def _question(task: Task, trajectory: Trajectory, part: Chunk, config: JudgeConfig, sample: int) -> Question[Any]:
    return Question(
        system_text(config.rubrics),
        prompt_text(task, trajectory, part),
        answer_model(config.names),
        config.model,
        config.tokens_for(part.ids),
        sample,
        again=config.replicates > 1,
    )


def _asked(
    task: Task,
    trajectory: Trajectory,
    parts: Sequence[Chunk],
    client: Client,
    config: JudgeConfig,
    sample: int,
    failures: list[LLMError],
    *,
    heard: bool,
) -> JudgedScores:
    """JudgedScores of all parts. What one answer lacks is asked for once more, and halved where it was too much.

    Once the service was ``heard``, its failure costs the part that it was asked for alone, and joins ``failures``.
    """
    found: JudgedScores = {}
    waiting = [(part, 1) for part in reversed(parts)]
    while waiting:
        part, tries = waiting.pop()
        try:
            answer = client.ask(**vars(_question(task, trajectory, part, config, sample)))
        except LLMError as error:
            if not isinstance(error, UnusableAnswer):
                if not (heard or found):
                    raise
                failures.append(error)
            judged = {(i, n): JudgedScore(None, f"{type(error).__name__}: {error.what}") for i in part.ids for n in config.names}
            smaller = part.halves() if isinstance(error, CutOff | TooLong) else ()
            waiting.extend((half, tries) for half in reversed(smaller))
            if not smaller and isinstance(error, Unparsable) and tries < _TRIES:
                waiting.append((part, tries + 1))
        else:
            judged = _read(answer.value, part.ids, config.names)
            lacking = tuple(i for i in part.ids if any(judged[i, n].score is None for n in config.names))
            if lacking and tries < _TRIES:
                waiting.append((part.only(lacking), tries + 1))
        found.update({cell: f for cell, f in judged.items() if f.score is not None or cell not in found or found[cell].score is None})
    return found


def _read(answer: Any, ids: Sequence[int], names: Sequence[str]) -> JudgedScores:
    steps: dict[int, list[dict[str, JudgeMark]]] = {}
    for step in answer.steps:
        steps.setdefault(step.step_id, []).append(marks_of(step, names))
    return {(i, name): _judged_score(steps.get(i, []), name) for i in ids for name in names}


def _judged_score(judged: list[dict[str, JudgeMark]], rubric: str) -> JudgedScore:
    if not judged:
        return JudgedScore(None, "the judge left this step out")
    if len(judged) > 1:
        return JudgedScore(None, "the judge scored this step twice")
    mark = judged[0][rubric]
    quote = mark.quote.strip()[:_QUOTE]
    if not math.isfinite(mark.score) or not 0 <= mark.score <= 1:
        return JudgedScore(None, f"the judge's score {mark.score} is outside 0 to 1")
    return JudgedScore(mark.score, quote) if quote else JudgedScore(None, "the judge gave no sentence for this score")


def _score(trajectory_id: str, cell: tuple[int, str], judged: Sequence[JudgedScore], version: str) -> StepScore:
    step_id, rubric = cell
    given = [(f.score, f.sentence) for f in judged if f.score is not None]
    return StepScore(
        trajectory_id=trajectory_id,
        step_id=step_id,
        rubric_id=rubric,
        layer="judge",
        score=math.fsum(score for score, _ in given) / len(given) if given else None,
        missing_reason=None if given else judged[0].sentence,
        evidence=tuple(Evidence(steps=(step_id,), quote=said, score=score) for score, said in given),
        scorer_version=version,
    )


def _disputed(scores: dict[tuple[int, str], StepScore], rules: Sequence[StepScore], above: float | None) -> set[tuple[int, str]]:
    if above is None:
        return set()
    by_rule = {(r.step_id, r.rubric_id): r.score for r in rules if r.score is not None}
    found = set()
    for cell, score in scores.items():
        judged = [e.score for e in score.evidence if e.score is not None]
        apart = max(judged) - min(judged) if judged else 0.0
        if score.score is not None and cell in by_rule:
            apart = max(apart, abs(score.score - by_rule[cell]))
        if apart > above:
            found.add(cell)
    return found


def _judged_again(score: StepScore, again: JudgedScore) -> StepScore:
    """The score as it was where the second look gave none."""
    if again.score is None:
        return score
    first = Evidence(rule_id=PREFIX, steps=(score.step_id,), quote=again.sentence, score=again.score)
    return score.model_copy(update={"score": again.score, "evidence": (first, *score.evidence)})
