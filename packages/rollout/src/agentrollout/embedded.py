"""The embedded agents by name."""

from trajschema.rollout import Agent

from agentrollout.driver import AgentSpec
from agentrollout.policies import controls, localising, noisy, uniform
from agentrollout.policies.script import Scripted


class UnknownAgent(KeyError):
    """There is no embedded agent of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"no embedded agent is called {self.name!r}; there are: {', '.join(EMBEDDED)}, and your own as module:attribute"


_SPECS = (
    AgentSpec(Agent(name="random"), True, lambda view, random: Scripted(uniform.script, view, random)),
    AgentSpec(Agent(name="noisy"), True, lambda view, random: Scripted(noisy.script, view, random)),
    AgentSpec(Agent(name="localising"), True, lambda view, random: Scripted(localising.script, view, random)),
    AgentSpec(Agent(name="oracle", control=True), False, controls.oracle, sees_gold=True),
    AgentSpec(Agent(name="noop", control=True), False, lambda view, random: Scripted(controls.noop, view, random)),
)

EMBEDDED: dict[str, AgentSpec] = {spec.agent.name: spec for spec in _SPECS}
"""Name → agent."""


def embedded(name: str) -> AgentSpec:
    """The embedded agent called ``name``.

    Raises:
        UnknownAgent: there is none.
    """
    try:
        return EMBEDDED[name]
    except KeyError:
        raise UnknownAgent(name) from None
