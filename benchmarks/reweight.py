"""What a change of weights costs: rewards of 3,000 trajectories of 50 steps from their stored scores, on one core.

Beside tables in and out stand records, a trajectory at a time, on a tenth of the runs. Both give the same rewards.

.venv/bin/python benchmarks/reweight.py [--json] [--trajectories N] [--steps N]
"""

import argparse
import json
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pyarrow as pa
from agentreward.aggregate.fusion import reward
from agentreward.aggregate.reward_table import reward_table
from agentreward.aggregate.weights import Weights
from rich.console import Console
from rich.table import Table
from trajschema.arrow import arrow_schema, from_table, to_table
from trajschema.outcome import Outcome
from trajschema.score import RUBRICS, Reward, StepScore

ROUNDS = 5
T = TypeVar("T")


def score_table(trajectories: int, steps: int) -> pa.Table:
    """Rule scores of every step on five rubrics and the gate: a third of them of few values, as rules give, the rest any."""
    dice = np.random.default_rng(0)
    rubrics = (*RUBRICS, "gate")
    n = trajectories * steps * len(rubrics)
    names = pa.array([f"t{i:06d}" for i in range(trajectories)])
    rubric = np.tile(np.arange(len(rubrics)), trajectories * steps)
    score = np.where(dice.random(n) < 1 / 3, dice.choice([0.0, 0.3, 0.5, 0.75, 1.0], n), dice.random(n))
    columns = {
        "trajectory_id": names.take(pa.array(np.repeat(np.arange(trajectories), steps * len(rubrics)))),
        "step_id": pa.array(np.tile(np.repeat(np.arange(2, steps + 2), len(rubrics)), trajectories)),
        "rubric_id": pa.array(rubrics).take(pa.array(rubric)),
        "layer": pa.repeat("rule", n),
        "score": pa.array(np.where(rubric == len(RUBRICS), (score > 0.05).astype(float), score)),
        "scorer_version": pa.repeat("v1", n),
    }
    schema = arrow_schema(StepScore)
    empty = {f.name: pa.nulls(n, f.type) for f in schema if f.name not in columns}
    empty |= {"schema_version": pa.repeat(StepScore.model_fields["schema_version"].default, n), "evidence": _no_evidence(schema, n)}
    return pa.table({**columns, **empty}).select(schema.names).cast(schema)


def _no_evidence(schema: pa.Schema, n: int) -> pa.Array:
    return pa.array([[]], schema.field("evidence").type).take(pa.array(np.zeros(n, dtype=np.int64)))


def run_table(trajectories: int, steps: int) -> pa.Table:
    """The runs that the scores are of."""
    names = [f"t{i:06d}" for i in range(trajectories)]
    offsets = pa.array(np.arange(0, (trajectories + 1) * steps, steps), pa.int32())
    taken = pa.ListArray.from_arrays(offsets, pa.array(np.tile(np.arange(2, steps + 2), trajectories)))
    return pa.table(
        {
            "trajectory_id": names,
            "rollout_id": names,
            "task_id": [f"k{i // 8}" for i in range(trajectories)],
            "agent": pa.repeat("a", trajectories),
            "control": pa.repeat(False, trajectories),
            "agent_steps": taken,
        }
    )


def outcomes(trajectories: int) -> dict[str, Outcome]:
    """Every third run is resolved."""
    return {
        f"t{i:06d}": Outcome(
            rollout_id=f"t{i:06d}", task_id=f"k{i // 8}", verdict="unresolved" if i % 3 else "resolved", fail_to_pass_total=2
        )
        for i in range(trajectories)
    }


def record_wise(runs: pa.Table, scores: pa.Table, known: dict[str, Outcome], weights: Weights) -> pa.Table:
    """The same through records, one trajectory at a time."""
    mine: dict[str, list[StepScore]] = defaultdict(list)
    for s in from_table(StepScore, scores):
        mine[s.trajectory_id].append(s)
    return to_table(
        Reward,
        [
            reward(
                r["trajectory_id"],
                r["agent_steps"],
                known[r["trajectory_id"]],
                mine[r["trajectory_id"]],
                weights,
                rollout_id=r["rollout_id"],
                task_id=r["task_id"],
                agent=r["agent"],
                control=r["control"],
                versions={"rule": "v1", "grader": ""},
            )
            for r in runs.to_pylist()
        ],
    )


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds, and what came out."""
    began = time.perf_counter()
    made = work()
    return time.perf_counter() - began, made


def main() -> None:
    """Measure, print the table, and with ``--json`` one object on the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    parser.add_argument("--trajectories", type=int, default=3_000)
    parser.add_argument("--steps", type=int, default=50)
    asked = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    pa.set_cpu_count(1)
    n, few = asked.trajectories, max(1, asked.trajectories // 10)
    runs, scores, known = run_table(n, asked.steps), score_table(n, asked.steps), outcomes(n)
    some_runs, some_scores = runs.slice(0, few), scores.slice(0, few * asked.steps * (len(RUBRICS) + 1))
    weights = [Weights(outcome=0.5 + i / 100) for i in range(ROUNDS)]
    columns = [timed(lambda w=w: reward_table(runs, scores, known, w)) for w in weights]  # type: ignore[misc]
    rows = [timed(lambda w=w: record_wise(some_runs, some_scores, known, w)) for w in weights[:3]]  # type: ignore[misc]
    for (_, whole), (_, part) in zip(columns, rows, strict=False):
        if not whole.slice(0, few).equals(part):
            raise SystemExit("the two paths differ")
    by_columns, by_rows = (statistics.median(seconds for seconds, _ in found) for found in (columns, rows))
    rates = {"columns": n * asked.steps / by_columns, "records": few * asked.steps / by_rows}
    table = Table("path", "trajectories", "steps", "seconds (median)", "steps/s", "to records")
    for path, count, seconds in (("columns", n, by_columns), ("records", few, by_rows)):
        ratio = rates[path] / rates["records"]
        table.add_row(path, f"{count:,}", f"{count * asked.steps:,}", f"{seconds:.2f}", f"{rates[path]:,.0f}", f"{ratio:.1f}x")
    Console().print(table)
    if asked.json:
        found = {"columns_seconds": by_columns, "records_seconds_of_a_tenth": by_rows, "steps_per_second": rates}
        print(json.dumps({"trajectories": n, "steps_each": asked.steps, **found}))


if __name__ == "__main__":
    main()
