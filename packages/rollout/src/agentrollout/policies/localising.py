"""The localising agent: runs the tests under a tracer of its own and edits the most suspicious lines first."""

from collections.abc import Generator
from dataclasses import dataclass, field
from random import Random

from agenttasks.faults.operators import SIMPLE
from trajschema.event import AgentTurn
from trajschema.rollout import Agent
from trajschema.trajectory import ToolCall

from agentrollout.driver import AgentSpec
from agentrollout.policies.calls import file_read, file_write
from agentrollout.policies.fault_localization import PLUGIN, Suspect, plugin, suspects_in, traced_lines
from agentrollout.policies.fragment import Edit, edits_in
from agentrollout.policies.hill_climbing import HillClimb, Proposal, hill_climb, say
from agentrollout.policies.ranking import Clues, Ranked, rank
from agentrollout.policies.reading import Setup, fragment_of
from agentrollout.policies.script import Reply, Script, Scripted
from agentrollout.policies.testing import SUITE_S, run_tests
from agentrollout.policies.uniform import anywhere
from agentrollout.policy import TaskView

FUNCTIONS = 8
"""Suspicious functions read in one turn."""
TEMPER = 0.3
"""Randomness of the order of edits that look alike."""
_FOLDER = "/tmp"


def script(view: TaskView, random: Random) -> Script:
    """Spectrum-based fault localisation, then edits at the most suspicious lines; localised anew after each success."""
    return hill_climb(view, Localiser(random).propose)


@dataclass
class Localiser:
    """Proposals by suspicion."""

    random: Random
    slip: float = 0.0
    """Share of proposals that are drawn blindly from the upper part of the list."""
    _queue: list[Ranked] = field(default_factory=list)
    _written: str = ""
    """The plugin as it is in the box now."""
    _for: tuple[int, int] | None = None
    """Number of kept edits and of targets that the list was made for."""

    def propose(self, climb: HillClimb) -> Proposal:
        """The best edit not tried yet; any edit at all where no function is suspicious."""
        if self._for != (len(climb.kept), len(climb.targets)):
            self._for = (len(climb.kept), len(climb.targets))
            yield from self._localise(climb)
        while self._queue:
            best = self._queue.pop(self._slip())
            if best.edit not in climb.tried:
                return best.edit, _why(best)
        return (yield from anywhere(self.random)(climb)) if climb.left > 3 else None

    def _slip(self) -> int:
        return self.random.randrange(min(len(self._queue), 40)) if self.slip and self.random.random() < self.slip else 0

    def _localise(self, climb: HillClimb) -> Generator[AgentTurn, Reply, None]:
        first = not climb.kept
        message = (
            "I write a small pytest plugin that records which lines each test runs, and rank the lines by Ochiai."
            if first
            else "That helped. I rank the lines anew for the tests that still fail."
        )
        source = plugin(climb.targets)
        write = [file_write(f"{_FOLDER}/{PLUGIN}.py", source)] if source != self._written else []
        self._written = source
        reply = yield from say(climb, message, *climb.undo(), *write, _traced_run(climb))
        output = reply.observations[-1].content
        suspects = suspects_in(output)[:FUNCTIONS]
        if not suspects or climb.left <= 2:
            self._queue = []
            return
        self._queue = yield from self._read(climb, suspects)

    def _read(self, climb: HillClimb, suspects: list[Suspect]) -> Generator[AgentTurn, Reply, list[Ranked]]:
        worst = suspects[0]
        others = f" and the next {len(suspects) - 1}" if len(suspects) > 1 else ""
        message = f"The most suspicious function is {worst.name} in {worst.path} ({worst.top:.2f}). I read it{others}."
        reply = yield from say(climb, message, *(file_read(s.path, s.first, s.last) for s in suspects))
        offered: list[tuple[Edit, float]] = []
        for suspect, observation in zip(suspects, reply.observations, strict=True):
            fragment = fragment_of(Setup(suspect.path, suspect.first, suspect.last, suspect.name), observation)
            offered += [(edit, _suspicion(edit, suspect)) for edit in (edits_in(fragment, SIMPLE) if fragment else [])]
        return rank(offered, Clues(climb.targets, traced_lines(climb.output)), self.random, TEMPER)


def _traced_run(climb: HillClimb) -> ToolCall:
    folders = [_FOLDER, *(f"{climb.view.workdir}/{folder}".removesuffix("/.") for folder in climb.view.python_path)]
    options = ("-p", PLUGIN, "--assert=plain", "--tb=no")  # an explained assertion would run code that passing tests do not run
    return run_tests(climb.view, climb.view.test_paths, *options, setting=f"PYTHONPATH={':'.join(folders)}", timeout_s=SUITE_S)


def _suspicion(edit: Edit, suspect: Suspect) -> float:
    """Score of the edited line (of the nearest scored one above it) or of the two below: a wrong condition shows in what it guards."""
    own = next((suspect.scores[n] for n in range(edit.line, suspect.first - 1, -1) if n in suspect.scores), 0.0)
    return max(own, *(suspect.scores.get(edit.line + n, 0.0) for n in (1, 2)))


def _why(best: Ranked) -> str:
    edit = best.edit
    return f"Line {edit.line} of {edit.path} is suspicious ({best.suspicion:.2f}); I try: {edit.what}."


AGENT = AgentSpec(Agent(name="localising"), True, lambda view, random: Scripted(script, view, random))
