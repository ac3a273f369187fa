"""From Dagster's run to the incremental loop and back: which partitions are asked for, and what the UI shows of them."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import dagster as dg
from dagster._core.events import AssetMaterializationPlannedData, DagsterEvent
from pydantic import Field
from trajruntime.executor import Executor, ThreadExecutor

from resources import progress
from resources.incremental.run import Compute, Inputs, MissingInput, PartitionStatus, Report, refresh
from resources.lake import ALL, CorruptPartition, Lake
from resources.settings import Settings, load
from resources.stages import BY_NAME
from resources.storage import LakeResource


class Incremental(dg.ConfigurableResource):  # type: ignore[type-arg]
    """What every asset runs through: only partitions that are not current are computed."""

    settings_file: str = Field(description="Settings of the project; what shapes a stage is part of the keys of its partitions.")
    workers: int = Field(0, description="Tasks worked on at once; 0 takes the number of cores.")
    storage: LakeResource

    @classmethod
    def of(cls, settings: Settings) -> "Incremental":
        """For a project."""
        return cls(settings_file=str(settings.file), workers=settings.orchestration.workers, storage=LakeResource.of(settings))

    @cached_property
    def settings(self) -> Settings:
        """The settings as they are now."""
        return load(Path(self.settings_file))

    @property
    def lake(self) -> Lake:
        """Where partitions are stored."""
        return self.storage.opened

    @property
    def executor(self) -> Executor:
        """What maps a function over tasks."""
        return ThreadExecutor(self.workers)

    @property
    def progress(self) -> progress.Progress:
        """Told of each stage and partition."""
        return progress.current()

    def materialise(
        self,
        context: dg.AssetExecutionContext,
        name: str,
        compute: Compute,
        executor: Executor | None = None,
        settings: Settings | None = None,
    ) -> Iterator[dg.MaterializeResult]:
        """Bring the partitions of this run up to date, and show those that failed or were blocked as failed.

        A stage with partitions always gives a result, so that what follows computes the good partitions; an asset check then
        fails the run. ``settings`` are those of this run, where it was given others than the project's.

        Raises:
            Failure: a stage without partitions failed.
        """
        self.storage.hold(context.run_id)
        stage = BY_NAME[name]
        partitions = list(context.partition_keys) if stage.per_task else [ALL]
        report = refresh(stage, partitions, compute, self.lake, settings or self.settings, executor or self.executor, self.progress)
        undone = {**report.blocked, **report.failed}
        if not stage.per_task:
            if undone:
                raise dg.Failure(undone[ALL], metadata=summary(report), allow_retries=False)
            yield dg.MaterializeResult(metadata=summary(report))
            return
        for partition in partitions:
            shown = {"status": _status(report, partition), **report.metadata.get(partition, {})}
            context.add_asset_metadata(shown, partition_key=partition)
        yield dg.MaterializeResult(metadata=summary(report))
        for partition in undone:
            _show_failed(context, partition)

    def stale(self, partitions: Sequence[str], name: str, settings: Settings) -> Iterator[Inputs]:
        """Inputs of those of ``partitions`` that :meth:`materialise` would compute; without those whose inputs are not there."""
        status = PartitionStatus.of(BY_NAME[name], partitions, self.lake, settings)
        for partition in status.todo:
            with suppress(MissingInput, CorruptPartition):
                yield status.inputs(partition)


def _show_failed(context: dg.AssetExecutionContext, partition: str) -> None:
    """Make Dagster show a partition as failed once this run has ended failed.

    Dagster marks the whole range of partitions as materialised, and has no call to take one out. Planning a partition again, in a
    run that then fails, makes it show as failed.
    """
    planned = AssetMaterializationPlannedData(context.asset_key, partition=partition, partitions_subset=None)
    event = DagsterEvent.build_asset_materialization_planned_event(context.run.job_name, context.op_execution_context.op.name, planned)
    context.instance.report_dagster_event(event, context.run_id)


def _status(report: Report, partition: str) -> str:
    if partition in report.failed:
        return f"failed: {report.failed[partition]}"
    if partition in report.blocked:
        return f"blocked: {report.blocked[partition]}"
    return "cached" if partition in report.cached else "computed"


def summary(report: Report) -> dict[str, dg.MetadataValue]:
    """Counts and failures of a stage as asset metadata."""
    shown = {
        "computed": dg.MetadataValue.int(len(report.computed)),
        "cached": dg.MetadataValue.int(len(report.cached)),
        "failed": dg.MetadataValue.int(len(report.failed)),
        "blocked": dg.MetadataValue.int(len(report.blocked)),
        "dagster/row_count": dg.MetadataValue.int(report.rows),
    }
    if report.failed:
        rows = "\n".join(f"| {name} | {reason.replace('|', '/')} |" for name, reason in sorted(report.failed.items()))
        shown["failures"] = dg.MetadataValue.md(f"| partition | reason |\n|---|---|\n{rows}")
    return {**shown, **dict(report.metadata.get(ALL, {}))}
