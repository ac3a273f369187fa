"""The code of each agent: what its attempts are made by, and so what makes new ones when it is edited.

An agent without a model costs nothing to run again, so its code is everything that may affect an attempt: its policy, the loop,
the tools in the box, and the box itself. Attempts of a model, or of a program that asks one, are paid for, so its code is only
what it is told and what the loop and the tools in the box do with its answers; that code is part of the agent's version. Code that
reads logs, sends requests or writes records belongs to neither.
"""

from agentrollout.config import AgentRun
from agentrollout.embedded import EMBEDDED
from trajschema.ids import content_id

from resources.incremental.code import Sources
from resources.settings import Settings

SANDBOX = ("agentsandbox.backends", "agentsandbox.server.main", "agentsandbox.images.base_recipe", "agentsandbox.images.recipe")
"""What a box is. Backends are made by name, the server is sent into boxes as text, and of images only what they hold counts."""
TOLD = (
    "agentsandbox.server.main",
    "agentsandbox.tools",
    "agentsandbox.schemas",
    "agentsandbox.settings",
    "agentsandbox.images.base_recipe",
)
"""What a box answers."""
LOOP = ("agentrollout.loop", "agentrollout.tool_loop")
MODEL = ("agentrollout.models.agent",)
PROGRAM = ("agentrollout.external.agent", "agentrollout.external.bridge", "agentsandbox.cli.mcp")
"""How a program is offered a box."""
READING = (
    "agentrecorder.adapters",
    "agentrecorder.rollout_log",
    "agentrecorder.import_rollout",
    "agentrecorder.raw_log_store",
    "agentrecorder.proxy",
)
"""How the log that an agent wrote itself is read and kept."""

_CARRIERS = ("agentrecorder", "agentllm", "agentsandbox", "trajschema")


def agent_codes(settings: Settings, sources: Sources) -> dict[str, str]:
    """Name of each entry of ``agents.run`` → hash of its code, 8 hexadecimal digits."""
    return {entry.name: _code(entry, sources) for entry in settings.agents.run}


def _code(entry: AgentRun, sources: Sources) -> str:
    if entry.name in EMBEDDED:
        return sources.fingerprint(EMBEDDED[entry.name].module, *LOOP, *SANDBOX, without=READING)[:8]
    asking = sources.fingerprint(*(MODEL if entry.model else PROGRAM), *LOOP, without=_CARRIERS)
    return content_id([asking, sources.fingerprint(*TOLD, without=("trajschema",))], 8)
