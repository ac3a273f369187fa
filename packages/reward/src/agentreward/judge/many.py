"""Many runs at once: every one ends with scores or with a reason."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from agentllm.client import Client
from agentllm.errors import LLMError
from trajschema.score import StepScore
from trajschema.task import Task
from trajschema.trajectory import Trajectory

from agentreward.judge.config import JudgeConfig
from agentreward.judge.scoring import score_run, without_scores


@dataclass(frozen=True)
class Judged:
    """A run, its scores (missing ones with their reasons), and what kept the service from answering, if anything did."""

    trajectory_id: str
    scores: tuple[StepScore, ...]
    failure: LLMError | None = None


def judge_many(runs: Iterable[tuple[Task, Trajectory]], client: Client, config: JudgeConfig, *, at_once: int = 8) -> list[Judged]:
    """Judge ``runs``, ``at_once`` of them side by side, in the order given.

    A run that the service failed, if only in part, has rows without scores, and ``failure``: ask for it again later.
    """

    def one(run: tuple[Task, Trajectory]) -> Judged:
        task, trajectory = run
        try:
            scores, failure = score_run(task, trajectory, client, config)
            return Judged(trajectory.trajectory_id, tuple(scores), failure)
        except LLMError as error:
            why = f"{type(error).__name__}: {error.what}"
            return Judged(trajectory.trajectory_id, tuple(without_scores(trajectory, config, why)), error)

    with ThreadPoolExecutor(at_once, thread_name_prefix="judge") as pool:
        return list(pool.map(one, runs))
