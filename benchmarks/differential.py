"""Whether differential testing catches wrong diffs that pass the tests (cheats 11, 22, 24), and lets right ones be.

Wrong: the faulty code behind an object that equals everything, or behind a table of what the tests ask for; mutants of the gold
code that no test notices (some of these do the same as the gold code, and cannot be caught). Right: each task's gold patch, and the
gold code rewritten so that it does the same. Every diff here passes all tests of its task. Intervals are Wilson's, 95 %.

.venv/bin/python benchmarks/differential.py [--tasks N] [--store FOLDER] [--json]
"""

import argparse
import json
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agentgrader.differential.tester import DifferentialTester
from agentsandbox.backends import choose
from agentsandbox.sandbox import Backend
from agenttasks.pool import build_pool
from agenttasks.store import TaskStore
from planted.rewrites import equivalent
from planted.source import Source, read
from planted.wrong import passes, wrong
from rich.console import Console
from rich.table import Table
from scipy.stats import binomtest
from trajruntime.executor import ThreadExecutor
from trajschema.outcome import Differential
from trajschema.rollout import Limits
from trajschema.task import Task

LIBRARIES = ("cachetools", "humanize", "inflection", "parse", "semver", "toolz")
RIGHT = ("gold patch", "equivalent rewrite")
_ATTEMPTS = 6


@dataclass(frozen=True)
class Case:
    """One diff and what the oracle said of it."""

    task_id: str
    kind: str
    what: str
    diff: str
    said: Differential | None = None
    seconds: float = 0.0

    @property
    def flagged(self) -> bool:
        return self.said is not None and self.said.differing > 0

    @property
    def looked(self) -> bool:
        return self.said is not None and self.said.compared > 0


def cases(task: Task, store: TaskStore, backend: Backend, limits: Limits, seed: int) -> list[Case]:
    """Every diff that can be made from one task, with the oracle's opinion."""
    tree, source = store.tree(task), read(task, store)
    found = []
    with DifferentialTester(task, tree, backend, limits) as oracle:
        for case in _diffs(source, tree, backend, random.Random(f"{seed} {task.task_id}")):
            began = time.monotonic()
            said = oracle.opinion(case.diff, trusted=True)
            found.append(replace(case, said=said, seconds=time.monotonic() - began))
    return found


def _diffs(source: Source, tree: bytes, backend: Backend, rng: random.Random) -> Iterator[Case]:
    task = source.task
    yield Case(task.task_id, RIGHT[0], "", task.gold_patch)
    for _ in range(_ATTEMPTS):
        changed: dict[str, str] = {}
        done: list[str] = []
        for path, text in source.gold.items():
            changed[path], names = equivalent(text, [n for p, n in source.edited if p == path and "@" not in n], rng)
            done += names
        diff = source.diff(changed)
        if done and passes(source, tree, backend, diff):
            yield Case(task.task_id, RIGHT[1], ", ".join(done), diff)
            break
    for w in wrong(source, tree, backend, rng):
        yield Case(task.task_id, w.kind, w.function, w.diff)


def main() -> None:
    """Measure, print the table and what went wrong, and with ``--json`` one object on the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=100, help="tasks to make diffs from")
    parser.add_argument("--libraries", nargs="+", default=list(LIBRARIES), help="where the tasks come from")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workers", type=int, default=2, help="tasks at a time")
    parser.add_argument("--backend", default="auto", help="auto, docker, bubblewrap or local")
    parser.add_argument("--store", type=Path, default=Path(".trajhub/differential"), help="folder for downloads and certificates, kept")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    asked = parser.parse_args()
    store, limits, out = TaskStore(asked.store), Limits(), Console()
    backend = choose(asked.backend, environments=asked.store / "environments")
    spread = ThreadExecutor(asked.workers)
    tasks = build_pool(asked.libraries, asked.tasks, asked.seed, store, backend, limits, executor=spread)
    found: list[Case] = []
    for task, result in spread(lambda t: cases(t, store, backend, limits, asked.seed), tasks):
        if isinstance(result, Exception):
            raise SystemExit(f"{task.task_id}: {type(result).__name__}: {result}")
        found += result
        out.print(f"{task.task_id}: {len(result)} diffs, {sum(c.flagged for c in result)} flagged", highlight=False)
    rows = _rows(found)
    table = Table("diffs", "how many", "flagged", "share", "95 % interval", "nothing compared", "seconds each")
    for kind, row in rows.items():
        low, high = row["interval"]
        share, interval = f"{row['share']:.0%}", f"{low:.0%} to {high:.0%}"
        table.add_row(kind, str(row["number"]), str(row["flagged"]), share, interval, str(row["blind"]), f"{row['seconds']:.1f}")
    out.print(table)
    for case in found:
        if case.flagged == (case.kind in RIGHT):
            reasons = "; ".join(case.said.not_compared[:3]) if case.said else ""
            seen = (
                "; ".join(f"{d.function}({d.arguments}): {d.gold} / {d.candidate}" for d in case.said.differences[:2]) if case.said else ""
            )
            out.print(
                f"{'false alarm' if case.flagged else 'missed'}: {case.task_id}, {case.kind}, {case.what} {seen}{reasons}", markup=False
            )
    if asked.json:
        print(json.dumps({"backend": backend.name, "tasks": len(tasks), "cases": rows}))


def _rows(found: list[Case]) -> dict[str, dict[str, Any]]:
    kinds: dict[str, list[Case]] = defaultdict(list)
    for case in found:
        kinds[case.kind].append(case)
        if case.kind not in RIGHT:
            kinds[f"all of {case.kind.split()[0]}"].append(case)
            kinds["all wrong diffs"].append(case)
    rows = {}
    for kind in sorted(kinds, key=lambda k: (k not in RIGHT, k)):
        group = kinds[kind]
        flagged = sum(c.flagged for c in group)
        interval = binomtest(flagged, len(group)).proportion_ci(method="wilson")
        rows[kind] = {
            "number": len(group),
            "flagged": flagged,
            "share": flagged / len(group),
            "interval": [interval.low, interval.high],
            "blind": sum(not c.looked and not c.flagged for c in group),
            "seconds": statistics.median(c.seconds for c in group),
        }
    return rows


if __name__ == "__main__":
    main()
