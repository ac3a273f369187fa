"""The gold patch's side of differential testing: one box, asked once for each thing."""

import contextlib
import io
import random
import tarfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from agentsandbox.errors import CopyRefused
from agentsandbox.sandbox import Backend, Sandbox
from agentsandbox.server.globs import matches
from trajschema.diffs import paths_in
from trajschema.rollout import Limits
from trajschema.task import Task

from agentgrader.calls import Pace, Recording, Setting, make_calls, outlines, record_calls
from agentgrader.differential.answers import Answer, fingerprint, usable
from agentgrader.differential.inputs import Call
from agentgrader.differential.module_names import root_of
from agentgrader.differential.stand_ins import stand_ins
from agentgrader.differential.tests_removed import KEPT, test_patterns
from agentgrader.differential.values import Ignored
from agentgrader.frameworks.framework import PROBE

TESTS = 1500
"""Tests run to record calls, at most: those of FAIL_TO_PASS first, then those that execute the fix, then some of the others."""
_RECORD_S = 120.0
"""Seconds for recording, at most."""
_FIRST = Pace(runs=2, call_s=0.2, total_s=5.0, late=40)
_AGAIN = Pace(runs=2, call_s=5.0, total_s=15.0, late=0)


class GoldSide:
    """Opens its box when first asked. Two threads never ask at once."""

    def __init__(self, task: Task, tree: bytes, backend: Backend, limits: Limits, seed: int) -> None:
        self._task = task
        self._tree = tree
        self._backend = backend
        self._limits = limits
        self._seed = seed
        self._trusted = False
        self._opened: Sandbox | None = None
        self._tests = test_patterns(task)
        self._wanted: dict[str, list[str]] = {}
        self._recording: Recording | None = None
        self._texts: dict[str, str] = {}
        self._answers: dict[tuple[str, tuple[str, ...]], Answer | str] = {}
        """By call and edited paths; a text says why there is none."""

    def _box(self) -> Sandbox:
        if self._opened is None:
            self._opened = self._backend.open(self._limits, self._task.environment, self._trusted)
            self._opened.install(PROBE)
            self._opened.load(self._tree, [self._task.bug_patch])
            paths = _python(self._task.gold_patch)
            before = outlines(self._opened, paths)
            self._opened.apply(self._task.gold_patch)
            if self._task.test_patch:
                self._opened.apply(self._task.test_patch)
            after = outlines(self._opened, paths)
            self._wanted = {p: _changed(before[p], after[p]) for p in paths if after[p]}
        return self._opened

    def outlines(self, paths: Sequence[str], trusted: bool) -> dict[str, Any]:
        """See :func:`agentgrader.calls.outlines`. Asked first for each diff; ``trusted`` counts if the box is to be opened."""
        self._trusted = trusted
        return outlines(self._box(), paths)

    def recording(self) -> Recording:
        """What tests call functions with, those that the gold patch changes before all others."""
        if self._recording is None:
            box, task = self._box(), self._task
            made = record_calls(
                box,
                task.environment,
                self._ids(),
                fixing=task.FAIL_TO_PASS,
                wanted=self._wanted,
                tests=self._tests,
                left_out=_python(task.gold_patch),
                timeout_s=min(task.environment.timeout_s, _RECORD_S),
            )
            for path in {*made.modules.values(), *_python(task.test_patch)}:
                if matches(path, self._tests):
                    with contextlib.suppress(CopyRefused, UnicodeDecodeError):
                        self._texts[path] = box.copy_out(path).decode()
            self._recording = made
        return self._recording

    def _ids(self) -> list[str]:
        task = self._task
        others = list(task.PASS_TO_PASS)
        random.Random(f"{self._seed} tests").shuffle(others)
        chosen = list(dict.fromkeys([*task.FAIL_TO_PASS, *task.covering_tests, *others]))[:TESTS]
        left = set(chosen[len(task.FAIL_TO_PASS) :])
        # those of one file together: its fixtures are made once
        return [*chosen[: len(task.FAIL_TO_PASS)], *(t for t in dict.fromkeys([*task.covering_tests, *task.PASS_TO_PASS]) if t in left)]

    def setting(self, calls: Sequence[Call], paths: Sequence[str], moved: Mapping[str, list[str]] | None = None) -> Setting:
        """Where ``calls`` are made, under either patch; ``paths`` are edited."""
        recording = self.recording()
        roots = [root_of(m, p) for m, p in recording.modules.items() if not matches(p, self._tests)]
        return Setting(
            remove=self._tests,
            keep=KEPT,
            path=tuple(dict.fromkeys(r for r in roots if r)),
            stand_ins=stand_ins([c.request() for c in calls], recording.codes, self._test_modules, self._text),
            codes=recording.codes,
            left_out=tuple(paths),
            moved=moved or {},
        )

    @cached_property
    def _test_modules(self) -> dict[str, str]:
        return {m: p for m, p in self.recording().modules.items() if matches(p, self._tests)}

    def _text(self, path: str) -> str | None:
        """Text of a file of the tests."""
        if path not in self._texts and matches(path, self._tests):
            with contextlib.suppress(KeyError, UnicodeDecodeError), tarfile.open(fileobj=io.BytesIO(self._tree)) as tar:
                file = tar.extractfile(path)
                self._texts[path] = file.read().decode() if file else ""
        return self._texts.get(path)

    def answers(self, calls: Sequence[Call], paths: Sequence[str]) -> tuple[list[tuple[Call, Answer]], list[tuple[Call, str]]]:
        """Calls that the gold patch answers, twice alike; and the others, with the reason."""
        edited = tuple(paths)
        new = list({c.identity: c for c in calls if (c.identity, edited) not in self._answers}.values())
        runs: list[dict[int, Answer]] = [{}, {}]
        for r in self._made(new, paths, _FIRST) if new else ():
            runs[r["run"]][r["call"]] = r
        for i, call in enumerate(new):
            self._answers[call.identity, edited] = _settled(runs[0].get(i, {}), runs[1].get(i, {}))
        known = [(c, self._answers[c.identity, edited]) for c in calls]
        return [(c, a) for c, a in known if not isinstance(a, str)], [(c, a) for c, a in known if isinstance(a, str)]

    def again(self, answers: Sequence[tuple[Call, Answer]], paths: Sequence[str], ignored: Ignored) -> set[int]:
        """Positions of calls that are answered twice more as they were."""
        runs: list[set[int]] = [set(), set()]
        for r in self._made([c for c, _ in answers], paths, _AGAIN):
            if "result" in r or "raised" in r:
                mine = answers[r["call"]][1]
                if fingerprint(r, ignored) == fingerprint(mine, ignored):
                    runs[r["run"]].add(r["call"])
        return runs[0] & runs[1]

    def _made(self, calls: Sequence[Call], paths: Sequence[str], pace: Pace) -> list[dict[str, Any]]:
        setting = self.setting(calls, paths)
        return list(make_calls(self._box(), self._task.environment, [c.request() for c in calls], setting, pace))

    def close(self) -> None:
        """Remove the box; the next question opens another. Idempotent."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None


def _settled(first: Answer, second: Answer) -> Answer | str:
    """The answer that was given both times; else why there is none."""
    if not ("result" in first or "raised" in first) or not usable(first):
        return "the gold patch gives no answer"
    alike = ("result" in second or "raised" in second) and fingerprint(first, {}) == fingerprint(second, {})
    return first if alike else "the gold patch answers in two ways"


def _python(diff: str) -> list[str]:
    return [p for p in dict.fromkeys(paths_in(diff)) if p.endswith(".py")]


def _changed(before: Any, after: Any) -> list[str]:
    """Keys of functions that differ; where none does, all of the file."""
    old = before["functions"] if before else {}
    changed = [k for k, f in after["functions"].items() if old.get(k, {}).get("digest") != f["digest"]]
    return changed or list(after["functions"])
