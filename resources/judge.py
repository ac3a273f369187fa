"""The judge that the settings ask for, or why there is none."""

import threading
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
from agentllm.cache import AnswerCache
from agentllm.client import Client
from agentllm.ledger import Spending
from agentllm.prices import ModelPrice
from agentreward.judge.config import JudgeConfig
from agentreward.rubrics import RubricSet
from pydantic import Field
from trajschema.arrow import from_table
from trajschema.task import Task
from trajschema.trajectory import Trajectory

from resources.incremental.run import Inputs
from resources.section import SectionResource
from resources.settings import Judge, Settings


class ModelPriceConfig(dg.Config, ModelPrice):
    """A price as the Launchpad shows it."""


class JudgeResource(SectionResource, Judge):
    """How the model is asked, the cache of its answers, and a client to ask with."""

    section = "judge"
    price: ModelPriceConfig | None = Field(None, description="What the model costs, where the price list does not say.")
    api_key: str = Field("", description="The key; empty where none is needed, or none is set.")
    cache_folder: str = Field(description="Folder of the answers that were paid for.")

    @classmethod
    def of(cls, settings: Settings) -> "JudgeResource":
        """The judge of a project. Its key is read from the environment when a run begins, and is never recorded."""
        asked = settings.judge
        key = dg.EnvVar(asked.key_name) if asked.active and asked.key_name else ""
        return cls(**asked.model_dump(mode="json"), api_key=key, cache_folder=str(settings.data_dir / "judge-cache"))

    def config(self, rubrics: RubricSet) -> JudgeConfig:
        """How the model is asked about these rubrics."""
        return JudgeConfig(
            model=self.model,
            rubrics=rubrics,
            replicates=self.replicates,
            rejudge_above=self.rejudge_above,
            max_tokens=self.max_tokens,
            provider=self.provider,
            temperature=self.temperature,
        )

    @property
    def why_not(self) -> str:
        """Why there is no judge; empty if there is one."""
        if self.enabled == "never":
            return "the settings say judge.enabled: never"
        return "" if self.active else f"no key in ${self.key_name}"

    @cached_property
    def cache(self) -> AnswerCache:
        """Answers that were paid for."""
        return AnswerCache(Path(self.cache_folder))

    def open(self) -> Client | None:
        """A client with a ledger of its own, or nothing where judging is off or the key is not set.

        Raises:
            NotConfigured: the SDK of the provider is not installed.
        """
        if not self.active:
            return None
        return Client(
            provider=self.provider,
            model=self.model,
            base_url=self.base_url,
            api_key=self.api_key or "none",
            max_retries=self.max_retries,
            temperature=self.temperature,
            semaphore=threading.BoundedSemaphore(self.concurrency),
            cache=self.cache.folder,
            rates=self.price.rates if self.price else None,
        )

    def in_batch(self, missing: int) -> bool:
        """Whether that many missing judgements are sent as a batch."""
        return self.batch == "auto" and missing >= self.batch_from


def judged_runs(inputs: Inputs) -> list[tuple[Task, Trajectory]]:
    """The task with each of its trajectories."""
    (task,) = from_table(Task, inputs["task_pool"])
    return [(task, trajectory) for trajectory in from_table(Trajectory, inputs["trajectories"])]


def spent(total: Spending) -> dict[str, Any]:
    """A ledger as plain values; dollars are left out where a call has no price."""
    priced = {} if total.cost_usd is None else {"cost_usd": total.cost_usd}
    return {
        "calls": total.calls,
        "cached": total.cached,
        "failed": total.failed,
        "retries": total.retries,
        "prompt_tokens": total.usage.prompt,
        "answer_tokens": total.usage.output,
        **priced,
    }
