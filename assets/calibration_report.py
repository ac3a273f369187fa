"""calibration_report: how far the rewards agree with people, or that there are no labels yet and how to give some."""

from collections.abc import Iterator

import dagster as dg
from agentreward.calibration.labels import read_labels
from agentreward.calibration.report import calibrate_labels
from trajschema.arrow import from_table, to_table
from trajschema.calibration import Calibration, Figure
from trajschema.preference import PreferencePair
from trajschema.score import Reward

from resources.asset_options import asset_options
from resources.incremental.asset import Incremental
from resources.incremental.run import Inputs, StageResult
from resources.settings import Settings


def asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset under ``settings``."""
    options = asset_options("calibration_report", settings, kinds={"numpy"}, description=__doc__)
    options["deps"] = [*options["deps"], "human_labels"]

    @dg.asset(**options)
    def calibration_report(context: dg.AssetExecutionContext, incremental: Incremental) -> Iterator[dg.MaterializeResult]:
        yield from incremental.materialise(context, "calibration_report", lambda inputs: calibrate(inputs, incremental.settings))

    return calibration_report


def calibrate(inputs: Inputs, settings: Settings) -> StageResult:
    """Agreement of rewards with the labels that are there."""
    labels, problems = read_labels(settings.labels_file)
    report = calibrate_labels(labels, from_table(Reward, inputs["rewards"]), from_table(PreferencePair, inputs["preference_pairs"]))
    report = report.model_copy(update={"problems": (*problems, *report.problems)})
    return StageResult(to_table(Calibration, [report]), metadata={"status": report.status, "figures": dg.MetadataValue.md(table(report))})


def table(report: Calibration) -> str:
    """The figures as a Markdown table; what is missing says why."""
    rows = [f"| {f.name} | {f.slice} | {_number(f)} | {f.n} |" for f in (*report.figures, *report.baselines, *report.ceiling)]
    lines = ["| figure | slice | value (95 %) | n |", "|---|---|---|---|", *rows]
    return "\n".join([*lines, "", *(f"- {p}" for p in report.problems)])


def _number(figure: Figure) -> str:
    if figure.value is None:
        return figure.reason or "missing"
    interval = f" ({figure.low:.2f} to {figure.high:.2f})" if figure.low is not None and figure.high is not None else ""
    return f"{figure.value:.2f}{interval}"
