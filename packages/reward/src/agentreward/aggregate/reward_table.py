"""Rewards of many runs at once, from columns: what :func:`agentreward.aggregate.fusion.reward` gives for each, to the last bit.

The score table has a row for each step, rubric and layer. Its values are laid out as one column a rubric and layer over all steps,
and the sums of :mod:`agentreward.aggregate.fusion` run down these columns in the same order. Process and outcome are those of
the scalar path.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from trajschema.outcome import Outcome
from trajschema.record import SCHEMA_VERSION
from trajschema.score import Reward

from agentreward.aggregate.fusion import GATE, PROGRESS, total_of
from agentreward.aggregate.outcomes import outcome_value
from agentreward.aggregate.process_reward import UNIT, StepValue, process_score
from agentreward.aggregate.score_columns import Columns, Floats, Ints, columns_of, runs_of
from agentreward.aggregate.weights import Weights
from agentreward.errors import MissingExtra

try:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa
    from trajschema.arrow import arrow_schema
except ImportError as missing:
    raise MissingExtra("rewards of whole tables", "tables") from missing


_NONE = -1.0


class Weighed(NamedTuple):
    """All steps, one entry each. ``reward`` is nan where there is none; ``fused`` is rubric → score, nan where there is none."""

    reward: Floats
    gate: Ints
    advances: npt.NDArray[np.bool_]
    fused: dict[str, Floats]


def reward_table(runs: pa.Table, scores: pa.Table, outcomes: Mapping[str, Outcome], weights: Weights) -> pa.Table:
    """A row with the columns of ``Reward`` for each row of ``runs``, in its order.

    Args:
        runs: what :func:`agentreward.aggregate.score_columns.run_table` gives.
        scores: columns of ``StepScore`` of those runs, both layers, in any order; evidence is not read.
        outcomes: by trajectory id, examined already where they are claims (:mod:`agentreward.aggregate.claims`).

    Raises:
        ScoreMismatch: a score of no agent step of these runs, or two of one layer for one rubric of a step.
    """
    layout = runs_of(runs)
    columns = columns_of(layout, scores)
    steps = weigh(columns, weights)
    process = _processes(layout.starts, steps, weights)
    found: dict[str, list[object]] = {name: [] for name in ("process", "outcome", "total", "verdict", "missing_reason", "scorer_versions")}
    for i, name in enumerate(layout.trajectories):
        outcome = outcomes.get(name)
        seen = outcome_value(outcome, weights)
        total, reason = total_of(seen, process[i], weights)
        versions = dict(columns.versions[i])
        if outcome is not None:
            versions["grader"] = outcome.grader_version
        row = (process[i], seen.value, total, seen.verdict, reason, [f"{layer}={v}" for layer, v in sorted(versions.items())])
        for column, value in zip(found.values(), row, strict=True):
            column.append(value)
    schema = arrow_schema(Reward)
    n = len(layout.trajectories)
    made = {
        **found,
        "schema_version": pa.repeat(SCHEMA_VERSION, n),
        **{name: runs[name] for name in ("trajectory_id", "rollout_id", "task_id", "agent", "control")},
        "step_rewards": _step_rewards(layout.starts, layout.step_ids, steps, schema.field("step_rewards").type),
        "judged": columns.judged,
        "agent_steps": np.diff(layout.starts),
        "gated_steps": np.add.reduceat(np.append(1 - steps.gate, 0), layout.starts[:-1]) * (np.diff(layout.starts) > 0),
        "weights_version": pa.repeat(weights.version, n),
    }
    arrays = [made[f.name] if isinstance(made[f.name], pa.ChunkedArray) else pa.array(made[f.name], f.type) for f in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def weigh(columns: Columns, weights: Weights) -> Weighed:
    """What each step comes to."""
    layer_weight = {"judge": weights.judge, "rule": weights.rule}
    fused = {}
    for rubric in sorted(columns.rubrics - {GATE}):
        parts = [(w, columns.values[rubric, layer]) for layer, w in layer_weight.items() if (rubric, layer) in columns.values]
        fused[rubric] = _fused(parts, columns.steps)
    value = np.minimum(1.0, _mean([(weights.rubrics.get(name, 0.0), score) for name, score in fused.items()], columns.steps))
    none = np.full(columns.steps, np.nan)
    gate = np.where(columns.values.get((GATE, "rule"), none) == 0, 0, 1)
    by_rule = columns.values.get((PROGRESS, "rule"), none)
    progress = np.where(np.isnan(by_rule), fused.get(PROGRESS, none), by_rule)
    return Weighed(_rounded(gate * value), gate, np.isnan(progress) | (progress >= weights.advance_at), fused)


def _fused(parts: Sequence[tuple[float, Floats]], n: int) -> Floats:
    """The mean of both layers where both are there; else the one that is."""
    alone = np.full(n, np.nan)
    for _, scores in parts:
        alone = np.where(np.isnan(alone), scores, alone)
    both = sum(~np.isnan(scores) for _, scores in parts) == 2
    return np.where(both, _mean(parts, n), alone)


def _mean(parts: Sequence[tuple[float, Floats]], n: int) -> Floats:
    """Σ w·s / Σ w down the columns, from left to right over what is there; nan where the weights there are 0 in sum."""
    weight, amount = np.zeros(n), np.zeros(n)
    for w, scores in parts:
        there = ~np.isnan(scores)
        weight[there] += w
        amount[there] += w * scores[there]
    found: Floats = np.divide(amount, weight, out=np.full(n, np.nan), where=weight > 0)
    return found


def _rounded(values: Floats) -> Floats:
    """As ``rounded`` of the process reward: half goes to even in both, and 1e12 and every multiple of a reward are exact."""
    found: Floats = np.rint(values * UNIT) / UNIT
    return found


def _processes(starts: Ints, steps: Weighed, weights: Weights) -> list[float | None]:
    values = list(map(StepValue, steps.reward.tolist(), steps.gate.tolist(), steps.advances.tolist()))
    runs = [[v for v in values[a:b] if v.reward == v.reward] for a, b in pairwise(starts.tolist())]
    return [process_score(run, weights.default_process_reward) for run in runs]


def _step_rewards(starts: Ints, step_ids: Ints, steps: Weighed, type_: pa.DataType) -> pa.Array:
    texts = _rubric_texts(steps.fused, len(step_ids))
    values = {
        "step_id": pa.array(step_ids),
        "reward": pa.array(steps.reward, mask=np.isnan(steps.reward)),
        "gate": pa.array(steps.gate),
        "rubric_scores": pa.array(texts, pa.string()),
    }
    fields = list(type_.value_type)
    structs = pa.StructArray.from_arrays([values[f.name] for f in fields], fields=fields)
    return pa.ListArray.from_arrays(pa.array(starts, pa.int32()), structs, type=type_)


def _rubric_texts(fused: Mapping[str, Floats], n: int) -> list[str]:
    """JSON of the fused scores of each step; scores that occur together again are written once."""
    names = sorted(fused)
    if not names:
        return ["{}"] * n
    heads = [f"{json.dumps(name)}: " for name in names]
    known: dict[tuple[float | None, ...], str] = {}
    texts = []
    for row in zip(*(_rounded(np.nan_to_num(fused[name], nan=_NONE)).tolist() for name in names), strict=True):
        if row not in known:
            known[row] = "{" + ", ".join(head + repr(score) for head, score in zip(heads, row, strict=True) if score != _NONE) + "}"
        texts.append(known[row])
    return texts
