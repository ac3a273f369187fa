"""A custom agent, named ``module:attribute`` and imported from the project's folder or from the environment."""

from dataclasses import replace
from pathlib import Path

from trajruntime.user_modules import Unimportable, file_digest, imported

from agentrollout.driver import AnyAgent
from agentrollout.embedded import EMBEDDED, embedded


class AgentUnusable(ValueError):
    """A custom agent cannot be imported, or is none."""

    def __init__(self, name: str, why: str, remedy: str) -> None:
        super().__init__(f"agent {name!r}: {why}; remedy: {remedy}")
        self.name, self.why, self.remedy = name, why, remedy


def find_agent(name: str, folder: Path) -> AnyAgent:
    """The agent of that name: ``module:attribute`` is imported, another name is an embedded one's.

    Raises:
        UnknownAgent: there is no embedded agent of that name.
        AgentUnusable: see :func:`load_agent`.
    """
    return load_agent(name, folder) if ":" in name else embedded(name)


def load_agent(name: str, folder: Path) -> AnyAgent:
    """The agent (``AgentSpec``, ``ExternalAgent``) that ``name``, a ``module:attribute``, leads to; ``folder`` is searched first.

    Its version is completed with a hash of the module's source file, so that an edit makes another agent.

    Raises:
        AgentUnusable: there is no such module or attribute, the import fails, it is no agent, it bears the name of an
            embedded agent, or it asks for the fix without being a control.
    """
    try:
        spec, file = imported(name, folder)
    except Unimportable as error:
        raise AgentUnusable(name, error.why, error.remedy) from error
    attribute = name.partition(":")[2]
    if not isinstance(spec, AnyAgent):
        found = "no attribute of that name" if spec is None else f"{attribute!r} is a {type(spec).__name__}"
        raise AgentUnusable(
            name, f"{file}: {found}, and no AgentSpec", f"make {attribute!r} an agentrollout.driver.AgentSpec or an ExternalAgent"
        )
    if spec.agent.name in EMBEDDED:
        raise AgentUnusable(name, f"it calls itself {spec.agent.name!r}, as an embedded agent does", "give its Agent another name")
    if spec.sees_gold and not spec.agent.control:
        raise AgentUnusable(name, "it is told the fix, and is no control", "leave out sees_gold, or set control=True")
    version = f"{spec.agent.version}+{file_digest(file)[:12]}"
    return replace(spec, agent=spec.agent.model_copy(update={"version": version}))
