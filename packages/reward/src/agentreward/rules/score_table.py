"""Rule scores of many runs as one Arrow table, built column by column: the rows of :func:`agentreward.rules.scorer.scored_run`."""

from collections.abc import Iterable, Mapping
from itertools import accumulate

from trajschema.record import SCHEMA_VERSION
from trajschema.score import StepScore
from trajschema.trajectory import Trajectory

from agentreward.errors import MissingExtra
from agentreward.rules.facts import RuleScore
from agentreward.rules.registry import DEFAULT_RULES
from agentreward.rules.rubrics import Rule
from agentreward.rules.scorer import ScoreColumns, scored_run

try:
    import pyarrow as pa
    from trajschema.arrow import arrow_schema
except ImportError as missing:
    raise MissingExtra("scores as tables", "tables") from missing

_SCHEMA = arrow_schema(StepScore)


def score_table(trajectories: Iterable[Trajectory], *, scorer_version: str, rules: Mapping[str, Rule] = DEFAULT_RULES) -> pa.Table:
    """Scores of every agent step on each rubric of ``rules`` and the gate: columns of ``StepScore``, in order of runs and steps."""
    runs = [(t.trajectory_id, scored_run(t, scorer_version=scorer_version, rules=rules).columns()) for t in trajectories]
    columns = {name: [value for _, run in runs for value in getattr(run, name)] for name in ScoreColumns._fields}
    columns["trajectory_id"] = [trajectory_id for trajectory_id, run in runs for _ in run.score]
    n = len(columns["trajectory_id"])
    columns |= {"schema_version": [SCHEMA_VERSION] * n, "layer": ["rule"] * n, "scorer_version": [scorer_version] * n}
    columns["evidence"] = _evidence(columns["evidence"])
    return pa.Table.from_arrays([pa.array(columns[f.name], f.type) for f in _SCHEMA], schema=_SCHEMA)


def _evidence(evidence: list[tuple[RuleScore, ...]]) -> pa.Array:
    """Lists of structs, from offsets and flat columns: no dict for each."""
    kind = _SCHEMA.field("evidence").type
    flat = [given for row in evidence for given in row]
    columns = {
        "rule_id": pa.array([m.rule for m in flat], pa.string()),
        "steps": pa.ListArray.from_arrays(
            _offsets([len(m.steps) for m in flat]),
            pa.array([s for m in flat for s in m.steps], pa.int64()),
            type=kind.value_type.field("steps").type,
        ),
        "quote": pa.array([m.quote for m in flat], pa.string()),
        "score": pa.nulls(len(flat), pa.float64()),
    }
    fields = list(kind.value_type)
    return pa.ListArray.from_arrays(
        _offsets([len(row) for row in evidence]), pa.StructArray.from_arrays([columns[f.name] for f in fields], fields=fields), type=kind
    )


def _offsets(sizes: list[int]) -> pa.Array:
    return pa.array([0, *accumulate(sizes)], pa.int32())
