"""Differential testing: a second opinion on a diff, where the gold patch is known.

Tests cannot tell a function that computes from one that knows the tests' inputs, nor a right value from an object that equals
everything, nor the gold patch from a wrong one that happens to pass. So the functions that either patch changes, and some others that
tests call, are called in two fresh boxes, with the gold patch in one and the diff in the other: with arguments recorded while the
task's tests ran under the gold patch, and with variations of these. No test and no test runner is where the calls are made. Answers
leave the boxes as data and are compared here. What the gold patch answers never enters the diff's box, so nothing in there can forge
agreement: not to answer, or to answer with anything else, is a difference.

Where answers differ, both sides answer again, the gold patch twice: it must stay with its answer, and a difference that does not
stay is not firm. Errors count by class for recorded calls (a subclass will do); for a variation it is enough that both raise or
neither does, because which error bad input raises is rarely specified.
"""

import re
import secrets
from collections.abc import Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Self, TypeVar

from agentsandbox.errors import SandboxError
from agentsandbox.sandbox import Backend, Sandbox
from trajschema.diffs import paths_in
from trajschema.outcome import Differential
from trajschema.rollout import Limits
from trajschema.task import Task

from agentgrader.access.places import own_names
from agentgrader.access.sources import FILES, read
from agentgrader.calls import Recording, blocks, outlines
from agentgrader.differential.comparable import unrecorded
from agentgrader.differential.comparison import Candidate, Comparison, said_of
from agentgrader.differential.faulty import FaultySide
from agentgrader.differential.gold import GoldSide
from agentgrader.differential.inputs import chosen_calls
from agentgrader.differential.module_names import places_of, root_of
from agentgrader.differential.outside import other_files
from agentgrader.differential.targets import Target, Targets, called, sampled, targets
from agentgrader.differential.tests_removed import edited_sources
from agentgrader.differential.unreached import NewBlocks, new_blocks
from agentgrader.protected_paths import protected_patterns
from agentgrader.run import opened
from agentgrader.surroundings import surroundings
from agentgrader.tree_files import files_in

_NAMED = 100
"""Functions and other things that a diff changes and that are named as not compared: one is enough, and a diff may change any number."""
_T = TypeVar("_T")
_Sides = tuple[dict[str, _T], dict[str, _T]]
"""By path, without the gold patch and with it."""


def compare(
    task: Task, tree: bytes, diff: str, backend: Backend, limits: Limits, *, trusted: bool = False, seed: int | None = None
) -> Differential:
    """The opinion on one diff; see :class:`DifferentialTester`."""
    with DifferentialTester(task, tree, backend, limits, seed=seed) as oracle:
        return oracle.opinion(diff, trusted)


class DifferentialTester:
    """Opinions on diffs of one task. The gold patch is asked once for what they have in common; each diff gets a box of its own.

    ``seed`` draws the variations and the functions beside those that are changed; a new one each time unless it is given. For one
    thread. Close it, or use it as a context manager.
    """

    def __init__(self, task: Task, tree: bytes, backend: Backend, limits: Limits, *, seed: int | None = None) -> None:
        self._task = task
        self._tree = tree
        self._backend = backend
        self._limits = limits
        self._seed = secrets.randbits(32) if seed is None else seed
        self._gold = GoldSide(task, tree, backend, limits, self._seed)
        self._faulty = FaultySide(task, tree, backend, limits, self._gold)
        self._beside = ThreadPoolExecutor(1)

    def opinion(self, diff: str, trusted: bool = False) -> Differential:
        """Call what ``diff`` and the gold patch edit under both, and compare. ``diff`` is one that
        :func:`agentgrader.grade.grade` resolved. The same arguments give the same answer, as far as the code itself is deterministic.
        ``trusted`` says that the diff is an embedded agent's (see :meth:`agentsandbox.sandbox.Backend.open`).

        Raises:
            SandboxError: the infrastructure failed, which says nothing about the diff.
            PatchRejected: ``diff`` or one of the task's own patches does not apply.
        """
        try:
            return self._opinion(diff, trusted)
        except SandboxError:
            self._beside.submit(self._gold.close).result()  # the next diff finds a new box
            raise

    def _opinion(self, diff: str, trusted: bool) -> Differential:
        task, gold = self._task, self._gold
        why = unrecorded(task)
        if why:
            return Differential(functions=(), recorded=0, compared=0, differing=0, not_compared=(why,))
        paths = edited_sources(task, task.gold_patch, diff)
        ready = self._beside.submit(self._of_gold, paths, trusted)
        with opened(self._backend, self._limits, task.environment, trusted) as box:
            box.load(self._tree, [task.bug_patch])
            box.apply(diff)
            box.restore(protected_patterns(task))
            if task.test_patch:
                box.apply(task.test_patch)
            theirs, sources = outlines(box, paths), read(box, paths[:FILES])
            (base, mine), (faulty, right), recording = ready.result()
            own = own_names(files_in(self._tree))
            chosen = targets(base, mine, theirs, own)
            gold_paths = {*paths_in(task.gold_patch), *paths_in(task.bug_patch)}
            others = other_files([p for p in paths_in(diff) if p not in gold_paths], protected_patterns(task))
            chosen = replace(chosen, altered=(*chosen.altered, *others)[:_NAMED])
            recording = gold.recording_of({f for f in chosen.only_of_diff if f in recording.seen})
            asked = _asked(chosen, recording, _words(diff), self._seed)
            cut = [t for t in chosen.functions if t.rank < 2 and t not in asked][:_NAMED]
            chosen = replace(chosen, excluded=(*chosen.excluded, *((t, "more functions are changed than are compared") for t in cut)))
            inputs = chosen_calls(recording, asked, chosen.layouts or {}, self._seed)
            answers, unanswered = gold.answers(inputs.calls, paths)
            new = self._new_blocks(box, [p for p in paths if theirs[p]]) if mine != theirs else NewBlocks()
            candidate = Candidate(box, task.environment, gold, asked, _moved(chosen, recording), paths, new.noted)
            found = Comparison(answers, candidate, gold, inputs, paths, {t.function: t for t in asked}).made(self._beside)
        reaching = self._faulty.reaching(answers, paths, inputs.ignored, trusted) if chosen.top_level else set()
        said = said_of(chosen, asked, recording, inputs, answers, unanswered, found, reaching)
        asked_more = surroundings(faulty, right, sources, own)
        return said.model_copy(update={"unreached": new.unreached(candidate.reached), "surroundings": asked_more})

    def _new_blocks(self, box: Sandbox, paths: Sequence[str]) -> NewBlocks:
        ready = self._beside.submit(self._gold.blocks)
        theirs = blocks(box, paths)
        return new_blocks(ready.result(), theirs)

    def _of_gold(self, paths: Sequence[str], trusted: bool) -> tuple[_Sides[Any], _Sides[bytes | None], Recording]:
        return self._gold.outlines(paths, trusted), self._gold.sources(paths[:FILES]), self._gold.recording()

    def close(self) -> None:
        """Remove the gold patch's box. Idempotent."""
        self._beside.shutdown()
        self._gold.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _asked(chosen: Targets, recording: Recording, words: Set[str], seed: int) -> list[Target]:
    """What is changed, and of the rest what tests call."""
    own = called(chosen, recording.seen, seed)
    beside = {f for f, keeping in recording.seen.items() if keeping and recording.calls.get(f)}
    taken = {t.function for t in (*own, *(t for t, _ in chosen.excluded))}
    return [*own, *sampled(beside - taken, words, seed)]


def _words(diff: str) -> set[str]:
    """What new lines say: a function that they replace from afar is named there."""
    return {word for line in diff.splitlines() if line.startswith("+") for word in re.findall(r"\w+", line)}


def _moved(chosen: Targets, recording: Recording) -> dict[str, list[str]]:
    """Name of a class or function of changed files, under the gold patch → names that it may have under the diff."""
    found: dict[str, list[str]] = {}
    modules = {path: module for module, path in recording.modules.items()}
    for (path, name), elsewhere in (chosen.moved or {}).items():
        if path in modules:
            module = modules[path]
            others = places_of(elsewhere, root_of(module, path))
            found[f"{module}:{name}"] = [f"{module}:{name}", *(f"{m}:{n}" for m, n in others)]
    return found
