"""mini-swe-agent as it is, with its commands run in our box.

It runs in its own interpreter, because its dependencies are heavy and conflict with ours.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

from trajschema.rollout import Agent

from agentrollout.external.agent import ExternalAgent

LOG = "run.traj.json"
FORMAT = "mini-swe-agent"
RETRIES = 10
"""Most requests for one answer of the model; mini-swe-agent's own default."""


def mini_swe_agent(
    model: str,
    version: str,
    *,
    python: str = sys.executable,
    config: str = "mini.yaml",
    settings: Mapping[str, Any] | None = None,
    variables: tuple[str, ...] = (),
    retries: int = RETRIES,
    seconds: float | None = None,
) -> ExternalAgent:
    """mini-swe-agent ``version`` with ``model`` (as litellm spells it), in the interpreter ``python``, which has it installed.

    ``config`` is one of its own configurations, which ``settings`` override: its sections ``agent``, ``model``, ``environment``.
    ``variables`` name what its model needs, such as a key.
    """
    given = {"config": config, "settings": settings or {}, "model": model, "version": version}
    parameters = json.dumps({"config": config, "settings": settings or {}}, sort_keys=True)
    quiet = ("LITELLM_LOCAL_MODEL_COST_MAP=True", "MSWEA_SILENT_STARTUP=1", f"MSWEA_MODEL_RETRY_STOP_AFTER_ATTEMPT={retries}")
    guest = (python, "-m", "agentrollout.external.mini_guest", "{box}", "{steps}", json.dumps(given), "{problem}")
    return ExternalAgent(
        Agent(name="mini-swe-agent", version=version, model=model, parameters=parameters),
        command=("env", "PYTHONPATH={package}", *quiet, *guest),
        log=LOG,
        adapter=FORMAT,
        variables=variables,
        seconds=seconds,
    )
