"""``trajhub run``: bring everything up to date, doing only what is missing, and say what was done."""

import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines import home
from pipelines.problems import control_faults
from resources.agent_code import agent_codes
from resources.incremental.code import own_sources
from resources.incremental.plan import StagePlan, plan
from resources.lake import ALL, Lake
from resources.lock import Lock, Writer
from resources.progress import Progress, shown_by
from resources.sandbox import SandboxResource
from resources.settings import Settings
from resources.stages import BY_NAME, PER_TASK


@dataclass(frozen=True)
class Summary:
    """What a run did: stage → (computed, cached, failed), what went wrong, and what the judge was used for, if it was."""

    counts: Mapping[str, tuple[int, int, int]]
    problems: Mapping[str, str]
    seconds: float
    judge: Mapping[str, Any] | None = None

    @property
    def computed(self) -> int:
        """Partitions computed over all stages."""
        return sum(c for c, _, _ in self.counts.values())

    @property
    def ok(self) -> bool:
        """Nothing failed."""
        return not self.problems


@dataclass(frozen=True)
class RunResult:
    """The result of Dagster's runs: counts by stage, the judge's ledger, and stages that broke off with the reason."""

    counts: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    judge: Mapping[str, Any] | None = None
    broke: Mapping[str, str] = field(default_factory=dict)


def run(settings: Settings, progress: Progress, overrides: Mapping[str, Any] | None = None) -> Summary:
    """Refresh the pool, then run the stages that have something to do over the tasks that need it.

    Raises:
        Locked: another run is writing.
        UnknownAgent, AgentUnusable, NotConfigured: an agent in the settings is none, or a model without a key; nothing was run.
        SandboxError: no box can be had at all, or none for the agents in the settings.
        KeyboardInterrupt: the run was stopped; what was computed is kept.
    """
    began = time.monotonic()
    lock = Lock(settings.lock_file)
    lake = Lake(settings.lake_url)
    broken = lock.take()
    try:
        home.prepare(settings)
        lake.sweep()
        _forget_lost_release(settings, lake)
        todo = any(p.todo for p in plan(settings, lake))
        with shown_by(progress):
            ran = _execute(settings, lake, overrides or {}, broken) if todo else RunResult()
        after = plan(settings, lake)
        counts = {p.stage.name: ran.counts.get(p.stage.name, (0, p.count("current"), 0)) for p in after}
        return Summary(counts, {**ran.broke, **_problems(after, lake)}, time.monotonic() - began, ran.judge)
    finally:
        lock.release()


def _execute(settings: Settings, lake: Lake, overrides: Mapping[str, Any], broken: Writer | None) -> RunResult:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import dagster as dg
        from agentllm.cost_limit import CostLimiter
        from agentrollout.agents import build_agents
        from agentrollout.plugins import find_agent

        from pipelines.definitions import build_defs, build_resources
        from pipelines.jobs import GRAPH, REFRESH, quiet, range_tags
        from resources.rubrics import rules_of

    rules_of(settings)
    for entry in settings.agents.run:
        if not entry.model:
            find_agent(entry.name, settings.root)
    if any(p.todo for p in plan(settings, lake) if p.stage.name in ("task_pool", "rollouts")):
        build_agents(settings.agents, settings.root, agent_codes(settings, own_sources()), CostLimiter(settings.agents.money_limit_usd))
    resources = {**build_resources(settings), **overrides}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        defs = build_defs(resources, settings.file)
    sandbox: SandboxResource = resources["sandbox"]
    tags = {"trajhub/command": "run"}
    counts: dict[str, tuple[int, int, int]] = {}
    with dg.DagsterInstance.get() as instance:
        close_orphans(instance, broken)
        if any(p.todo for p in plan(settings, lake) if p.stage.name in ("task_pool", "rollouts", "outcomes")):
            sandbox.check(entry.name for entry in settings.agents.run)
            sandbox.opened.reap()
        pool = defs.resolve_job_def(REFRESH).execute_in_process(instance=instance, run_config=quiet(), tags=tags, raise_on_error=False)
        counts.update(_counts(pool))
        if not pool.success:
            return RunResult(counts, broke=_broke(pool))
        plans = plan(settings, lake)
        selected = [p.stage.name for p in plans if p.todo and p.stage.name != "task_pool"]
        names = sorted({name for p in plans if p.stage.name in PER_TASK for name in p.todo})
        everyone = next(p for p in plans if p.stage.name == "rollouts").partitions
        if selected and everyone:
            span = range_tags(names[0], names[-1]) if names else range_tags(everyone[0].name, everyone[-1].name)
            graph = defs.resolve_job_def(GRAPH).execute_in_process(
                instance=instance,
                run_config=quiet(),
                asset_selection=[dg.AssetKey(name) for name in selected],
                tags={**tags, **span},
                raise_on_error=False,
            )
            outside = _outside(plans, names)
            counts.update({name: (c, k + outside.get(name, 0), f) for name, (c, k, f) in _counts(graph).items()})
            return RunResult(counts, _judge(graph), _broke(graph))
    return RunResult(counts)


def _counts(result: Any) -> dict[str, tuple[int, int, int]]:
    """Stage → (computed, cached, failed) as its materialisation reported them."""
    found = {}
    told = [(event.asset_key.to_user_string(), event.materialization.metadata) for event in result.get_asset_materialization_events()]
    for stage, metadata in [*told, *_failures(result).items()]:
        if {"computed", "cached", "failed"} <= metadata.keys():
            found[stage] = tuple(int(metadata[k].value) for k in ("computed", "cached", "failed"))
    return found  # type: ignore[return-value]


def _failures(result: Any) -> dict[str, Mapping[str, Any]]:
    """Step → what it reported when it failed; only stages without partitions fail this way."""
    data = {e.step_key: e.step_failure_data.user_failure_data for e in result.all_events if e.is_step_failure}
    return {step: failure.metadata for step, failure in data.items() if failure is not None}


def _broke(result: Any) -> dict[str, str]:
    """Stage → why it broke off. Failures within a partition are part of an asset's result, so these are unexpected errors.

    Raises:
        KeyboardInterrupt: Dagster was interrupted and did not raise it itself.
    """
    errors = {e.step_key: e.step_failure_data.error for e in result.all_events if e.is_step_failure}
    if any(error is not None and "DagsterExecutionInterruptedError" in error.message for error in errors.values()):
        raise KeyboardInterrupt
    known = _failures(result)
    return {
        step: " ".join((error.cause or error).message.split())
        for step, error in errors.items()
        if error is not None and step in BY_NAME and "failed" not in known.get(step, {})
    }


def _judge(result: Any) -> Mapping[str, Any] | None:
    """The judge's ledger as its materialisation reported it; missing where no judge was asked."""
    for event in result.get_asset_materialization_events():
        metadata = event.materialization.metadata
        if "judge_calls" in metadata:
            return {name.removeprefix("judge_"): entry.value for name, entry in metadata.items() if name.startswith("judge_")}
    return None


def _outside(plans: list[StagePlan], names: list[str]) -> dict[str, int]:
    """Stage → partitions outside the range: they are current, so they were not looked at."""
    if not names:
        return {}
    return {p.stage.name: sum(not names[0] <= part.name <= names[-1] for part in p.partitions) for p in plans if p.stage.per_task}


def close_orphans(instance: Any, broken: Writer | None) -> int:
    """Mark runs whose process is gone as failed, so that they no longer show as running. Returns how many."""
    import dagster as dg

    running = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING]))
    orphans = [r for r in running if "trajhub/command" in r.tags or (broken is not None and r.run_id == broken.run_id)]
    for orphan in orphans:
        instance.report_run_failed(orphan, "the process that ran it is gone; what it had stored is kept")
        instance.event_log_storage.free_concurrency_slots_for_run(orphan.run_id)
    return len(orphans)


def _forget_lost_release(settings: Settings, lake: Lake) -> None:
    if ALL in lake.stored("release") and not (settings.release_dir / "manifest.json").exists():
        lake.drop("release", ALL)


def _problems(plans: list[StagePlan], lake: Lake) -> dict[str, str]:
    """`stage/partition` → what is wrong, for each task only at the first stage concerned; then controls that went wrong."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    for p in plans:
        for part in p.partitions:
            if part.state == "failed" or (part.state == "missing" and not seen):
                found[f"{p.stage.name}/{part.name}"] = part.why
            if part.state != "current":
                seen.add(part.name)
    return {**found, **control_faults(lake)}
