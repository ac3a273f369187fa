"""The random agent: any function of the library, any edit in it."""

from collections.abc import Generator
from random import Random

from agenttasks.faults.operators import REMOVALS, SIMPLE
from trajschema.event import AgentTurn
from trajschema.rollout import Agent

from agentrollout.driver import AgentSpec
from agentrollout.policies.calls import file_read, git
from agentrollout.policies.fragment import Edit, edits_in
from agentrollout.policies.hill_climbing import HillClimb, Proposal, Propose, hill_climb, say
from agentrollout.policies.reading import DEFINITION, Setup, fragment_of, functions_in
from agentrollout.policies.script import Reply, Script, Scripted
from agentrollout.policy import TaskView

ALL = (*SIMPLE, *REMOVALS)
"""All operators, including those that remove code."""
AT_ONCE = 4
"""Functions read in one turn."""
EACH = 2
"""Edits tried in one function."""


def script(view: TaskView, random: Random) -> Script:
    """Edits drawn uniformly: a function, then an edit in it. Nothing is known of where the fault is."""
    return hill_climb(view, anywhere(random))


def anywhere(random: Random) -> Propose:
    """Proposals drawn uniformly from the functions of the library."""
    places: list[Setup] = []
    queue: list[Edit] = []

    def propose(climb: HillClimb) -> Proposal:
        if not places:
            reply = yield from say(climb, "I list the functions of the library.", git("grep", "-nE", DEFINITION, "--", "*.py"))
            places.extend(functions_in(reply.observations[-1].content))
        while not queue and places and climb.left > 2:
            queue.extend((yield from _read(climb, [places.pop(random.randrange(len(places))) for _ in range(min(AT_ONCE, len(places)))])))
        while queue:
            edit = queue.pop(0)
            if edit not in climb.tried:
                return edit, f"I have no lead. In {edit.function} of {edit.path}, line {edit.line}, I try: {edit.what}."
        return None

    def _read(climb: HillClimb, chosen: list[Setup]) -> Generator[AgentTurn, Reply, list[Edit]]:
        names = ", ".join(place.name for place in chosen)
        calls = [file_read(place.path, place.first, place.last) for place in chosen]
        reply = yield from say(climb, f"I pick functions at random and read them: {names}.", *calls)
        edits = []
        for place, observation in zip(chosen, reply.observations, strict=True):
            fragment = fragment_of(place, observation)
            offered = edits_in(fragment, ALL) if fragment else []
            edits += random.sample(offered, min(EACH, len(offered)))
        return edits

    return propose


AGENT = AgentSpec(Agent(name="random"), True, lambda view, random: Scripted(script, view, random))
