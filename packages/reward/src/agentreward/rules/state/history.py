"""The run so far, as far as the rules look back. Grows with each step; every look-up is O(1) amortised.

Three invariants keep padding from paying (see :mod:`agentreward.aggregate.process_reward`; a copied step is not even recorded, see
:mod:`agentreward.rules.state.copies`):

- A request made before never counts as a new change. Nor does a file count as changed that is given the text it holds.
- Tests are compared with the *best* earlier run of the same tests, so breaking and repairing earns nothing twice.
- What got better counts only where code changed in between, and not by being taken back: neither a fault of the agent's own nor a test
  that it made to fail, and then to pass, is progress.
"""

import re
from typing import NamedTuple

from trajschema.trajectory import Observation

from agentreward.rules.facts import Facts, Trend
from agentreward.rules.read.actions import CHANGING, Action, in_window, is_document, is_scratch, is_test_config, is_test_path, path_name
from agentreward.rules.read.changes import changed_lines, same_code
from agentreward.rules.read.executions import counts_of
from agentreward.rules.read.failures import failure_of
from agentreward.rules.read.runners import test_paths
from agentreward.rules.read.test_report import TestCounts
from agentreward.rules.state.contents import Contents
from agentreward.rules.state.coverage import Coverage
from agentreward.rules.state.knowledge import Knowledge
from agentreward.rules.state.requests import Request, Version, answer_of

_WINDOW = re.compile(r"^\[lines (\d{1,9})-(\d{1,9}) of \d{1,9}; \d{1,9} above, \d{1,9} below\]\n?\Z", re.MULTILINE)
_WINDOW_MAX = 100


class _Best(NamedTuple):
    failed: int
    passed: int
    step: int
    code_changes: int


class History:
    """State of the scorer. :meth:`examine` reads it, :meth:`record` extends it."""

    def __init__(self) -> None:
        self.knowledge = Knowledge()
        self._coverage = Coverage()
        self._requests: dict[str, Request] = {}
        self._failures: dict[tuple[str, str], int] = {}
        self._path_changes: dict[str, int] = {}
        self._wild_changes = 0
        self.changes = 0
        """New changes of anything so far."""
        self._code_changes = 0
        self._contents = Contents()
        self._edits: dict[tuple[str, str, str], int] = {}
        self._changed_at: dict[str, int] = {}
        self._last_change: int | None = None
        self._best: dict[str, _Best] = {}
        self._tested: dict[str, tuple[int, int]] = {}
        self._window = ""
        self._throw_away: set[str] = set()
        self._own_tests: set[str] = set()
        self._times: dict[str, int] = {}
        self._unseen = 0
        self._source_change: int | None = None
        self._failed_at: int | None = None
        self._verified = False

    def examine(self, action: Action, observation: Observation | None) -> Facts:
        """What the rules may know of ``action``."""
        if not action.path:
            action = in_window(action, self._window)
        kind, path, known = action.kind, action.path, self.knowledge
        counts = counts_of(action, observation)
        request = self._requests.get(action.key)
        path_seen = known.path(path)
        best = self._best.get(self._case(action)) if counts else None
        best_failed, best_step, code_changed = (
            (best.failed, best.step, best.code_changes != self._code_changes) if best else (0, None, False)
        )
        tested = self._tested.get(action.key) if kind == "test" else None
        untested_change, last_run = (tested[0] != self.changes, tested[1]) if tested else (True, None)
        no_code, undoes, source_file = False, None, True
        if kind in CHANGING:
            no_code, undoes = _is_no_code(action), self._undone_by(action)
            source_file = not (no_code or self._is_beside(action))
        return Facts(
            action=action,
            failure=failure_of(action, observation, counts),
            counts=counts,
            repeat_of=self._repeat_of(action, observation, request),
            same_call=request.made if request else None,
            shown_by=self._shown_by(action, observation, request) if kind == "read" and not action.query else None,
            failures_before=self._failures.get((kind, path), 0),
            path_seen=path_seen,
            text_seen=known.lines(action.old, path) if action.old else None,
            query_seen=known.words(action.query) if action.query else None,
            trend=_trend(counts, best) if counts else "unknown",
            best_failed=best_failed,
            best_step=best_step,
            code_changed=code_changed,
            no_code=no_code,
            untested_change=untested_change,
            last_run=last_run,
            undoes=undoes,
            last_change=self._last_change,
            verified=self._verified,
            changes_before=self._unseen if path_seen is None else self._times.get(path, 0),
            unproved=self._source_change is not None and not self._verified,
            failing=self._failed_at,
            cut=observation is not None and observation.truncated,
            source_file=source_file,
        )

    def record(self, facts: Facts, observation: Observation | None, step: int) -> None:
        """``facts`` happened at ``step``."""
        action = facts.action
        if facts.failure:
            key = (action.kind, action.path)
            self._failures[key] = self._failures.get(key, 0) + 1
        elif action.kind in CHANGING:
            self._change(facts, step)
        elif action.kind in ("read", "search") and action.path:
            self.knowledge.look(action.path, step)
            if action.kind == "read" and not action.shell:
                self._window = action.path
            if action.kind == "read" and not facts.cut and not action.query:
                self._read(action, observation, step)
        elif action.kind == "other" or (action.kind == "run" and facts.counts and facts.counts.green):
            self._code_changes += 1
        if action.kind == "test" or facts.counts:
            self._tests(action, facts, step)
        made = None if facts.failure and action.kind in CHANGING else step
        request = self._requests.get(action.key)
        if request is None:
            self._requests[action.key] = Request(self._version(action), answer_of(observation), step, made)
            return
        if request.made is None:
            request.made = made
        request.add(self._version(action), answer_of(observation), step)

    def _repeat_of(self, action: Action, observation: Observation | None, request: Request | None) -> int | None:
        if action.kind == "write" and not action.appends and (shown := self._contents.as_is(action.path, action.new)) is not None:
            return shown
        if request is None or request.version != self._version(action):
            return None
        return request.step if request.has(answer_of(observation)) else None

    def _shown_by(self, action: Action, observation: Observation | None, request: Request | None) -> int | None:
        shown = self._coverage.shown_by(action.path, *_lines_shown(action, observation))
        return None if shown is not None and request is not None and not request.has(answer_of(observation)) else shown

    def _read(self, action: Action, observation: Observation | None, step: int) -> None:
        start, end = _lines_shown(action, observation)
        self._coverage.add(action.path, start, end, step)
        if start is end is None and observation is not None:
            self._contents.show(action.path, observation.content, step)

    def _change(self, facts: Facts, step: int) -> None:
        action = facts.action
        if self._is_throw_away(action):
            self._throw_away.add(action.path)
        if action.kind == "write" and facts.path_seen is None and is_test_path(action.path):
            self._own_tests.add(action.path)
        if action.path and action.kind != "mutate":
            self.knowledge.look(action.path, step)
        self.knowledge.add(action.new, step)
        if facts.same_call is not None:
            return
        if facts.source_file and action.kind in ("edit", "write"):
            self._source_change, self._verified = step, False
            self._times[action.path] = self._times.get(action.path, 0) + 1
            self._unseen += facts.path_seen is None
        self.changes += 1
        if facts.source_file and facts.undoes is None:
            self._code_changes += 1
        if action.path in ("", ".") or action.kind == "mutate":
            self._wild_changes += 1
            self._coverage.forget_all()
            self._contents.forget_all()
        else:
            self._path_changes[action.path] = self._path_changes.get(action.path, 0) + 1
            self._coverage.forget(action.path)
            self._contents.forget(action.path)
        if action.kind == "write" and not action.appends:
            self._contents.show(action.path, action.new, step)
        if action.kind == "edit" and (action.old or action.new):
            self._edits[(action.path, *changed_lines(action.old, action.new))] = step
        if action.kind != "revert":
            self._changed_at[action.path] = step
            self._last_change = step

    def _tests(self, action: Action, facts: Facts, step: int) -> None:
        if facts.failure is None:
            self._tested[action.key] = (self.changes, step)
        counts = facts.counts
        if counts is None or counts.passed + counts.failed == 0:
            return
        if counts.failed and self._failed_at is None:
            self._failed_at = step
        if facts.unproved and counts.green and self._proves(facts):
            self._verified = True
        if facts.trend in ("first", "better"):
            self._best[self._case(action)] = _Best(counts.failed, counts.passed, step, self._code_changes)

    def _proves(self, facts: Facts) -> bool:
        """Whether a run that passes says something of the change. A test of the agent's own, never seen failing, may just show nothing."""
        if facts.trend == "better":
            return facts.code_changed
        named = test_paths(facts.action.query)
        return facts.trend == "first" and facts.action.kind == "test" and not (named and self._own_tests.issuperset(map(path_name, named)))

    def _case(self, action: Action) -> str:
        """What a run is compared by. A program that was rewritten shows something else than before."""
        return f"{action.key}@{self._path_changes.get(action.path, 0)}" if action.kind == "run" else action.key

    def _is_beside(self, action: Action) -> bool:
        """Whether a change lies beside the source: in a test, in test configuration, in a document, or in a throw-away file."""
        path = action.path
        return is_test_path(path) or is_test_config(action) or is_document(path) or is_scratch(path) or self._is_throw_away(action)

    def _is_throw_away(self, action: Action) -> bool:
        """A file that the agent made beside the folders of the project, and that nobody had named."""
        path = action.path
        return path in self._throw_away or (action.kind == "write" and "/" not in path and path != "" and self.knowledge.path(path) is None)

    def _version(self, action: Action) -> Version:
        """What the request looks at: one file, or everything."""
        if action.kind in ("read", "edit", "write") and action.path:
            return self._path_changes.get(action.path, 0), self._wild_changes
        return self.changes, -1

    def _undone_by(self, action: Action) -> int | None:
        if action.kind == "edit" and (action.old or action.new):
            return self._edits.get((action.path, *changed_lines(action.new, action.old)))
        if action.kind == "write" and not action.appends and self._contents.was(action.path, action.new):
            return self._changed_at.get(action.path)
        if action.kind == "revert":
            return self._last_change if action.path in ("", ".") else self._changed_at.get(action.path)
        return None


def _lines_shown(action: Action, observation: Observation | None) -> tuple[int | None, int | None]:
    """The lines that a reading showed: those asked for, or the window that the tool says it chose."""
    if observation is not None and not action.shell:
        end = observation.content[-_WINDOW_MAX:]
        said = _WINDOW.search(end) if "below]" in end else None
        if said:
            return int(said[1]), int(said[2])
    return action.start, action.end


def _is_no_code(action: Action) -> bool:
    told = action.kind == "edit" and (action.old or action.new)
    return bool(told or action.appends) and same_code(action.path, action.old, action.new)


def _trend(counts: TestCounts | None, best: _Best | None) -> Trend:
    if counts is None or counts.passed + counts.failed == 0:
        return "unknown"
    if best is None:
        return "first"
    if (counts.failed < best.failed and counts.passed >= best.passed) or (best.passed == 0 and counts.passed > 0):
        return "better"
    if counts.failed > best.failed or counts.passed < best.passed:
        return "worse"
    return "same"
