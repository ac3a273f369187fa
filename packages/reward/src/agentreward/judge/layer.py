"""The judge of an engine: a model at a provider, asked once a run; or a sentence that says why there is none."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trajschema.score import StepScore
from trajschema.task import Environment, Task
from trajschema.trajectory import Trajectory

from agentreward.config import RewardConfig
from agentreward.dict_runs import Run
from agentreward.rubrics import RubricSet

if TYPE_CHECKING:
    from agentllm.client import Client
    from agentllm.ledger import Ledger

    from agentreward.judge.config import JudgeConfig

_KEYS = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}


class JudgeLayer:
    """A judge that is there."""

    def __init__(self, client: "Client", config: "JudgeConfig") -> None:
        self._client = client
        self._config = config

    @property
    def ledger(self) -> "Ledger":
        """What the judge has cost so far."""
        return self._client.ledger

    def score(self, run: Run, rules: Sequence[StepScore]) -> tuple[list[StepScore], tuple[str, ...]]:
        """Scores of every agent step on every rubric, and what is to be known. A judge that fails gives no score and a note.

        ``rules`` are the rule scores of the run, for a second look where the two differ.
        """
        from agentllm.errors import LLMError

        from agentreward.judge.scoring import score_run

        try:
            scores, failure = score_run(_task(run), run.trajectory, self._client, self._config, rules=rules)
        except LLMError as error:
            return [], (*self._client.notes(), f"judge: {type(error).__name__}: {error}; scored by rules alone")
        lost = {s.missing_reason for s in scores if s.missing_reason}
        lost |= {f"{type(failure).__name__}: {failure.what}"} if failure else set()
        return scores, (*self._client.notes(), *(f"judge: {reason}" for reason in sorted(lost)))


def open_judge(config: RewardConfig, rubrics: RubricSet) -> JudgeLayer | str:
    """The judge that ``config`` asks for, or why there is none. Says once where the provider does not take ``temperature``."""
    variable = _KEYS[config.provider] if config.api_key_env is None else config.api_key_env
    if config.model_weight == 0:
        return "judge: none asked for (model_weight is 0)"
    if variable and not os.environ.get(variable):
        return f"judge: none, because ${variable} is not set; scored by rules alone"
    try:
        from agentllm.client import Client
        from agentllm.errors import NotConfigured

        from agentreward.judge.config import JudgeConfig
    except ImportError:
        return "judge: none, because the model library is not installed (agentreward[llm]); scored by rules alone"
    judge_config = JudgeConfig(
        model=config.model_name,
        rubrics=rubrics,
        replicates=config.replicates,
        rejudge_above=config.rejudge_above,
        provider=config.provider,
        temperature=config.temperature,
    )
    try:
        client = Client(
            provider=config.provider,
            model=config.model_name,
            base_url=config.base_url,
            api_key_env=variable,
            temperature=config.temperature,
            cache=Path(config.cache) if config.cache else None,
        )
    except NotConfigured as error:
        return f"judge: none, because {error}; scored by rules alone"
    return JudgeLayer(client, judge_config)


def _task(run: Run) -> Task:
    """The task as the judge reads it: its words alone."""
    return Task.ungraded(run.trajectory.task_id or "", run.task or _first_words(run.trajectory), Environment())


def _first_words(trajectory: Trajectory) -> str:
    return next((s.message for s in trajectory.steps if s.source == "user"), "")
