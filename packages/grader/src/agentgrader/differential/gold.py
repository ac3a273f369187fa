"""The gold patch's side of differential testing: one box, asked once for each thing."""

import contextlib
import io
import random
import secrets
import tarfile
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from enum import IntEnum
from typing import Any

from agentsandbox.errors import CopyRefused
from agentsandbox.sandbox import Backend, Sandbox
from agentsandbox.server.globs import matches
from trajschema.diffs import paths_in
from trajschema.rollout import Limits
from trajschema.task import Task

from agentgrader.access.sources import read
from agentgrader.calls import Function, Pace, Recording, Setting, blocks, make_calls, outlines, record_calls
from agentgrader.differential.answers import Answer, fingerprint, usable
from agentgrader.differential.inputs import Call
from agentgrader.differential.module_names import root_of
from agentgrader.differential.stand_ins import stand_ins
from agentgrader.differential.tests_removed import KEPT, test_patterns
from agentgrader.differential.unreached import Blocks
from agentgrader.differential.values import Ignored
from agentgrader.frameworks.framework import PROBE

TESTS = 600
"""Tests run to record calls, at most: those of FAIL_TO_PASS first, then those that execute the fix, then some of the others."""
_RECORD_S = 120.0
"""Seconds for recording, at most."""
_FIRST = Pace(call_s=0.2, total_s=5.0, late=40)
_AGAIN = Pace(call_s=5.0, total_s=15.0, late=0)
_OTHERS = (1, 2)
"""Steps to other seeds for hashes of texts: an answer that depends on them is one of several."""


class Alike(IntEnum):
    """How alike answers are."""

    NOT = 0
    MAINLY = 1
    """But for :data:`agentgrader.differential.answers.DETAILS`."""
    IN_DETAIL = 2


class GoldSide:
    """Opens its box when first asked. Two threads never ask at once.

    ``near`` has calls recorded from no other tests than those that fail without the gold patch or execute it, where such are known.
    """

    def __init__(self, task: Task, tree: bytes, backend: Backend, limits: Limits, seed: int, *, near: bool = False) -> None:
        self._task = task
        self._tree = tree
        self._backend = backend
        self._limits = limits
        self._seed = seed
        self.hash_seed = secrets.randbelow(1 << 16)
        """For hashes of texts: not that of the tests, and the same for the diff, so that hashes may be compared."""
        self._near = near and bool(task.covering_tests)
        self._outlines: tuple[dict[str, Any], dict[str, Any]] = {}, {}
        """Of files, without the gold patch and with it."""
        self._trusted = False
        self._opened: Sandbox | None = None
        self._tests = test_patterns(task)
        self._wanted: dict[str, list[str]] = {}
        self._before: dict[str, str] = {}
        """Texts of the files that the gold patch changes, without it."""
        self._sources: tuple[dict[str, bytes | None], dict[str, bytes | None]] = {}, {}
        """Of files, without the gold patch and with it."""
        self._recording: Recording | None = None
        self._followed: set[Function] = set()
        """Functions beside those of the gold patch whose calls were recorded once more."""
        self._texts: dict[str, str] = {}
        self._stood_in: tuple[set[str], dict[str, str]] = set(), {}
        self._answers: dict[tuple[str, tuple[str, ...]], Answer | str] = {}
        """By call and edited paths; a text says why there is none."""

    def _box(self) -> Sandbox:
        if self._opened is None:
            self._opened = self._faulty()
            paths = _python(self._task.gold_patch)
            before = outlines(self._opened, paths)
            self._before = {p: _copied(self._opened, p) or "" for p in paths}
            sources = read(self._opened, paths)
            self._mend(self._opened)
            after = outlines(self._opened, paths)
            self._outlines = before, after
            self._sources = sources, read(self._opened, paths)
            self._wanted = {p: _changed(before[p], after[p]) for p in paths if after[p]}
        return self._opened

    def outlines(self, paths: Sequence[str], trusted: bool) -> tuple[dict[str, Any], dict[str, Any]]:
        """See :func:`agentgrader.calls.outlines`: of files without the gold patch, and with it. Asked first for each diff; ``trusted``
        counts if the box is to be opened.
        """
        self._trusted = trusted
        box = self._box()
        before, after = self._outlines
        new = [p for p in paths if p not in after]
        if new:
            found = outlines(box, new)  # of files that the gold patch leaves alone
            before, after = self._outlines = {**before, **found}, {**after, **found}
        return {p: before[p] for p in paths}, {p: after[p] for p in paths}

    def blocks(self) -> Blocks:
        """See :func:`agentgrader.calls.blocks`: of all files whose outlines were asked for."""
        return blocks(self._box(), list(self._outlines[1]))

    def sources(self, paths: Sequence[str]) -> tuple[dict[str, bytes | None], dict[str, bytes | None]]:
        """Sources (:func:`agentgrader.access.sources.read`) of files without the gold patch, and with it."""
        box = self._box()
        before, after = self._sources
        found = read(box, [p for p in paths if p not in after])  # of files that the gold patch leaves alone
        before, after = self._sources = {**before, **found}, {**after, **found}
        return {p: before[p] for p in paths}, {p: after[p] for p in paths}

    def _faulty(self) -> Sandbox:
        """A new box without the gold patch."""
        box = self._backend.open(self._limits, self._task.environment, self._trusted)
        box.install(PROBE)
        box.load(self._tree, [self._task.bug_patch])
        return box

    def _mend(self, box: Sandbox) -> None:
        box.apply(self._task.gold_patch)
        if self._task.test_patch:
            box.apply(self._task.test_patch)

    def recording(self) -> Recording:
        """What tests call functions with, those that the gold patch changes before all others."""
        if self._recording is None:
            self._recording = self._recorded(self._box(), self._wanted)
        return self._recording

    def recording_of(self, functions: Set[Function]) -> Recording:
        """The same, with as many calls of ``functions`` as of those that the gold patch changes. Where they were not asked for before,
        the tests run once more for them, in another box: this one has none left.
        """
        known, new = self.recording(), functions - self._followed
        if new:
            wanted = {path: [key for p, key in sorted(new) if p == path] for path, _ in new}
            with self._faulty() as box:
                self._mend(box)
                more = self._recorded(box, wanted)
            self._followed |= new
            self._recording = known.with_calls(more, new)
        return self.recording()

    def _recorded(self, box: Sandbox, wanted: Mapping[str, list[str]]) -> Recording:
        task = self._task
        made = record_calls(
            box,
            task.environment,
            self._ids(),
            fixing=task.FAIL_TO_PASS,
            wanted=wanted,
            tests=self._tests,
            before=self._before,
            timeout_s=min(task.environment.timeout_s, _RECORD_S),
        )
        for path in {*made.modules.values(), *_python(task.test_patch)}:
            text = _copied(box, path) if matches(path, self._tests) else None
            if text is not None:
                self._texts[path] = text
        return made

    def _ids(self) -> list[str]:
        task = self._task
        others = [] if self._near else list(task.PASS_TO_PASS)
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
            stand_ins=self._standing_in(calls),
            codes=recording.codes,
            left_out=tuple(paths),
            moved=moved or {},
        )

    def _standing_in(self, calls: Sequence[Call]) -> dict[str, str]:
        """What ``calls`` need of the tests, or more: what was found for others is taken where these are among them."""
        identities = {c.identity for c in calls}
        if not identities <= self._stood_in[0]:
            recording = self.recording()
            modules = {m: p for m, p in recording.modules.items() if matches(p, self._tests)}
            self._stood_in = identities, stand_ins([c.request() for c in calls], recording.codes, modules, self._text)
        return self._stood_in[1]

    def _text(self, path: str) -> str | None:
        """Text of a file of the tests."""
        if path not in self._texts and matches(path, self._tests):
            with contextlib.suppress(KeyError, UnicodeDecodeError), tarfile.open(fileobj=io.BytesIO(self._tree)) as tar:
                file = tar.extractfile(path)
                self._texts[path] = file.read().decode() if file else ""
        return self._texts.get(path)

    def answers(self, calls: Sequence[Call], paths: Sequence[str]) -> tuple[list[tuple[Call, Answer]], list[tuple[Call, str]]]:
        """Calls that the gold patch answers; and the others, with the reason."""
        edited = tuple(paths)
        new = list({c.identity: c for c in calls if (c.identity, edited) not in self._answers}.values())
        found = {r["call"]: r for r in self._made(new, paths, _FIRST, self.hash_seed)}
        for i, call in enumerate(new):
            answer = found.get(i, {})
            answers = ("result" in answer or "raised" in answer) and usable(answer)
            self._answers[call.identity, edited] = answer if answers else "the gold patch gives no answer"
        known = [(c, self._answers[c.identity, edited]) for c in calls]
        return [(c, a) for c, a in known if not isinstance(a, str)], [(c, a) for c, a in known if isinstance(a, str)]

    def again(self, answers: Sequence[tuple[Call, Answer]], paths: Sequence[str], ignored: Ignored) -> dict[int, Alike]:
        """Asked once more with each of :data:`_OTHERS`, elsewhere: position of a call → how alike its answers are to its first.

        Calls that are not answered each time are left out.
        """
        calls = [c for c, _ in answers]
        alike = dict.fromkeys(range(len(calls)), Alike.IN_DETAIL)
        for step in _OTHERS:
            found = {
                r["call"]: r
                for r in self._made(calls, paths, _AGAIN, self.hash_seed + step, elsewhere=True)
                if "result" in r or "raised" in r
            }
            alike = {i: min(before, _alike(found[i], answers[i][1], ignored)) for i, before in alike.items() if i in found}
        return alike

    def _made(
        self, calls: Sequence[Call], paths: Sequence[str], pace: Pace, hash_seed: int, *, elsewhere: bool = False
    ) -> list[dict[str, Any]]:
        if not calls:
            return []
        setting = replace(self.setting(calls, paths), elsewhere=elsewhere)
        requests = [c.request() for c in calls]
        return list(make_calls(self._box(), self._task.environment, requests, setting, pace, hash_seed=hash_seed))

    def close(self) -> None:
        """Remove the box; the next question opens another. Idempotent."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None


def _alike(one: Answer, other: Answer, ignored: Ignored) -> Alike:
    if fingerprint(one, ignored) != fingerprint(other, ignored):
        return Alike.NOT
    return Alike.IN_DETAIL if fingerprint(one, ignored, True) == fingerprint(other, ignored, True) else Alike.MAINLY


def _copied(box: Sandbox, path: str) -> str | None:
    """Text of a file as it is in the box; nothing where it cannot be had."""
    with contextlib.suppress(CopyRefused, UnicodeDecodeError):
        return box.copy_out(path).decode()
    return None


def _python(diff: str) -> list[str]:
    return [p for p in dict.fromkeys(paths_in(diff)) if p.endswith(".py")]


def _changed(before: Any, after: Any) -> list[str]:
    """Keys of functions that differ; where none does, all of the file."""
    old = before["functions"] if before else {}
    changed = [k for k, f in after["functions"].items() if old.get(k, {}).get("digest") != f["digest"]]
    return changed or list(after["functions"])
