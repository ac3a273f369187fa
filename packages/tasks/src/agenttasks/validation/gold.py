"""What a library's own tests say of the unchanged library: the measure of every fault put into it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from agentgrader.report import TestReport
from agentgrader.run import opened, run_tests
from agentsandbox.sandbox import Backend, Sandbox
from trajschema.ids import digest
from trajschema.rollout import Limits
from trajschema.task import Environment

from agenttasks.errors import LibraryUnfit, RepositoryUnusable, TaskError
from agenttasks.faults.mutation import Mutation
from agenttasks.libraries.fetch import fetch
from agenttasks.libraries.library import Library
from agenttasks.store import TaskStore

GOLD_RUNS = 2

MAX_FAILING = 40
"""A fault that breaks more tests than this says little about where it is."""


@dataclass(frozen=True)
class Gold:
    """The suite of the unchanged library in one environment."""

    tree: str
    """Key of the tree in the store."""
    place: str
    """Identity of the environment: backend, recipe and image."""
    seen: tuple[str, ...]
    """Every test, in suite order."""
    passed: tuple[str, ...]
    """Tests that passed each time."""
    flaky: tuple[str, ...]
    """Tests whose verdict varied."""
    seconds: float
    """Wall seconds of a plain run."""
    lines: Mapping[str, Mapping[str, tuple[int, ...]]]
    """Source file → line → positions in ``seen`` of the tests that execute it."""

    def executing(self, mutation: Mutation) -> set[str]:
        """Passing tests that execute one of the lines that a mutation changes."""
        by_line = self.lines.get(mutation.path, {})
        return {self.seen[index] for line in mutation.lines for index in by_line.get(str(line), ())} & set(self.passed)

    def narrow(self, mutation: Mutation) -> bool:
        """:meth:`tested`, by no more tests than a task may break. Faults in several places add up, so each has to be narrow."""
        return 2 <= len(self.executing(mutation)) <= MAX_FAILING

    def tested(self, mutation: Mutation) -> bool:
        """At least two passing tests execute the change: one that can fail, and one that can guard it."""
        return len(self.executing(mutation)) >= 2


def plain(environment: Environment) -> Environment:
    """The environment with the interpreter's own tracebacks: pytest's take a long time where many tests of a large file fail."""
    return environment.model_copy(update={"test_command": (*environment.test_command, "--tb=native")})


def place_of(box: Sandbox) -> str:
    """Identity of a box's environment: verdicts measured in one place say nothing about another."""
    made = box.provenance
    return digest([made.backend, made.recipe_sha256, made.image_digest])[:16]


def measure(library: Library, store: TaskStore, backend: Backend, limits: Limits, validator_version: str = "") -> Gold:
    """Run the unchanged library's suite twice, or take the kept result for this tree, environment and validator.

    Raises:
        LibraryUnavailable: the library's source cannot be had.
        LibraryUnfit: its suite does not run to its end, or no test passes.
        RepositoryUnusable: the same of the user's own repository, or one of its tests fails.
        agentsandbox.errors.SandboxError: the sandbox failed.
    """
    tar = fetch(library, store)
    tree = store.put_tree(tar)
    environment = library.environment()
    with opened(backend, limits, plain(environment), trusted=True) as box:
        place = place_of(box)
        key = digest([tree, place, environment, validator_version])
        kept = store.record("gold", key)
        if kept is not None:
            return _from_json(kept)
        box.load(tar)
        reports = [run_tests(box, plain(environment)), run_tests(box, plain(environment), lines_of=library.sources)]
    gold = _gold(library, tree, place, reports)
    store.put_record("gold", key, asdict(gold))
    return gold


def _gold(library: Library, tree: str, place: str, reports: list[TestReport]) -> Gold:
    for report in reports:
        if not report.complete or report.timed_out:
            raise _unfit(library, f"the run ended with status {report.exit_code}: {report.output.strip()[-300:]}")
    first = reports[0].statuses
    seen = tuple(first)
    flaky = {test for report in reports for test in {*first, *report.statuses} if report.statuses.get(test) != first.get(test)}
    passed = tuple(test for test in seen if first[test] == "passed" and test not in flaky)
    failing = [test for test in seen if first[test] in ("failed", "error") and test not in flaky]
    if library.packed and failing:
        raise _unfit(library, f"{len(failing)} of {len(seen)} fail, the first {failing[0]}: {reports[0].output.strip()[-300:]}")
    if not passed:
        raise _unfit(library, f"no test passes: {reports[0].output.strip()[-300:]}")
    return Gold(tree, place, seen, passed, tuple(sorted(flaky)), reports[0].seconds, _by_line(seen, reports[-1].lines))


def _unfit(library: Library, why: str) -> TaskError:
    """A released library may have tests that fail here; in the user's own repository they are an oversight that can be fixed."""
    if not library.packed:
        return LibraryUnfit(library.name, why)
    remedy = "mend them, or leave their files out with `exclude`; a box has pytest and nothing else installed"
    return RepositoryUnusable(library.name, f"its own tests do not pass as they stand ({why})", remedy)


def _by_line(seen: tuple[str, ...], lines: Mapping[str, Mapping[str, list[int]]]) -> dict[str, dict[str, tuple[int, ...]]]:
    turned: dict[str, dict[str, list[int]]] = {}
    for index, test in enumerate(seen):
        for path, executed in lines.get(test, {}).items():
            rows = turned.setdefault(path, {})
            for line in executed:
                rows.setdefault(str(line), []).append(index)
    return {path: {line: tuple(tests) for line, tests in rows.items()} for path, rows in turned.items()}


def _from_json(kept: dict[str, object]) -> Gold:
    lines = kept["lines"]
    assert isinstance(lines, dict)
    return Gold(
        tree=str(kept["tree"]),
        place=str(kept["place"]),
        seen=tuple(kept["seen"]),  # type: ignore[arg-type]
        passed=tuple(kept["passed"]),  # type: ignore[arg-type]
        flaky=tuple(kept["flaky"]),  # type: ignore[arg-type]
        seconds=float(kept["seconds"]),  # type: ignore[arg-type]
        lines={path: {line: tuple(tests) for line, tests in rows.items()} for path, rows in lines.items()},
    )
