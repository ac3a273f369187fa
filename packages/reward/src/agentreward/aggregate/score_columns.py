"""A score table laid out by step: one column for each rubric and layer."""

from collections.abc import Container
from typing import NamedTuple

from agentreward.aggregate.fusion import ScoreMismatch
from agentreward.errors import MissingExtra

try:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa
    import pyarrow.compute as pc
except ImportError as missing:
    raise MissingExtra("rewards of whole tables", "tables") from missing

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Runs(NamedTuple):
    """Runs one after the other: steps ``starts[i]`` to ``starts[i + 1]`` are those of run i."""

    trajectories: list[str]
    starts: Ints
    step_ids: Ints


class Columns(NamedTuple):
    """``values`` by rubric and layer, each with an entry for all ``steps``, nan where a score is missing.

    ``versions`` and ``judged`` are by run: layer → scorer version, and whether a judge score is there.
    """

    steps: int
    rubrics: set[str]
    values: dict[tuple[str, str], Floats]
    versions: list[dict[str, str]]
    judged: npt.NDArray[np.bool_]


def run_table(trajectories: pa.Table, controls: Container[str | None] = ()) -> pa.Table:
    """What a reward needs of each trajectory: its ids, agent, ``control`` and ``agent_steps`` (ids of the steps that the agent took).

    Args:
        trajectories: columns of ``Trajectory``; messages and observations are not read.
        controls: rollout ids of the controls.
    """
    ids = [trajectories[name] for name in ("trajectory_id", "rollout_id", "task_id", "agent")]
    control = pa.array([rollout in controls for rollout in trajectories["rollout_id"].to_pylist()], pa.bool_())
    steps = trajectories["steps"].combine_chunks()
    flat = steps.flatten()
    agent = pc.equal(pc.struct_field(flat, "source"), "agent")
    owner = np.asarray(pc.list_parent_indices(steps).filter(agent), dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(steps)))])
    taken = pa.ListArray.from_arrays(pa.array(starts, pa.int32()), pc.struct_field(flat, "step_id").filter(agent))
    return pa.table([*ids, control, taken], names=["trajectory_id", "rollout_id", "task_id", "agent", "control", "agent_steps"])


def runs_of(runs: pa.Table) -> Runs:
    """The order of runs and steps."""
    steps = runs["agent_steps"].combine_chunks()
    counts = np.asarray(pc.list_value_length(steps), dtype=np.int64)
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
    return Runs(runs["trajectory_id"].to_pylist(), starts, np.asarray(steps.flatten(), dtype=np.int64))


def columns_of(runs: Runs, scores: pa.Table) -> Columns:
    """``scores`` laid out by the steps of ``runs``.

    Raises:
        ScoreMismatch: see :func:`agentreward.aggregate.reward_table.reward_table`.
    """
    run = _codes(scores["trajectory_id"], runs.trajectories)
    step = np.asarray(scores["step_id"], dtype=np.int64)
    place = _places(runs, run, step)
    if (place < 0).any():
        i = int(np.flatnonzero(place < 0)[0])
        raise ScoreMismatch(f"{scores['trajectory_id'][i]}: a score of step {step[i]}, which is no agent step of the runs given")
    score = np.asarray(pc.fill_null(scores["score"], np.nan), dtype=np.float64)
    rubric, layer = (scores[name].combine_chunks().dictionary_encode() for name in ("rubric_id", "layer"))
    rubric_code, layer_code = (np.asarray(a.indices, dtype=np.int64) for a in (rubric, layer))
    rubrics, layers = rubric.dictionary.to_pylist(), layer.dictionary.to_pylist()
    n = len(runs.step_ids)
    flat = (rubric_code * len(layers) + layer_code) * n + place
    table = np.full(len(rubrics) * len(layers) * n, np.nan)
    taken = np.zeros(len(table), dtype=bool)
    taken[flat] = True
    if len(flat) != np.count_nonzero(taken):
        raise _twice(scores, flat)
    table[flat] = score
    by_column = table.reshape(len(rubrics), len(layers), n)
    values = {(r, name): by_column[i, j] for i, r in enumerate(rubrics) for j, name in enumerate(layers)}
    judged = np.zeros(len(runs.trajectories), dtype=bool)
    if "judge" in layers:
        judged[run[(layer_code == layers.index("judge")) & ~np.isnan(score)]] = True
    return Columns(n, set(rubrics), values, _versions(scores, run, layer_code, layers, len(runs.trajectories)), judged)


def _codes(names: pa.ChunkedArray, known: list[str]) -> Ints:
    """Position of each name in ``known``; -1 for a stranger."""
    encoded = names.combine_chunks().dictionary_encode()
    position = {name: i for i, name in enumerate(known)}
    of_code = np.array([position.get(name, -1) for name in encoded.dictionary.to_pylist()] or [-1], dtype=np.int64)
    return np.asarray(of_code[np.asarray(encoded.indices, dtype=np.int64)])


def _places(runs: Runs, run: Ints, step: Ints) -> Ints:
    """Position of each score's step among all steps; -1 where there is no such step."""
    if not len(runs.step_ids):
        return np.full(len(run), -1, dtype=np.int64)
    width = int(max(runs.step_ids.max(), step.max(initial=0))) + 1
    owner = np.repeat(np.arange(len(runs.trajectories)), np.diff(runs.starts))
    keys = owner * width + runs.step_ids
    order = np.argsort(keys, kind="stable")
    wanted = run * width + step
    at = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    return np.where((keys[order][at] == wanted) & (run >= 0), order[at], -1)


def _twice(scores: pa.Table, flat: Ints) -> ScoreMismatch:
    order = np.argsort(flat, kind="stable")
    i = int(order[1:][flat[order][1:] == flat[order][:-1]].min())
    row = scores.slice(i, 1).to_pylist()[0]
    return ScoreMismatch(
        f"{row['trajectory_id']}: two {row['layer']} scores of {row['rubric_id']} for step {row['step_id']}; pass one scorer version"
    )


def _versions(scores: pa.Table, run: Ints, layer: Ints, layers: list[str], n: int) -> list[dict[str, str]]:
    """Of each run and layer, the version of the last score."""
    last = np.full((n, max(1, len(layers))), -1, dtype=np.int64)
    np.maximum.at(last, (run, layer), np.arange(len(run)))
    encoded = scores["scorer_version"].combine_chunks().dictionary_encode()
    names, codes = encoded.dictionary.to_pylist(), np.asarray(encoded.indices, dtype=np.int64)
    return [{layers[j]: names[codes[i]] for j, i in enumerate(row) if i >= 0} for row in last.tolist()]
