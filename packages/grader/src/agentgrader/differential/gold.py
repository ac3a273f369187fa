"""The gold patch's side of differential testing: one box, asked once for each thing."""

import json
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from agentsandbox.sandbox import Backend, Sandbox
from trajschema.diffs import paths_in
from trajschema.rollout import Limits
from trajschema.task import Task

from agentgrader.calls import Pace, make_calls, outlines, record_calls
from agentgrader.differential.answers import Answer, fingerprint, usable
from agentgrader.differential.inputs import Call
from agentgrader.differential.values import Ignored
from agentgrader.frameworks.framework import PROBE

TESTS = 200
"""Tests run to record calls, at most; those of FAIL_TO_PASS first, then those that execute the fix."""
_FIRST = Pace(runs=1, call_s=0.2, total_s=4.0, late=40)
_AGAIN = Pace(runs=2, call_s=5.0, total_s=15.0, late=0)
Function = tuple[str, str]


class GoldSide:
    """Opens its box when first asked. Two threads never ask at once."""

    def __init__(self, task: Task, tree: bytes, backend: Backend, limits: Limits) -> None:
        self._task = task
        self._tree = tree
        self._backend = backend
        self._limits = limits
        self._trusted = False
        self._opened: Sandbox | None = None
        self._records: dict[tuple[Function, tuple[str, ...]], dict[str, Any] | None] = {}
        self._answers: dict[str, Answer | None] = {}

    def _box(self) -> Sandbox:
        if self._opened is None:
            self._opened = self._backend.open(self._limits, self._task.environment, self._trusted)
            self._opened.install(PROBE)
            self._opened.load(self._tree, [self._task.bug_patch])
            self._opened.apply(self._task.gold_patch)
            if self._task.test_patch:
                self._opened.apply(self._task.test_patch)
        return self._opened

    def outlines(self, paths: Sequence[str], trusted: bool) -> dict[str, Any]:
        """See :func:`agentgrader.calls.outlines`. Asked first for each diff; ``trusted`` counts if the box is to be opened."""
        self._trusted = trusted
        return outlines(self._box(), paths)

    def records(self, functions: Sequence[Function], paths: Sequence[str]) -> list[dict[str, Any]]:
        """What tests call each function with (:class:`agentgrader.probes.call_trace.CallTracer`), in their order. ``paths`` are edited.

        Nothing of functions for which the tests did not run to their end in time.
        """
        edited = tuple(paths)
        wanted: dict[str, list[str]] = {}
        for path, key in functions:
            if ((path, key), edited) not in self._records:
                wanted.setdefault(path, []).append(key)
        if wanted:
            made = record_calls(self._box(), self._task.environment, self._ids(wanted), wanted, edited)
            self._records |= {((path, key), edited): None for path, keys in wanted.items() for key in keys}
            self._records |= {((r["path"], r["key"]), edited): r for r in made}
        return [r for f in functions if (r := self._records[f, edited]) is not None]

    def _ids(self, wanted: dict[str, list[str]]) -> list[str]:
        task = self._task
        more = [] if set(wanted) <= set(paths_in(task.gold_patch)) else task.PASS_TO_PASS
        return list(dict.fromkeys([*near(task), *more]))[:TESTS]

    def answers(self, calls: Sequence[Call], paths: Sequence[str]) -> list[tuple[Call, Answer]]:
        """Calls that the gold patch answers."""
        new = {c.identity: c for c in calls if c.identity not in self._answers}
        requests = [c.request for c in new.values()]
        if requests:
            found: dict[int, Answer] = {}
            for r in self._replayed(requests, paths, _FIRST):
                if "call" in r:
                    found[r["call"]] = r
            for i, identity in enumerate(new):
                answer = found.get(i, {})
                self._answers[identity] = answer if ("result" in answer or "raised" in answer) and usable(answer) else None
        known = [(c, self._answers[c.identity]) for c in calls]
        return [(c, a) for c, a in known if a is not None]

    def again(self, answers: Sequence[tuple[Call, Answer]], paths: Sequence[str], ignored: Ignored) -> set[int]:
        """Positions of calls that are answered twice more as they were."""
        requests = [c.request for c, _ in answers]
        runs: list[set[int]] = [set(), set()]
        for r in self._replayed(requests, paths, _AGAIN):
            if "call" in r and ("result" in r or "raised" in r):
                mine = answers[r["call"]][1]
                if fingerprint(r, ignored) == fingerprint(mine, ignored):
                    runs[r["run"]].add(r["call"])
        return runs[0] & runs[1]

    def _replayed(self, requests: Sequence[dict[str, Any]], paths: Sequence[str], pace: Pace) -> list[dict[str, Any]]:
        return make_calls(self._box(), self._task.environment, places(self._task, requests), requests, paths, pace)

    def close(self) -> None:
        """Remove the box; the next question opens another. Idempotent."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None


def near(task: Task) -> list[str]:
    """Tests that have to do with the fix, those of FAIL_TO_PASS first."""
    return list(dict.fromkeys([*task.FAIL_TO_PASS, *(task.covering_tests or task.PASS_TO_PASS)]))


def places(task: Task, requests: Sequence[dict[str, Any]]) -> list[str]:
    """One test of each file that the calls name, and the first of all: collecting it makes the module that they refer to."""
    first: dict[str, str] = {}
    for test in dict.fromkeys([*near(task), *task.PASS_TO_PASS]):
        first.setdefault(test.partition("::")[0], test)
    text = json.dumps(requests)
    files = list(first)
    return [first[f] for i, f in enumerate(files) if i == 0 or PurePosixPath(f).stem in text]
