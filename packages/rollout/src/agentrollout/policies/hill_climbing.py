"""Hill climbing over edits: what makes more tests pass is kept, everything else is undone."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from trajschema.event import AgentTurn
from trajschema.trajectory import ToolCall

from agentrollout.policies.calls import file_edit, git, submit, turn
from agentrollout.policies.fragment import Edit
from agentrollout.policies.script import Reply, Script
from agentrollout.policies.testing import SUITE_S, run_tests, spread, stated_failures, verdict_of
from agentrollout.policy import TaskView

PROBES = 12
"""Failing tests that are run after each edit."""
HANGS = 3
"""Runs that may hang before the agent gives up; a hang costs far more than any other run."""


@dataclass
class HillClimb:
    """The state of the search."""

    view: TaskView
    left: int
    """Turns left."""
    base: frozenset[str] = frozenset()
    """Tests that fail without an edit, as far as the agent has seen."""
    base_known: bool = False
    """No other test fails without an edit."""
    targets: tuple[str, ...] = ()
    """Failing tests that are run after each edit."""
    passed: int = 0
    """How many targets pass with the kept edits alone."""
    kept: list[tuple[Edit, int]] = field(default_factory=list)
    """Edits that helped, each with the number of targets that passed before it."""
    dirty: list[str] = field(default_factory=list)
    """Files that hold something else than the base with the kept edits."""
    tried: set[Edit] = field(default_factory=set)
    hangs: int = 0
    output: str = ""
    """Output of the last run of the targets with the kept edits alone."""

    def undo(self) -> list[ToolCall]:
        """Calls that put dirty files back: each from git, then its kept edits once more."""
        paths, self.dirty = list(dict.fromkeys(self.dirty)), []
        if not paths:
            return []
        return [git("checkout", "--", *paths), *(file_edit(e.path, e.old, e.new) for e, _ in self.kept if e.path in paths)]


Proposal = Generator[AgentTurn, Reply, tuple[Edit, str] | None]
Propose = Callable[[HillClimb], Proposal]
"""Looks around, if it must, and names the next edit with a sentence that says why; nothing when it has no more."""


def say(climb: HillClimb, message: str, *calls: ToolCall) -> Generator[AgentTurn, Reply, Reply]:
    """Take one turn and note how many are left."""
    reply = yield turn(message, *calls)
    climb.left = reply.left
    return reply


def hill_climb(view: TaskView, propose: Propose) -> Script:
    """Run the failing tests, try what ``propose`` names while turns are left, run the suite once all is green, submit."""
    climb = HillClimb(view, view.steps)
    if climb.left > 1:
        yield from _look(climb)
    done = not climb.targets
    while not done and climb.left > 2 and climb.hangs < HANGS:
        proposal = yield from propose(climb)
        if proposal is None or climb.left <= 1:
            break
        green = yield from _try(climb, *proposal)
        if green and climb.left > 1:
            done = yield from _confirm(climb)
    yield from say(climb, _farewell(climb), *climb.undo(), submit())


def _look(climb: HillClimb) -> Generator[AgentTurn, Reply, None]:
    """Run the tests that are said to fail, for what they say, and the suite, for whatever else fails."""
    named = spread(stated_failures(climb.view.problem_statement), PROBES)
    calls = [run_tests(climb.view, named, "--tb=short")] if named else []
    message = "I run the tests that are said to fail, and the whole suite." if named else "No failing test is named; I run the suite."
    reply = yield from say(climb, message, *calls, run_tests(climb.view, climb.view.test_paths, "--tb=no", timeout_s=SUITE_S))
    seen = [verdict_of(observation) for observation in reply.observations]
    found = tuple(dict.fromkeys([*named, *seen[-1].failing]))
    climb.base, climb.base_known = frozenset(found), seen[-1].listed
    climb.targets = found[: max(len(named), 1)] + spread(found[max(len(named), 1) :], PROBES - len(named))
    climb.hangs = sum(verdict.hung for verdict in seen)
    climb.output = reply.observations[0].content


def _try(climb: HillClimb, edit: Edit, why: str) -> Generator[AgentTurn, Reply, bool]:
    """Make an edit and run the targets, in one turn. Whether all of them pass now."""
    climb.tried.add(edit)
    calls = [*climb.undo(), file_edit(edit.path, edit.old, edit.new), run_tests(climb.view, climb.targets, "--tb=line")]
    reply = yield from say(climb, why, *calls)
    edited, tested = reply.observations[-2:]
    if edited.error is not None:
        return False
    verdict = verdict_of(tested)
    climb.hangs += verdict.hung
    if not verdict.finished or verdict.passed <= climb.passed:
        climb.dirty.append(edit.path)
        return False
    climb.kept.append((edit, climb.passed))
    climb.passed = verdict.passed
    climb.output = tested.content
    return verdict.green


def _confirm(climb: HillClimb) -> Generator[AgentTurn, Reply, bool]:
    """Run the suite. Whether nothing is left to do.

    What fails there was either broken by the last edit, which is then taken back, or failed before and becomes a target.
    """
    suite = run_tests(climb.view, climb.view.test_paths, "--tb=short", timeout_s=SUITE_S)
    reply = yield from say(climb, "The tests that I aimed at pass. I run the whole suite.", suite)
    failing = verdict_of(reply.observations[-1]).failing
    if not failing:
        return True
    if climb.base_known and not climb.base.issuperset(failing):
        edit, climb.passed = climb.kept.pop()
        climb.dirty.append(edit.path)
        return False
    climb.passed = len(climb.targets)
    climb.targets += tuple(t for t in spread(failing, PROBES) if t not in climb.targets)
    climb.output = reply.observations[-1].content
    return False


def _farewell(climb: HillClimb) -> str:
    if not climb.targets:
        return "I found no failing test that I could work on; I submit."
    if climb.passed == len(climb.targets):
        return f"All {len(climb.targets)} tests that I aimed at pass; I submit."
    if climb.kept:
        return f"{climb.passed} of {len(climb.targets)} tests that I aimed at pass; I submit the best I found."
    return "Nothing that I tried helped; I submit the code as it was."
