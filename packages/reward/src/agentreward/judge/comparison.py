"""Two runs at one task, compared in both orders: a judge that prefers what it reads first prefers nothing."""

from dataclasses import dataclass
from typing import Literal

from agentllm.client import Client
from agentllm.errors import UnusableAnswer
from pydantic import BaseModel, Field
from trajschema.task import Task
from trajschema.trajectory import Trajectory

from agentreward.judge.chunks import CHARACTERS
from agentreward.judge.config import JudgeConfig
from agentreward.judge.prompt import MARKS, diff_piece
from agentreward.judge.text import STATEMENT, Piece, head_and_tail, marked, step_pieces, summary_piece

SYSTEM = """Two code agents worked on the same task. Say whose work was better: how it looked for the fault, what it changed, how it
checked that. You are not told whether tests passed in the end. Length is no merit.
{marks}
"""


class Verdict(BaseModel):
    """Which of two runs was worked better."""

    better: Literal["first", "second", "neither"] = Field(description="The run whose work was better")
    quote: str = Field(description="One quoted sentence that decided it")


@dataclass(frozen=True)
class Comparison:
    """What a judge said of runs ``a`` and ``b`` in both orders.

    ``preferred`` is missing where the orders contradict each other, or one was not answered; ``why_not`` says which.
    """

    preferred: Literal["a", "b", "neither"] | None
    quotes: tuple[str, ...] = ()
    why_not: str = ""


def compare(task: Task, a: Trajectory, b: Trajectory, client: Client, config: JudgeConfig) -> Comparison:
    """Two calls, one for each order.

    Raises:
        agentllm.errors.ServiceFailure, agentllm.errors.RequestRejected: see :func:`agentreward.judge.scoring.score_run`.
    """
    try:
        forward = _verdict(task, a, b, client, config)
        backward = _verdict(task, b, a, client, config)
    except UnusableAnswer as error:
        return Comparison(None, why_not=f"{type(error).__name__}: {error.what}")
    quotes = (forward.quote, backward.quote)
    said: tuple[Literal["a", "b", "neither"], ...] = (
        {"first": "a", "second": "b", "neither": "neither"}[forward.better],  # type: ignore[assignment]
        {"first": "b", "second": "a", "neither": "neither"}[backward.better],
    )
    if said[0] != said[1]:
        return Comparison(None, quotes, f"in one order the judge said {said[0]}, in the other {said[1]}")
    return Comparison(said[0], quotes)


def _verdict(task: Task, first: Trajectory, second: Trajectory, client: Client, config: JudgeConfig) -> Verdict:
    pieces = [Piece("task given to both agents", head_and_tail(task.problem_statement, STATEMENT // 2, STATEMENT // 2))]
    for name, run in (("first", first), ("second", second)):
        pieces += [Piece(f"the {name} run begins here", ""), *_run(run)]
    prompt = marked(pieces, "Whose work was better: first, second or neither?")
    asked = client.ask(SYSTEM.format(marks=MARKS), prompt, Verdict, model=config.model, max_tokens=min(4_000, config.max_tokens))
    return asked.value


def _run(run: Trajectory) -> list[Piece]:
    """Its last steps whole as far as half of a call goes, those before in one line each, and its diff."""
    shown: list[list[Piece]] = []
    size = 0
    for step in reversed(run.steps):
        shown.append(step_pieces(step))
        size += sum(len(p.data) for p in shown[-1])
        if size > CHARACTERS // 2:
            break
    earlier = summary_piece(run.steps[: len(run.steps) - len(shown)])
    return [*earlier, *(p for pieces in reversed(shown) for p in pieces), diff_piece(run)]
