"""Validation: a candidate becomes a task when the library's own tests prove that it is one, twice, in two boxes."""

import time
from collections.abc import Mapping, Sequence

from agentgrader.differential.comparable import comparability
from agentgrader.run import opened, run_tests
from agentsandbox.sandbox import Backend
from trajschema.ids import content_id, digest, sha256_bytes
from trajschema.rollout import Limits
from trajschema.task import Certificate, Task

from agenttasks.faults.inject import Candidate, faulty
from agenttasks.faults.patch import unified_diff
from agenttasks.libraries.archive import source_files, unpack
from agenttasks.store import TaskStore
from agenttasks.validation.gold import GOLD_RUNS, MAX_FAILING, measure, plain
from agenttasks.validation.statement import problem_statement
from agenttasks.validation.trial import TestBench, Trial, run
from agenttasks.validation.verdict import Rejected, Why

BUG_RUNS = 2

_SAMPLE = 48


class _Refused(Exception):
    """The candidate is no task."""

    def __init__(self, why: Why, detail: str) -> None:
        super().__init__(why, detail)
        self.why, self.detail = why, detail


def certify(candidate: Candidate, store: TaskStore, backend: Backend, limits: Limits, validator_version: str = "") -> Task | Rejected:
    """Validate one candidate.

    Raises:
        LibraryUnavailable, LibraryUnfit: nothing can be proven with this library here.
        agentsandbox.errors.SandboxError: the sandbox failed.
    """
    gold = measure(candidate.library, store, backend, limits, validator_version)
    environment = plain(candidate.library.environment())
    with opened(backend, limits, environment, trusted=True) as box:
        box.load(store.tree_bytes(gold.tree))
        return Validator(TestBench(box, environment, gold), store, backend, limits, validator_version).certify(candidate)


class Validator:
    """Validates candidates of one library, one after the other, on one warm bench."""

    def __init__(self, bench: TestBench, store: TaskStore, backend: Backend, limits: Limits, validator_version: str) -> None:
        self._bench, self._gold = bench, bench.gold
        self._backend, self._limits, self._version = backend, limits, validator_version
        self._tar = store.tree_bytes(bench.gold.tree)
        self._tree = unpack(self._tar)

    def certify(self, candidate: Candidate) -> Task | Rejected:
        """The task, or why it is none. Raises ``SandboxError`` when the sandbox failed."""
        started = time.monotonic()
        try:
            return self._task(candidate, started)
        except _Refused as refusal:
            return Rejected(candidate.id, refusal.why, refusal.detail)

    def _task(self, candidate: Candidate, started: float) -> Task:
        files = source_files(self._tree, candidate.library)
        broken = _compiled(files, candidate)
        bug = unified_diff({path: files[path] for path in broken}, broken)
        gold_patch = unified_diff(broken, {path: files[path] for path in broken})
        executing = self._executing(candidate)
        first = self._filter(candidate, files, bug, executing)
        second, output = self._confirm(candidate, bug, gold_patch, first)
        varied = first ^ second
        failing = [test for test in self._gold.passed if test in first & second]
        guards = [test for test in self._gold.passed if test not in first | second]
        if not failing:
            raise _Refused("flaky", f"no test fails in both runs; {len(varied)} fail in one")
        environment = candidate.library.environment()
        source = candidate.library.source(candidate.operators)
        task = Task(
            task_id=f"{candidate.library.name}-{content_id([source, bug, environment], 12)}",
            source=source,
            repo=candidate.library.name,
            base_commit=_tree_digest({**self._tree, **{path: text.encode() for path, text in broken.items()}}),
            problem_statement=problem_statement(candidate.library, environment, failing, output, candidate.mutations),
            environment=environment,
            FAIL_TO_PASS=tuple(failing),
            PASS_TO_PASS=tuple(guards),
            covering_tests=tuple(test for test in guards if test in executing),
            bug_patch=bug,
            gold_patch=gold_patch,
            protected_paths=candidate.library.protected_paths(),
            base_archive=self._gold.tree,
        )
        return self._proved(task, varied, started)

    def _proved(self, task: Task, varied: frozenset[str], started: float) -> Task:
        """The task with its certificate."""
        proof = Certificate(
            gold_runs=GOLD_RUNS,
            bug_runs=BUG_RUNS,
            tests_seen=len(self._gold.seen),
            flaky=tuple(sorted({*self._gold.flaky, *varied})),
            validator_version=self._version,
            comparability=comparability(task, self._tar, self._backend, self._limits, trusted=True),
        )
        return task.model_copy(update={"certificate": proof, "certificate_seconds": round(time.monotonic() - started, 3)})

    def _executing(self, candidate: Candidate) -> set[str]:
        """Tests that execute a change; each change must have two."""
        for mutation in candidate.mutations:
            if not self._gold.tested(mutation):
                raise _Refused("not_executed", f"fewer than two passing tests execute line {mutation.line} of {mutation.path}")
        return set().union(*map(self._gold.executing, candidate.mutations))

    def _filter(self, candidate: Candidate, files: Mapping[str, str], bug: str, executing: set[str]) -> frozenset[str]:
        """First run of the faulty library on the warm bench; the cheap reasons for refusal first."""
        sample = _sample([test for test in self._gold.passed if test in executing])
        failing = _seen(self._bench.trial(bug, sample))
        if len(failing) * len(executing) > 2 * MAX_FAILING * len(sample):
            raise _Refused(
                "too_broad", f"{len(failing)} of {len(sample)} tests fail in a sample of the {len(executing)} that execute the change"
            )
        if len(sample) == len(executing):
            _judge(failing, executing)
        failing = _seen(self._bench.trial(bug))
        _judge(failing, executing)
        if len(candidate.mutations) > 1:
            self._each_place_matters(candidate, files, failing)
        return failing

    def _each_place_matters(self, candidate: Candidate, files: Mapping[str, str], together: frozenset[str]) -> None:
        """Fixing any one place must fix some tests and leave others failing, or the task has fewer places than it says."""
        tests = [test for test in self._gold.passed if test in together]
        for mended in candidate.mutations:
            broken = faulty(files, [m for m in candidate.mutations if m is not mended])
            rest = _seen(self._bench.trial(unified_diff({path: files[path] for path in broken}, broken), tests))
            if not rest or rest == together:
                raise _Refused("idle_place", f"of {len(tests)} failing tests {len(rest)} fail with one place mended: {mended.describe()}")

    def _confirm(self, candidate: Candidate, bug: str, gold_patch: str, first: frozenset[str]) -> tuple[frozenset[str], str]:
        """Second run in a fresh box, what the first failing test says, and proof that the gold patch gives the pristine tree back."""
        environment = plain(candidate.library.environment())
        with opened(self._backend, self._limits, environment, trusted=True) as box:
            box.load(self._tar)
            box.apply(bug)
            box.apply(gold_patch)
            left = box.diff()
            if left:
                raise _Refused("not_restored", left.partition("\n")[0])
            box.apply(bug)
            second = _seen(run(box, environment, self._gold))
            both = [test for test in self._gold.passed if test in first & second]
            output = run_tests(box, environment, ids=both[:1]).output if both else ""
        return second, output


def _compiled(files: Mapping[str, str], candidate: Candidate) -> dict[str, str]:
    try:
        broken = faulty(files, candidate.mutations)
        for path, text in broken.items():
            compile(text, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise _Refused("does_not_compile", str(error)) from None
    return broken


def _seen(trial: Trial) -> frozenset[str]:
    if trial.lost:
        raise _Refused(trial.lost, trial.detail)
    return trial.failing


def _judge(failing: frozenset[str], executing: set[str]) -> None:
    if not failing:
        raise _Refused("survives", "every test passes")
    if len(failing) > MAX_FAILING:
        raise _Refused("too_broad", f"{len(failing)} tests fail, more than {MAX_FAILING}")
    if executing <= failing:
        raise _Refused("no_guard", f"all {len(executing)} tests that execute the change fail")


def _sample(tests: Sequence[str]) -> list[str]:
    """Up to ``_SAMPLE`` of the tests, spread evenly."""
    if len(tests) <= _SAMPLE:
        return list(tests)
    return [tests[index * len(tests) // _SAMPLE] for index in range(_SAMPLE)]


def _tree_digest(tree: Mapping[str, bytes]) -> str:
    """Content hash of a tree: of its paths, each with the hash of its content."""
    return digest([[path, sha256_bytes(data)] for path, data in sorted(tree.items())])
