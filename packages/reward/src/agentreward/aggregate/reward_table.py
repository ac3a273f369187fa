"""Rewards of many runs as one Arrow table: score rows in, a row with the columns of ``Reward`` for each run out.

The sums are those of :mod:`agentreward.aggregate.fusion`; here is only how tables are read and made, column by column.
"""

from collections.abc import Container, Iterable, Mapping
from itertools import accumulate
from typing import Any

from trajschema.outcome import Outcome
from trajschema.record import SCHEMA_VERSION
from trajschema.score import Reward

from agentreward.aggregate.fusion import Fusion, RunScores, ScoreMismatch, WeighedStep, named_versions
from agentreward.aggregate.weights import Weights
from agentreward.errors import MissingExtra

try:
    import pyarrow as pa
    import pyarrow.compute as pc
    from trajschema.arrow import arrow_schema
except ImportError as missing:
    raise MissingExtra("rewards of whole tables", "tables") from missing

_COPIED = ("trajectory_id", "rollout_id", "task_id", "agent", "control")


def run_table(trajectories: pa.Table, controls: Container[str | None] = ()) -> pa.Table:
    """What a reward needs of each trajectory: its ids, agent, ``control`` and ``agent_steps`` (ids of the steps that the agent took).

    Args:
        trajectories: columns of ``Trajectory``; messages and observations are not read.
        controls: rollout ids of the controls.
    """
    control = pa.array([rollout in controls for rollout in trajectories["rollout_id"].to_pylist()], pa.bool_())
    steps = trajectories["steps"].combine_chunks()
    flat = steps.flatten()
    agent = pc.equal(pc.struct_field(flat, "source"), "agent")
    taken: list[list[int]] = [[] for _ in range(len(steps))]
    of_run, ids = pc.list_parent_indices(steps).filter(agent), pc.struct_field(flat, "step_id").filter(agent)
    for run, step_id in zip(of_run.to_pylist(), ids.to_pylist(), strict=True):
        taken[run].append(step_id)
    columns = [*(trajectories[name] for name in _COPIED[:-1]), control, pa.array(taken, pa.list_(pa.int64()))]
    return pa.table(columns, names=[*_COPIED, "agent_steps"])


def reward_table(runs: pa.Table, scores: pa.Table, outcomes: Mapping[str, Outcome], weights: Weights) -> pa.Table:
    """A row with the columns of ``Reward`` for each row of ``runs``, in its order.

    Args:
        runs: what :func:`run_table` gives.
        scores: columns of ``StepScore`` of those runs, both layers, in any order; evidence is not read.
        outcomes: by trajectory id; claims must have gone through :func:`agentreward.aggregate.claims.examined`.

    Raises:
        ScoreMismatch: a score of no agent step of these runs, or two of one layer for one rubric of a step.
    """
    ids, agent_steps = runs["trajectory_id"].to_pylist(), runs["agent_steps"].to_pylist()
    known = {name: RunScores(name, steps) for name, steps in zip(ids, agent_steps, strict=True)}
    versions = _read_scores(scores, known)
    fusion = Fusion(weights)
    found = []
    for name in ids:
        outcome = outcomes.get(name)
        found.append(fusion.run(known[name], outcome))
        if outcome is not None:
            versions[name]["grader"] = outcome.grader_version
    schema = arrow_schema(Reward)
    columns = {
        **{name: runs[name].combine_chunks() for name in _COPIED},
        "schema_version": [SCHEMA_VERSION] * len(ids),
        "step_rewards": _step_rewards([run.steps for run in found], schema.field("step_rewards").type),
        "process": [run.process for run in found],
        "outcome": [run.outcome.value for run in found],
        "total": [run.total for run in found],
        "verdict": [run.outcome.verdict for run in found],
        "confirmation": [outcomes[name].confirmation if name in outcomes else None for name in ids],
        "missing_reason": [run.missing_reason for run in found],
        "judged": [known[name].judged for name in ids],
        "agent_steps": [len(steps) for steps in agent_steps],
        "gated_steps": [run.gated_steps for run in found],
        "weights_version": [weights.version] * len(ids),
        "scorer_versions": [named_versions(versions[name]) for name in ids],
    }
    return pa.Table.from_arrays([c if isinstance(c := columns[f.name], pa.Array) else pa.array(c, f.type) for f in schema], schema=schema)


def _read_scores(scores: pa.Table, runs: Mapping[str, RunScores]) -> dict[str, dict[str, str]]:
    """Hand each score to its run; run → layer → version of its last score."""
    versions: dict[str, dict[str, str]] = {name: {} for name in runs}
    words = (_words(scores[name]) for name in ("trajectory_id", "rubric_id", "layer", "scorer_version"))
    for step_id, score, name, rubric, layer, version in zip(
        scores["step_id"].to_pylist(), scores["score"].to_pylist(), *words, strict=True
    ):
        if name not in runs:
            raise ScoreMismatch(f"{name}: a score of step {step_id}, which is no agent step of the runs given")
        runs[name].add(step_id, layer, {rubric: score})
        versions[name][layer] = version
    return versions


def _words(column: pa.ChunkedArray) -> Iterable[Any]:
    """Values of a column with few distinct texts, each text created once."""
    encoded = column.combine_chunks().dictionary_encode()
    return map(encoded.dictionary.to_pylist().__getitem__, encoded.indices.to_pylist())


def _step_rewards(runs: list[list[WeighedStep]], kind: pa.DataType) -> pa.Array:
    steps = [step for run in runs for step in run]
    values = {
        "step_id": [s.step_id for s in steps],
        "reward": [s.reward for s in steps],
        "gate": [s.gate for s in steps],
        "rubric_scores": [s.text for s in steps],
    }
    fields = list(kind.value_type)
    structs = pa.StructArray.from_arrays([pa.array(values[f.name], f.type) for f in fields], fields=fields)
    return pa.ListArray.from_arrays(pa.array([0, *accumulate(map(len, runs))], pa.int32()), structs, type=kind)
