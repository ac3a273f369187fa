"""Checks: one a stage that shows what failed and blocks nothing, and the gate in front of the release."""

import dagster as dg

from pipelines.problems import control_faults, problems
from resources.incremental.asset import Incremental
from resources.stages import PER_TASK


def build() -> list[dg.AssetChecksDefinition]:
    """All asset checks."""
    return [*(_complete(name) for name in PER_TASK), release_gate]


def _complete(name: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=name, name=f"{name}_complete", blocking=False, description="Every task of the pool has its partition, and none failed."
    )
    def check(incremental: dg.ResourceParam[Incremental]) -> dg.AssetCheckResult:
        wrong = problems(incremental.lake, (name,))
        return dg.AssetCheckResult(
            passed=not wrong, severity=dg.AssetCheckSeverity.WARN, metadata={"failed": len(wrong), "which": _shown(wrong)}
        )

    return check


@dg.asset_check(
    asset="calibration_report",
    blocking=True,
    description="Nothing failed and the controls prove the grader; otherwise there is no release, and the run ends failed.",
)
def release_gate(incremental: dg.ResourceParam[Incremental]) -> dg.AssetCheckResult:
    wrong = {**problems(incremental.lake, (*PER_TASK, "calibration_report")), **control_faults(incremental.lake)}
    return dg.AssetCheckResult(
        passed=not wrong, severity=dg.AssetCheckSeverity.ERROR, metadata={"failed": len(wrong), "which": _shown(wrong)}
    )


def _shown(wrong: dict[str, str]) -> dg.MetadataValue:
    return dg.MetadataValue.md("\n".join(f"- {where}: {why}" for where, why in list(wrong.items())[:200]) or "nothing")
