"""The embedded agents by name: whatever a module of :mod:`agentrollout.policies` holds an :class:`AgentSpec` of."""

from importlib import import_module
from importlib.resources import files
from pathlib import Path

from agentrollout import policies
from agentrollout.driver import AgentSpec


class UnknownAgent(LookupError):
    """There is no embedded agent of that name."""


def _found() -> dict[str, AgentSpec]:
    names = sorted(file.stem for file in Path(str(files(policies))).glob("*.py") if file.stem != "__init__")
    modules = [import_module(f"{policies.__name__}.{name}") for name in names]
    specs = (value for module in modules for value in vars(module).values() if isinstance(value, AgentSpec))
    return {spec.agent.name: spec for spec in specs}


EMBEDDED: dict[str, AgentSpec] = _found()
"""Name → agent."""


def embedded(name: str) -> AgentSpec:
    """The embedded agent called ``name``.

    Raises:
        UnknownAgent: there is none.
    """
    try:
        return EMBEDDED[name]
    except KeyError:
        known = ", ".join(EMBEDDED)
        raise UnknownAgent(f"no embedded agent is called {name!r}; there are: {known}, and your own as module:attribute") from None
