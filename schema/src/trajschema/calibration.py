"""Calibration: how far rewards agree with people."""

from pydantic import Field

from trajschema.record import Part, Record


class Figure(Part):
    """One statistic with its interval."""

    name: str = Field(description="pearson_r, spearman_rho, agreement_rate, …")
    slice: str = Field("all", description="Part of the data it was computed on: all, or `agent=…`, `repo=…`.")
    value: float | None = Field(None, description="Missing where it cannot be computed.")
    low: float | None = Field(None, description="Lower end of the 95 % interval, resampling tasks.")
    high: float | None = Field(None, description="Upper end of the 95 % interval.")
    n: int = Field(0, ge=0, description="Units it rests on.")
    reason: str | None = Field(None, description="Why there is no value.")


class Calibration(Record):
    """Agreement figures, the trivial baselines beside them, and the human ceiling."""

    labels: int = Field(ge=0, description="Labels read.")
    used: int = Field(ge=0, description="Labels that name a known trajectory or pair.")
    annotators: int = Field(0, ge=0, description="People who gave labels.")
    status: str = Field(description="`not calibrated: 0 labels`, or `calibrated`.")
    figures: tuple[Figure, ...] = Field((), description="Agreement of rewards with people.")
    baselines: tuple[Figure, ...] = Field((), description="The same statistics for trivial scorers: outcome alone, shorter is better.")
    ceiling: tuple[Figure, ...] = Field((), description="Agreement between annotators.")
    problems: tuple[str, ...] = Field((), description="Labels left out, each with its reason.")
