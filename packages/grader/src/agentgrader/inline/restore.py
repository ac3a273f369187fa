"""Put the required tests that stand in files of the gold patch into a box with a diff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agentsandbox.errors import CopyRefused
from agentsandbox.sandbox import Sandbox
from agentsandbox.server.globs import matches
from trajschema.diffs import paths_in
from trajschema.task import Task

from agentgrader.frameworks import framework_of
from agentgrader.inline.transplant import UNREADABLE, Untransplantable, assigned_documents, with_tests_of
from agentgrader.report import TestReport
from agentgrader.runner_access import PREFIX, TEST_FILE


@dataclass(frozen=True)
class PutBack:
    """What became of the tests in files that the gold patch changes."""

    changed: tuple[str, ...] = ()
    """Files that are nothing but tests, and were not as the gold patch leaves them."""
    lost: frozenset[str] = frozenset()
    """Ids of tests that could not be put back: they count as missing."""
    notes: tuple[str, ...] = ()
    """Evidence against the diff."""

    def judged(self, report: TestReport) -> TestReport:
        """``report`` without the tests that could not be put back."""
        return replace(report, statuses={t: s for t, s in report.statuses.items() if t not in self.lost}) if self.lost else report


class InlineTests:
    """The required tests of a task that stand in files which its gold patch changes."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._files = _files_with_tests(task)
        self._gold: Mapping[str, bytes] | None = None

    @property
    def paths(self) -> frozenset[str]:
        """The files."""
        return frozenset(self._files)

    def read(self, box: Sandbox) -> None:
        """Learn how the gold patch leaves these files; ``box`` holds the base, and does so again afterwards. Once is enough.

        Raises:
            PatchRejected: the gold patch does not apply.
        """
        if self._gold is not None or not self._files:
            return
        box.apply(self._task.gold_patch)
        found = {path: _source(box, path) for path in self._files}
        box.reset()
        self._gold = {path: source for path, source in found.items() if source is not None}

    def put_back(self, box: Sandbox) -> PutBack:
        """Give files in ``box``, where a diff is applied, the gold patch's tests: to a file of tests all of it, else the tests alone."""
        changed: list[str] = []
        lost: set[str] = set()
        notes: list[str] = []
        for path, gold in (self._gold or {}).items():
            tests = self._files[path]
            theirs = _source(box, path)
            try:
                if not path.endswith(".py") or TEST_FILE.search(path):
                    if theirs != gold:
                        box.copy_in(path, gold)
                        changed.append(path)
                elif theirs is not None:
                    wanted = with_tests_of(gold, theirs, _names(tests, self._task), path)
                    if wanted != theirs:
                        box.copy_in(path, wanted)
                    if assigned_documents(theirs) > assigned_documents(gold):
                        notes.append(f"{PREFIX}{path}: assigns docstrings, where the examples of tests stand")
            except (Untransplantable, CopyRefused):
                lost.update(tests)
            except UNREADABLE:  # the gold patch's own file is none that can be read here
                continue
        return PutBack(tuple(changed), frozenset(lost), tuple(notes))


def _files_with_tests(task: Task) -> dict[str, list[str]]:
    """Path of a file that the gold patch changes, and the test patch does not → the required tests in it."""
    framework = framework_of(task.environment.test_command)
    gold = [path for path in paths_in(task.gold_patch) if path not in set(paths_in(task.test_patch))]
    found: dict[str, list[str]] = {}
    for test in (*task.FAIL_TO_PASS, *task.PASS_TO_PASS) if gold else ():
        holders = framework.holders(test)
        for path in gold if holders else ():
            if matches(path, holders):
                found.setdefault(path, []).append(test)
    return found


def _names(tests: Sequence[str], task: Task) -> list[str]:
    framework = framework_of(task.environment.test_command)
    return [name for test in tests if (name := framework.function(test))]


def _source(box: Sandbox, path: str) -> bytes | None:
    try:
        return box.copy_out(path)
    except CopyRefused:
        return None
