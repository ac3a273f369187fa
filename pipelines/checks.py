"""Checks: one a stage that names what failed and ends the run failed, and the gate in front of the release."""

from collections.abc import Iterator

import dagster as dg

from pipelines.problems import control_faults, problems
from resources.incremental.asset import Incremental
from resources.stages import PER_TASK


def build() -> list[dg.AssetChecksDefinition]:
    """All asset checks."""
    return [*(_complete(name) for name in PER_TASK), release_gate]


def _complete(name: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=name,
        name=f"{name}_complete",
        blocking=False,
        description="Every task of the pool has its partition, and none failed. A run in which one did ends failed; what follows goes on.",
    )
    def check(context: dg.AssetCheckExecutionContext, incremental: Incremental) -> Iterator[dg.AssetCheckResult]:
        wrong = problems(incremental.lake, (name,))
        yield dg.AssetCheckResult(
            passed=not wrong, severity=dg.AssetCheckSeverity.WARN, metadata={"failed": len(wrong), "which": _shown(wrong)}
        )
        undone = _undone(context, name)
        if undone:
            raise dg.Failure(f"{name}: {undone} partitions failed or were blocked", allow_retries=False)

    return check


def _undone(context: dg.AssetCheckExecutionContext, name: str) -> int:
    """Partitions of the stage that this run could not bring up to date."""
    event = context.instance.get_latest_materialization_event(dg.AssetKey(name))
    if event is None or event.run_id != context.run.run_id or event.asset_materialization is None:
        return 0
    metadata = event.asset_materialization.metadata
    return sum(int(str(metadata[count].value)) for count in ("failed", "blocked"))


@dg.asset_check(
    asset="calibration_report",
    blocking=True,
    description="Nothing failed and the controls prove the grader; otherwise there is no release, and the run ends failed.",
)
def release_gate(incremental: Incremental) -> dg.AssetCheckResult:
    wrong = {**problems(incremental.lake, (*PER_TASK, "calibration_report")), **control_faults(incremental.lake)}
    return dg.AssetCheckResult(
        passed=not wrong, severity=dg.AssetCheckSeverity.ERROR, metadata={"failed": len(wrong), "which": _shown(wrong)}
    )


def _shown(wrong: dict[str, str]) -> dg.MetadataValue:
    return dg.MetadataValue.md("\n".join(f"- {where}: {why}" for where, why in list(wrong.items())[:200]) or "nothing")
