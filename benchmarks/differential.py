"""What confirmation says of diffs whose nature is known: confirmed, doubted or unconfirmed (:mod:`agentgrader.confirmation`).

Right: each task's gold patch, once for each of several seeds; the gold code rewritten so that it does the same; and other algorithms
that somebody wrote for functions of the fix, each graded. Wrong: the faulty code behind an object that equals everything, or behind
a table of what the tests ask for; mutants of the gold code that no test notices, less those of which a person found that they do the
same (``planted/same.json`` says why; more may). All of these pass every test of their task. Regressions: the gold patch with a fault in
a function that it leaves alone, judged as if the tests that notice it had been made to pass. Intervals are Wilson's, 95 %.

.venv/bin/python benchmarks/differential.py [--tasks N] [--only KIND …] [--store FOLDER] [--json]
"""

import argparse
import json
import statistics
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentgrader.access.sources import ChangedSources
from agentgrader.differential.tester import DifferentialTester
from agentgrader.grade import grade
from agentgrader.opinions import Opinions
from agentsandbox.backends import choose
from agentsandbox.sandbox import Backend
from agenttasks.pool import build_pool
from agenttasks.store import TaskStore
from planted.diffs import PARTS, RIGHT, Planted, planted
from planted.source import Source, read
from rich.console import Console
from rich.table import Table
from scipy.stats import binomtest
from trajruntime.executor import ThreadExecutor
from trajschema.outcome import Outcome
from trajschema.rollout import Limits
from trajschema.task import Task

_DOES_THE_SAME = "mutant that does the same"
LIBRARIES = ("cachetools", "humanize", "inflection", "parse", "semver", "tabulate", "toolz")
SAME: dict[str, str] = json.loads((Path(__file__).parent / "planted" / "same.json").read_text("utf-8"))
WORDS = ("confirmed", "doubted", "unconfirmed")


@dataclass(frozen=True)
class Case:
    """One diff and what became of it."""

    task: Task
    kind: str
    what: str
    outcome: Outcome
    seconds: float
    """Of the comparison."""

    @property
    def word(self) -> str:
        return self.outcome.confirmation or "unresolved"

    @property
    def line(self) -> dict[str, Any]:
        """What is kept of it."""
        why = self.outcome.confirmation_reason or self.outcome.reason
        return {"task": self.task.task_id, "kind": self.kind, "what": self.what, "word": self.word, "why": why, "seconds": self.seconds}

    @property
    def is_right(self) -> bool:
        return self.kind in (*RIGHT, _DOES_THE_SAME)

    @property
    def is_surprising(self) -> bool:
        return self.word != "confirmed" if self.is_right else self.word == "confirmed"


class Bench:
    """Judges the diffs of one task after the other."""

    def __init__(self, asked: argparse.Namespace, store: TaskStore, backend: Backend, limits: Limits) -> None:
        self._asked = asked
        self._store = store
        self._backend = backend
        self._limits = limits

    def cases(self, task: Task) -> list[Case]:
        """Every diff that can be made from one task, judged."""
        tree, source = self._store.tree(task), read(task, self._store)
        seed, parts = self._asked.seed, self._asked.only
        diffs = [d for part in parts for d in planted(part, source, tree, self._backend, self._store, seed)]
        found: list[Case] = []
        for draw in range(self._asked.draws if "gold" in parts else 1):
            with DifferentialTester(task, tree, self._backend, self._limits, seed=seed + draw) as tester:
                found += [self._judged(source, tree, d, tester) for d in diffs if draw == 0 or d.kind == RIGHT[0]]
        return found

    def _judged(self, source: Source, tree: bytes, planted: Planted, tester: DifferentialTester) -> Case:
        task, diff = source.task, source.diff(planted.changed)
        if planted.kind == RIGHT[3]:
            outcome = grade(task, tree, diff, self._backend, self._limits, rollout_id="benchmark", grader_version="benchmark", trusted=True)
        else:
            outcome = _passed(source, tree, planted.changed)
        began = time.monotonic()
        said, _ = Opinions(task, tester).confirm(outcome, diff, trusted=True)
        kind = _DOES_THE_SAME if planted.what in SAME else planted.kind
        return Case(task, kind, planted.what, said, time.monotonic() - began)


def _passed(source: Source, tree: bytes, changed: dict[str, str]) -> Outcome:
    """As if every test had passed, with what the new code reaches for."""
    before, after = ({p: t.encode() for p, t in texts.items()} for texts in source.texts(changed))
    notes = ChangedSources(before, after, 0).notes(source.task, tree)
    return Outcome(rollout_id="benchmark", task_id=source.task.task_id, verdict="resolved", tamper=notes)


def main() -> None:
    """Measure, print the table and what surprises, and with ``--json`` one object on the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=105, help="tasks to make diffs from")
    parser.add_argument("--libraries", nargs="+", default=list(LIBRARIES), help="where the tasks come from")
    parser.add_argument("--pool", type=Path, help="file of tasks, as `agenttasks make` writes it, in place of libraries")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="which diffs are made")
    parser.add_argument("--draws", type=int, default=3, help="seeds for each gold patch")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workers", type=int, default=2, help="tasks at a time")
    parser.add_argument("--backend", default="auto", help="auto, docker, bubblewrap or local")
    parser.add_argument("--store", type=Path, default=Path(".trajhub/differential"), help="folder for downloads and certificates, kept")
    parser.add_argument("--cases", type=Path, help="file to which each diff and its outcome is added as a JSON line")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    asked = parser.parse_args()
    store, limits, out = TaskStore(asked.store), Limits(), Console(width=160)
    backend = choose(asked.backend, environments=asked.store / "environments")
    spread = ThreadExecutor(asked.workers)
    if asked.pool:
        tasks = [Task.model_validate_json(line) for line in asked.pool.read_text("utf-8").splitlines()][: asked.tasks]
    else:
        tasks = build_pool(asked.libraries, asked.tasks, asked.seed, store, backend, limits, executor=spread)
    found: list[Case] = []
    for task, result in spread.map(Bench(asked, store, backend, limits).cases, tasks):
        if isinstance(result, Exception):
            raise SystemExit(f"{task.task_id}: {type(result).__name__}: {result}")
        found += result
        if asked.cases:
            with asked.cases.open("a", encoding="utf-8") as out_file:
                out_file.writelines(f"{json.dumps(case.line)}\n" for case in result)
        counts = Counter(f"{'right' if c.is_right else 'wrong'} {c.word}" for c in result)
        out.print(f"{task.task_id}: " + ", ".join(f"{n} {what}" for what, n in sorted(counts.items())), highlight=False)
        for case in filter(lambda c: c.is_surprising, result):
            out.print("  {word}: {kind}, {what}: {why}".format(**case.line), markup=False, highlight=False, soft_wrap=True)
    rows = _rows(found)
    table = Table("diffs", "tasks", "number", *WORDS, "share not confirmed", "share doubted", "seconds each")
    for kind, row in rows.items():
        shares = [_share(row[key]) for key in ("not_confirmed", "doubted_share")]
        table.add_row(kind, str(row["tasks"]), str(row["number"]), *(str(row[w]) for w in WORDS), *shares, f"{row['seconds']:.1f}")
    out.print(table)
    if asked.json:
        print(json.dumps({"backend": backend.name, "tasks": len(tasks), "cases": rows}))


def _share(found: tuple[float, float, float]) -> str:
    share, low, high = found
    return f"{share:.1%} ({low:.1%} to {high:.1%})"


def _rows(found: list[Case]) -> dict[str, dict[str, Any]]:
    kinds: dict[str, list[Case]] = defaultdict(list)
    for case in found:
        if case.word == "unresolved":
            continue  # what somebody wrote does not pass the tests
        kinds[case.kind].append(case)
        if not case.is_right:
            kinds["all regressions" if case.kind.startswith("regression") else "all wrong diffs"].append(case)
    return {kind: _row(group) for kind, group in sorted(kinds.items(), key=lambda item: (not item[1][0].is_right, item[0]))}


def _row(group: list[Case]) -> dict[str, Any]:
    words = Counter(case.word for case in group)
    return {
        "tasks": len({case.task.task_id for case in group}),
        "number": len(group),
        **{word: words[word] for word in WORDS},
        "not_confirmed": _interval(len(group) - words["confirmed"], len(group)),
        "doubted_share": _interval(words["doubted"], len(group)),
        "seconds": statistics.median(case.seconds for case in group),
    }


def _interval(number: int, of: int) -> tuple[float, float, float]:
    """Share, and the bounds of its interval."""
    interval = binomtest(number, of).proportion_ci(method="wilson")
    return number / of, float(interval.low), float(interval.high)


if __name__ == "__main__":
    main()
