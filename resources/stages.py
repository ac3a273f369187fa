"""The graph as data: every stage, what it reads, and the configuration that shapes it. No Dagster, so ``status`` is quick."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from trajruntime.user_modules import source_digest

from resources.adapter_code import AdapterCode
from resources.agent_code import SANDBOX, agent_codes
from resources.imports import Imports
from resources.incremental.code import Sources
from resources.lake import Lake, Stored
from resources.rubrics import by_judge, by_rule
from resources.settings import Settings
from resources.task_sources import source_codes, task_sources

Shape = Callable[[Settings], Any]


def _nothing(_: Settings) -> Any:
    return None


GRADER = ("agentgrader.probes.main", "agentgrader.probes.call_batches")
"""The grader's code inside a sandbox: it is sent there as source and not reachable by imports, so it is named here."""
AGENTS = (
    *("agentrollout.models", "agentrollout.external", "agentrollout.policies"),
    *("agentsandbox", "agentrecorder", "agentllm", "agenttasks"),
)
"""Left out of the hash of ``rollouts``; hashed for each agent in `resources.agent_code`."""


class PerTaskCode(Protocol):
    """Hashes of the plug-ins that one task's partition uses; empty where it uses none.

    ``settled`` is false if an upstream partition is computed first, so that what is stored is about to change.
    """

    def __call__(self, partition: str, stored: Mapping[str, Mapping[str, Stored]], *, settled: bool) -> Mapping[str, str]: ...

    def save(self) -> None:
        """Note what was read."""


@dataclass(frozen=True)
class Stage:
    """One stored asset. ``group`` is its group in the Dagster UI.

    ``config`` picks the settings that its content depends on; ``external_inputs`` hashes what it reads from outside the graph;
    ``per_task_config`` picks what only one task's partition depends on. ``volatile`` columns are left out of the digest of the content.

    ``resource_code`` names code that comes to it through a resource; packages in ``without`` are left out of the import closure
    unless ``resource_code`` names them. ``chosen_code`` hashes plug-ins that the settings choose, ``per_task_code`` those that
    only some partitions use.
    """

    name: str
    group: str
    reads: tuple[str, ...] = ()
    per_task: bool = True
    config: Shape = field(default=_nothing, compare=False)
    external_inputs: Shape = field(default=_nothing, compare=False)
    per_task_config: Callable[[Settings, str], Any] | None = field(default=None, compare=False)
    volatile: tuple[str, ...] = ()
    resource_code: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    chosen_code: Callable[[Settings, Sources], Any] | None = field(default=None, compare=False)
    per_task_code: Callable[[Lake, Sources], PerTaskCode] | None = field(default=None, compare=False)

    @property
    def modules(self) -> tuple[str, ...]:
        """Modules whose import closure is the stage's code."""
        return (f"assets.{self.name}", *self.resource_code)


def _limits(s: Settings) -> Any:
    return s.sandbox.model_dump(mode="json", exclude={"allow_local", "images_gb", "reach"})


def _agents(s: Settings) -> Any:
    """Who acts, without what changes no rollout: where a service is and how fast it may be asked.

    Includes the sources of custom agents.
    """
    asked = s.agents.model_dump(mode="json", exclude={"money_limit_usd": True, "run": {"__all__": _WIRING}})
    own = [[run.name, source_digest(run.name, s.root)] for run in s.agents.run if ":" in run.name]
    return [asked, own]


_WIRING = {"base_url", "key_variable", "concurrency", "retries", "price"}


def _judge(s: Settings) -> Any:
    """What shapes a judgement, without where the service is and how it is paid."""
    return [s.judge.model_dump(mode="json", exclude=_JUDGE_WIRING), by_judge(s)] if s.judge.active else "no judge"


_JUDGE_WIRING = {"enabled", "base_url", "key_variable", "concurrency", "max_retries", "batch", "batch_from", "price"}


def files_digest(*paths: Any) -> list[list[str]]:
    """Name and SHA-256 of each file that exists, sorted; folders are read one level deep."""
    files = sorted(f for p in paths for f in (p.iterdir() if p.is_dir() else [p]) if f.is_file())
    return [[f.name, hashlib.sha256(f.read_bytes()).hexdigest()] for f in files]


STAGES: tuple[Stage, ...] = (
    Stage(
        "task_pool",
        "tasks",
        per_task=False,
        config=lambda s: [s.tasks.model_dump(mode="json"), _limits(s)],
        external_inputs=lambda s: [source.identity() for source in task_sources(s)],
        volatile=("certificate_seconds",),
        resource_code=(*GRADER, *SANDBOX),
        chosen_code=source_codes,
    ),
    Stage(
        "rollouts",
        "runs",
        ("task_pool",),
        config=lambda s: [_agents(s), _limits(s), s.sandbox.reach],
        per_task_config=lambda s, task: files_digest(Imports(s.imports_dir).rollouts_file(task)),
        without=AGENTS,
        chosen_code=agent_codes,
    ),
    Stage(
        "outcomes",
        "runs",
        ("task_pool", "rollouts"),
        config=_limits,
        volatile=("seconds",),
        resource_code=(*GRADER, *SANDBOX),
        without=("agenttasks",),
    ),
    Stage("trajectories", "runs", ("rollouts",), per_task_code=AdapterCode),
    Stage("rule_scores", "scores", ("trajectories",), config=by_rule),
    Stage("judge_scores", "scores", ("task_pool", "trajectories"), config=_judge),
    Stage(
        "rewards",
        "scores",
        ("trajectories", "rollouts", "outcomes", "rule_scores", "judge_scores"),
        config=lambda s: s.weights.model_dump(mode="json"),
    ),
    Stage("preference_pairs", "data", ("rewards",), config=lambda s: s.pairs.model_dump(mode="json")),
    Stage(
        "calibration_report", "data", ("rewards", "preference_pairs"), per_task=False, external_inputs=lambda s: files_digest(s.labels_file)
    ),
    Stage(
        "release",
        "data",
        (
            "task_pool",
            "trajectories",
            "rollouts",
            "outcomes",
            "rule_scores",
            "judge_scores",
            "rewards",
            "preference_pairs",
            "calibration_report",
        ),
        per_task=False,
        config=lambda s: [part.model_dump(mode="json") for part in (s.release, s.weights, s.pairs, *s.goals)],
    ),
)
BY_NAME = {stage.name: stage for stage in STAGES}
PER_TASK = tuple(stage.name for stage in STAGES if stage.per_task)


def downstream(names: set[str]) -> list[str]:
    """``names`` and every stage that follows them, in graph order."""
    found = set(names)
    for stage in STAGES:
        if found & set(stage.reads):
            found.add(stage.name)
    return [stage.name for stage in STAGES if stage.name in found]
