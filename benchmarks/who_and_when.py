"""Which step was the mistake? The rules' lowest step, against positions that know nothing, on failures that people labelled.

The data set is who-and-when: failed conversations of several agents, each with the message that people called the decisive mistake. They
are mostly talk, and the rules judge what is done: calls and answers. So two predictions stand here: the lowest step reward among the
steps that do something (none in a conversation of mere talk: counted as wrong), and the lowest among all steps of agents, where talk has
reward 0. Ties go to the first. Beside them: always the second message, the best constant, and the best relative position, both
chosen on all other conversations. Exact: the very message. Within 2: at most two away. Intervals are Wilson's, 95 %.

.venv/bin/python benchmarks/who_and_when.py [--json] [--corpus FOLDER]
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from agentreward.aggregate.fusion import reward
from agentreward.aggregate.weights import Weights
from agentreward.rules.scorer import agent_steps
from rich.console import Console
from rich.table import Table
from trajtests.reward_cases import score_rules

sys.path.insert(0, str(Path(__file__).resolve().parent / "parts"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "packages" / "recorder" / "tests"))

from trajtests.recorder_cases import CORPUS
from who_and_when_runs import Labelled, labelled_runs

WITHIN = 2
POSITIONS = tuple(i / 20 for i in range(21))


def lowest(run: Labelled, *, acting: bool) -> int | None:
    """Index of the message with the lowest step reward; with ``acting`` of those that call something. ``None`` if there is none."""
    trajectory = run.trajectory
    scores = score_rules(trajectory, scorer_version="benchmark")
    found = reward(trajectory.trajectory_id, agent_steps(trajectory), None, scores, Weights())
    acts = {step.step_id for step in trajectory.steps if step.tool_calls}
    values = [(s.reward, s.step_id) for s in found.step_rewards if s.reward is not None and (s.step_id in acts or not acting)]
    return min(values)[1] - 1 if values else None


def elsewhere(runs: Sequence[Labelled], guesses: Sequence[Callable[[Labelled], int]]) -> list[int]:
    """For each run the guess that is exactly right most often on all others; of equals the first."""
    right = np.array([[guess(run) == run.mistake for run in runs] for guess in guesses])
    return [guesses[int(np.argmax(right.sum(axis=1) - right[:, i]))](run) for i, run in enumerate(runs)]


def _constant(index: int) -> Callable[[Labelled], int]:
    return lambda run: index


def _relative(share: float) -> Callable[[Labelled], int]:
    return lambda run: round(share * (len(run.trajectory.steps) - 1))


def share(right: int, of: int) -> dict[str, float]:
    """A share with Wilson's 95 % interval."""
    z, p = 1.959964, right / of
    middle, half = p + z * z / (2 * of), z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    return {"value": p, "low": max(0.0, middle - half) / (1 + z * z / of), "high": (middle + half) / (1 + z * z / of)}


def measured(runs: Sequence[Labelled]) -> dict[str, Any]:
    """Figures of one kind of conversations."""
    longest = max(len(run.trajectory.steps) for run in runs)
    predictions: dict[str, Sequence[int | None]] = {
        "lowest step that acts": [lowest(run, acting=True) for run in runs],
        "lowest step of all": [lowest(run, acting=False) for run in runs],
        "always the second": [1] * len(runs),
        "best constant": elsewhere(runs, [_constant(i) for i in range(longest)]),
        "best relative position": elsewhere(runs, [_relative(p) for p in POSITIONS]),
    }
    acting = [{s.step_id - 1 for s in run.trajectory.steps if s.tool_calls} for run in runs]
    return {
        "conversations": len(runs),
        "with_an_action": sum(map(bool, acting)),
        "mistake_acts": sum(run.mistake in acts for run, acts in zip(runs, acting, strict=True)),
        "chance": sum(1 / len(run.trajectory.steps) for run in runs) / len(runs),
        "predictions": {
            name: {
                "exact": share(sum(p == r.mistake for p, r in zip(found, runs, strict=True)), len(runs)),
                "within": share(sum(p is not None and abs(p - r.mistake) <= WITHIN for p, r in zip(found, runs, strict=True)), len(runs)),
            }
            for name, found in predictions.items()
        },
    }


def report(figures: dict[str, dict[str, Any]]) -> None:
    """The tables."""
    console = Console(width=140)
    for kind, found in figures.items():
        table = Table("prediction", "exact", f"within {WITHIN}", title=f"{kind}: {found['conversations']} conversations")
        for name, row in found["predictions"].items():
            table.add_row(name, *(f"{row[k]['value']:.3f} [{row[k]['low']:.3f}, {row[k]['high']:.3f}]" for k in ("exact", "within")))
        console.print(table)
        console.print(
            f"the rules see an action in {found['with_an_action']} of them, and the mistake is one in {found['mistake_acts']}; "
            f"a random message is exact in {found['chance']:.3f}",
            highlight=False,
        )


def main() -> None:
    """Measure, print the tables, and with ``--json`` one object on the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="folder of real logs")
    asked = parser.parse_args()
    runs = list(labelled_runs(asked.corpus / "labelled" / "who-when")) if asked.corpus else []
    if not runs:
        print("no labelled conversations: name the folder of real logs with --corpus")
        return
    kinds = {kind: [run for run in runs if run.kind == kind] for kind in sorted({run.kind for run in runs})}
    figures = {kind: measured(of) for kind, of in {**kinds, "all": runs}.items()}
    report(figures)
    if asked.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
