"""From Dagster's run to the incremental loop and back: which partitions are asked for, and what the UI shows of them."""

import atexit
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import dagster as dg
from trajruntime.executor import Executor

from resources.incremental.run import Compute, Inputs, MissingInput, PartitionStatus, Report, refresh
from resources.lake import ALL, CorruptPartition, Lake
from resources.lock import Lock
from resources.progress import Progress
from resources.settings import Settings
from resources.stages import BY_NAME


@dataclass(frozen=True)
class Incremental:
    """What every asset runs through."""

    settings: Settings
    lake: Lake
    lock: Lock
    workers: Executor
    progress: Progress

    def materialise(
        self, context: dg.AssetExecutionContext, name: str, compute: Compute, workers: Executor | None = None
    ) -> dg.MaterializeResult:
        """Bring the partitions of this run up to date. Always returns: what failed is recorded, and the release gate names it."""
        self.hold(context.run_id)
        stage = BY_NAME[name]
        partitions = list(context.partition_keys) if stage.per_task else [ALL]
        report = refresh(stage, partitions, compute, self.lake, self.settings, workers or self.workers, self.progress)
        if stage.per_task:
            for partition in partitions:
                context.add_asset_metadata(
                    {"status": _status(report, partition), **report.metadata.get(partition, {})}, partition_key=partition
                )
        return dg.MaterializeResult(metadata=summary(report))

    def stale(self, partitions: Sequence[str], name: str) -> Iterator[Inputs]:
        """Inputs of those of ``partitions`` that :meth:`materialise` would compute; without those whose inputs are not there."""
        status = PartitionStatus.of(BY_NAME[name], partitions, self.lake, self.settings)
        for partition in status.todo:
            with suppress(MissingInput, CorruptPartition):
                yield status.inputs(partition)

    def hold(self, run_id: str) -> None:
        """Take the writer's lock until this process ends.

        Raises:
            Locked: another process is writing.
        """
        self.lock.take(run_id)
        atexit.register(self.lock.release)


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
