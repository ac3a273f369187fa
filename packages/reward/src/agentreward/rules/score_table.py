"""Rule scores of many runs as one Arrow table, built column by column: the rows of :func:`agentreward.rules.scorer.score_rules`."""

from collections.abc import Iterable, Mapping
from itertools import accumulate

from trajschema.record import SCHEMA_VERSION
from trajschema.score import StepScore
from trajschema.trajectory import Trajectory

from agentreward.errors import MissingExtra
from agentreward.rules.facts import RuleScore
from agentreward.rules.registry import RULES, Rule
from agentreward.rules.scorer import GATE, RuleScorer

try:
    import pyarrow as pa
    from trajschema.arrow import arrow_schema
except ImportError as missing:
    raise MissingExtra("scores as tables", "tables") from missing

_SCHEMA = arrow_schema(StepScore)


def score_table(trajectories: Iterable[Trajectory], *, scorer_version: str, rules: Mapping[str, Rule] = RULES) -> pa.Table:
    """Scores of every agent step on each rubric of ``rules`` and the gate: columns of ``StepScore``, in order of runs and steps."""
    rubrics = (*rules, GATE)
    runs: list[str] = []
    steps: list[int] = []
    scores: list[float | None] = []
    reasons: list[str | None] = []
    marks: list[tuple[RuleScore, ...]] = []
    for trajectory in trajectories:
        scorer = RuleScorer(rules)
        for step in trajectory.steps:
            scored = scorer.feed(step)
            if scored is None:
                continue
            runs.extend([trajectory.trajectory_id] * len(rubrics))
            steps.extend([scored.step_id] * len(rubrics))
            scores.extend([scored.scores.get(rubric) for rubric in rubrics])
            reasons.extend([None if rubric in scored.scores else scored.missing_reason for rubric in rubrics])
            marks.extend([scored.marks.get(rubric, ()) for rubric in rubrics])
    columns = {
        "schema_version": [SCHEMA_VERSION] * len(runs),
        "trajectory_id": runs,
        "step_id": steps,
        "rubric_id": list(rubrics) * (len(runs) // len(rubrics)),
        "layer": ["rule"] * len(runs),
        "score": scores,
        "missing_reason": reasons,
        "evidence": _evidence(marks),
        "scorer_version": [scorer_version] * len(runs),
    }
    return pa.Table.from_arrays([pa.array(columns[f.name], f.type) for f in _SCHEMA], schema=_SCHEMA)


def _evidence(marks: list[tuple[RuleScore, ...]]) -> pa.Array:
    """Lists of structs, from offsets and flat columns: no dict for each."""
    kind = _SCHEMA.field("evidence").type
    flat = [mark for row in marks for mark in row]
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
        _offsets([len(row) for row in marks]), pa.StructArray.from_arrays([columns[f.name] for f in fields], fields=fields), type=kind
    )


def _offsets(sizes: list[int]) -> pa.Array:
    return pa.array([0, *accumulate(sizes)], pa.int32())
