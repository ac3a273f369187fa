"""Can the process score tell resolved runs from others, when nobody tells it the outcome?

Every run of the corpus whose outcome stands in a file beside it is scored by rules alone, without the outcome. AUC: the share of
pairs of runs, one resolved and one not, that the score puts in order; per source (a model on a benchmark), and pooled over the pairs
within sources. Beside it: "shorter is better", and the process score of the knowlyr-reward package. Intervals are 95 %, of resamples of
tasks; gains are paired over the same resamples. Chance is 0.50.

The rules as shipped were written by people who had seen these runs, so two more columns stand beside them. Of a small fixed grid (the
rules as shipped and each reading of theirs left out) a candidate is chosen on the other sources and
measured on the one that was left out: *best elsewhere* takes the one with the highest figure there, and *one error elsewhere* the first
of the grid, in which the shipped one leads, that lies within one standard error (paired) of the highest. With so few sources the first
follows chance, and the second leans on an order that people made; the truth is between them, and only runs held back can tell.

.venv/bin/python benchmarks/discrimination.py [--json] [--corpus FOLDER] [--peer FOLDER] [--resamples N]
(--peer: where `pip install --no-deps --target FOLDER knowlyr-reward==0.1.2 knowlyr-core==0.1.2` put it)
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from trajschema.trajectory import Trajectory

sys.path.insert(0, str(Path(__file__).resolve().parent / "parts"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "packages" / "recorder" / "tests"))

from discrimination_figures import Auc, Floats, Group, auc, draws, gain, length_correlation
from discrimination_variants import CANDIDATES, SHIPPED, Candidate, processes
from known_outcomes import Known, known_outcomes
from trajtests.recorder_cases import CORPUS

PARTS = Path(__file__).resolve().parent / "parts"
TARGET, MOST_RHO = 0.70, 0.3


def plain(trajectory: Trajectory) -> dict[str, Any]:
    """A run as the other package takes it."""
    steps: list[dict[str, Any]] = []
    for step in trajectory.steps:
        if step.source != "agent":
            continue
        seen = {o.tool_call_id: o.content for o in step.observations}
        steps += [
            {"tool": c.raw_name, "params": json.loads(c.arguments), "output": seen.get(c.tool_call_id, "")} for c in step.tool_calls
        ] or [{"tool": "", "params": {}, "output": ""}]
    return {"task": "", "steps": steps}


def peer_scores(runs: list[Known], peer: Path | None) -> list[float] | None:
    """Process scores of the other package, which runs in a process of its own; ``None`` without it."""
    if peer is None:
        return None
    with tempfile.TemporaryDirectory(prefix="trajhub-bench-") as folder:
        file = Path(folder) / "runs.json"
        file.write_text(json.dumps([plain(run.trajectory) for run in runs]))
        command = [sys.executable, str(PARTS / "discrimination_peer.py"), str(file)]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(peer)})
    if done.returncode:
        raise SystemExit(f"knowlyr-reward failed:\n{done.stderr}")
    return [float("nan") if score is None else score for score in json.loads(done.stdout.splitlines()[-1])]


def chosen_elsewhere(
    scores: dict[str, dict[Candidate, Floats]], groups: dict[str, Group], drawn: Floats
) -> dict[str, tuple[Candidate, Candidate]]:
    """For each source what is chosen on the others: the best candidate, and the first within one standard error of it."""
    choice = {}
    for left_out in groups:
        others = [name for name in groups if name != left_out]
        if not others:
            choice[left_out] = (SHIPPED, SHIPPED)
            continue
        figures = [auc([groups[n] for n in others], [scores[n][c] for n in others], drawn) for c in CANDIDATES]
        best = max(figures, key=lambda f: f.value)
        near = next(i for i, f in enumerate(figures) if best.value - f.value <= np.nanstd(best.resampled - f.resampled))
        choice[left_out] = (CANDIDATES[figures.index(best)], CANDIDATES[near])
    return choice


def measured(runs: list[Known], peer: Path | None, resamples: int) -> dict[str, Any]:
    """Every figure."""
    by_source: dict[str, list[int]] = defaultdict(list)
    for index, run in enumerate(runs):
        by_source[run.source].append(index)
    tasks = {task: number for number, task in enumerate(sorted({run.task for run in runs}))}
    ours = [processes(run.trajectory) for run in runs]
    theirs = peer_scores(runs, peer)
    lengths = [sum(step.source == "agent" for step in run.trajectory.steps) for run in runs]
    usable = {n: of for n, of in by_source.items() if len({runs[i].resolved for i in of}) == 2}
    groups = {
        name: Group(
            np.array([runs[i].resolved for i in of]),
            np.array([tasks[runs[i].task] for i in of]),
            np.array([lengths[i] for i in of], dtype=np.float64),
        )
        for name, of in usable.items()
    }
    scores = {name: {c: np.array([ours[i][c] or 0.0 for i in of]) for c in CANDIDATES} for name, of in usable.items()}
    drawn = draws(len(tasks), resamples)
    choice = chosen_elsewhere(scores, groups, drawn[: max(1, resamples // 5)])
    columns: dict[str, dict[str, Floats]] = {
        "process": {name: scores[name][SHIPPED] for name in usable},
        "best elsewhere": {name: scores[name][choice[name][0]] for name in usable},
        "one error elsewhere": {name: scores[name][choice[name][1]] for name in usable},
        "shorter": {name: -groups[name].length for name in usable},
    }
    if theirs is not None:
        columns["knowlyr-reward"] = {name: np.array([theirs[i] for i in of]) for name, of in usable.items()}
    rows = {
        name: {"runs": len(of), "resolved": sum(runs[i].resolved for i in of)}
        | {"auc": {c: _figure(auc([groups[name]], [s[name]], drawn)) for c, s in columns.items()} if name in usable else None}
        | {"chosen": list(choice[name]) if name in usable else None}
        for name, of in by_source.items()
    }
    pooled = {c: auc(list(groups.values()), [s[name] for name in groups], drawn) for c, s in columns.items()}
    rho, within = length_correlation(groups, columns["process"])
    grid = {c: auc(list(groups.values()), [scores[n][c] for n in groups], drawn[:0]).value for c in CANDIDATES}
    return {
        "sources": rows,
        "pooled": {c: _figure(a) for c, a in pooled.items()},
        "gains": {
            mine: {other: gain(pooled[mine], pooled[other]) for other in ("shorter", "knowlyr-reward") if other in pooled}
            for mine in ("process", "best elsewhere", "one error elsewhere")
        },
        "rho_with_length": {"value": rho, "within": within},
        "grid": grid,
        "target": TARGET,
    }


def _figure(found: Auc) -> dict[str, float]:
    low, high = found.interval
    return {"value": found.value, "low": low, "high": high, "pairs": found.pairs}


def report(figures: dict[str, Any]) -> None:
    """The tables."""
    console = Console(width=190)
    names = list(figures["pooled"])
    table = Table("source", "runs", "resolved", "pairs", *names, title="AUC without the outcome, 95 % intervals")

    def cells(row: dict[str, dict[str, float]]) -> list[str]:
        return [f"{row[n]['value']:.2f} [{row[n]['low']:.2f}, {row[n]['high']:.2f}]" for n in names]

    for name, row in figures["sources"].items():
        if row["auc"] is None:
            table.add_row(name, str(row["runs"]), str(row["resolved"]), "0", *["one outcome only", *[""] * (len(names) - 1)])
        else:
            table.add_row(name, str(row["runs"]), str(row["resolved"]), str(row["auc"]["process"]["pairs"]), *cells(row["auc"]))
    table.add_row("pooled within sources", "", "", str(figures["pooled"]["process"]["pairs"]), *cells(figures["pooled"]))
    console.print(table)
    for name, row in figures["sources"].items():
        if row["chosen"]:
            console.print(f"chosen without {name}: {row['chosen'][0]}; within one error: {row['chosen'][1]}", highlight=False)
    for mine, others in figures["gains"].items():
        for other, found in others.items():
            text = f"{found['gain']:+.3f} [{found['low']:+.3f}, {found['high']:+.3f}], above 0 in {found['above_0']:.0%} of resamples"
            console.print(f"{mine} over {other}: {text}", highlight=False)
    if "knowlyr-reward" not in names:
        console.print("knowlyr-reward: not compared (name the folder that it is installed in with --peer)")
    rho = figures["rho_with_length"]["value"]
    held = "met" if abs(rho) < MOST_RHO else "missed"
    console.print(f"rank correlation with length within the same outcome: {rho:+.2f} (|rho| < {MOST_RHO}: {held})")
    console.print(f"AUC of {TARGET:.2f}, pooled: {'met' if figures['pooled']['process']['value'] >= TARGET else 'missed'}")
    table = Table("candidate of the grid", "pooled AUC on all sources (no choice is made by it)")
    for name, value in figures["grid"].items():
        table.add_row(name, f"{value:.3f}")
    console.print(table)


def main() -> None:
    """Measure, print the tables, and with ``--json`` one object on the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="folder of real logs")
    parser.add_argument("--peer", type=Path, help="folder with the knowlyr-reward package")
    parser.add_argument("--resamples", type=int, default=2000, help="of the bootstrap")
    asked = parser.parse_args()
    runs = list(known_outcomes(asked.corpus)) if asked.corpus and asked.corpus.is_dir() else []
    if not runs:
        print("no real logs with known outcomes: name their folder with --corpus")
        return
    figures = measured(runs, asked.peer, asked.resamples)
    report(figures)
    if asked.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
