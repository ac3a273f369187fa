"""The embedded agents by name."""

from agentrollout.driver import AgentSpec
from agentrollout.policies import controls, localising, noisy, uniform


class UnknownAgent(KeyError):
    """There is no embedded agent of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"no embedded agent is called {self.name!r}; there are: {', '.join(EMBEDDED)}, and your own as module:attribute"


EMBEDDED: dict[str, AgentSpec] = {
    spec.agent.name: spec for spec in (uniform.AGENT, noisy.AGENT, localising.AGENT, controls.ORACLE, controls.NOOP)
}
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
