"""The noisy agent: the localising one with wasted moves and careless choices in between."""

from random import Random

from trajschema.rollout import Agent

from agentrollout.driver import AgentSpec
from agentrollout.policies.distractor_steps import DISTRACTORS, Seen
from agentrollout.policies.hill_climbing import hill_climb
from agentrollout.policies.localising import Localiser
from agentrollout.policies.script import Script, Scripted
from agentrollout.policy import TaskView

WASTED = 0.35
"""Chance of a wasted move before each turn."""
SLIP = 0.35
"""Share of edits that are not the best one known."""
SPARED = 4
"""No move is wasted when no more turns than these are left."""


def script(view: TaskView, random: Random) -> Script:
    """Localise and edit, but repeat commands, read again, edit what is not there, mistype paths and take edits back."""
    inner = hill_climb(view, Localiser(random, slip=SLIP).propose)
    seen = Seen()
    planned = next(inner)
    left = view.steps
    while True:
        while left > SPARED and random.random() < WASTED:
            wasted = random.choice(DISTRACTORS)(seen, random)
            if wasted is None:
                break
            reply = yield wasted
            left = reply.left
        reply = yield planned
        left = reply.left
        seen.note(planned, reply)
        try:
            planned = inner.send(reply)
        except StopIteration:
            return


AGENT = AgentSpec(Agent(name="noisy"), True, lambda view, random: Scripted(script, view, random))
