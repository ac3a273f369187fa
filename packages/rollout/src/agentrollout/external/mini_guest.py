"""What runs in mini-swe-agent's interpreter: its own loop, prompts and model, with an environment whose commands go to the tool client.

Imports nothing but the standard library, mini-swe-agent, and what lies beside this file and imports no more than that.
"""

import json
import platform
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentrollout.external.exit_status import AWAY, LIMIT
from agentrollout.external.tool_client import ToolClient

DONE = "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"
"""First line of the output of a command that hands the work in, by mini-swe-agent's convention."""
LOG = Path("run.traj.json")
_STATUS = {
    **dict.fromkeys(("LimitsExceeded", "TimeExceeded", "ContextWindowExceededError"), LIMIT),
    **dict.fromkeys(("RateLimitError", "APIConnectionError", "Timeout", "InternalServerError", "ServiceUnavailableError"), AWAY),
    **dict.fromkeys(("BadGatewayError", "APIError"), AWAY),
    **dict.fromkeys(("AuthenticationError", "PermissionDeniedError", "NotFoundError", "UnsupportedParamsError"), AWAY),
}
"""Its own exits and the errors of its model's library → what they come to; any other is a crash."""


class BoxEnvironment:
    """Takes the place of mini-swe-agent's environments: each command runs in a new shell in the box, and is recorded there."""

    def __init__(self, client: ToolClient, settings: Mapping[str, Any]) -> None:
        self._client = client
        self.config = dict(settings)

    def execute(self, action: dict[str, Any], cwd: str = "", *, timeout: float | None = None) -> dict[str, Any]:
        """Run ``action["command"]``. Returns output, returncode (-1 where there is none) and exception_info.

        Raises:
            minisweagent.exceptions.Submitted: the command handed the work in.
            OSError: there is no box any more.
        """
        limit = timeout or self.config.get("timeout")
        arguments = {"command": self._wrapped(str(action.get("command", "")), cwd), **({"timeout_s": limit} if limit else {})}
        seen = self._client.call("shell", arguments)
        wrong = seen.get("error") or ""
        output = {"output": seen["content"], "returncode": seen.get("exit_code", -1), "exception_info": wrong}
        first, _, rest = output["output"].lstrip().partition("\n")
        if first.strip() == DONE and output["returncode"] == 0:
            self._client.call("submit", {})
            from minisweagent.exceptions import Submitted

            raise Submitted({"role": "exit", "content": rest, "extra": {"exit_status": "Submitted", "submission": rest}})
        return output

    def _wrapped(self, command: str, cwd: str) -> str:
        place = cwd or self.config.get("cwd", "")
        variables = "".join(f"{name}={shlex.quote(str(value))} " for name, value in self.config.get("env", {}).items())
        return f"{variables}bash -c {shlex.quote(f'cd {shlex.quote(place)} && {command}' if place else command)}"

    def get_template_vars(self, **more: Any) -> dict[str, Any]:
        """What its prompts may say of the place: the kernel, which a box shares with its host."""
        kernel = platform.uname()
        seen = {name: getattr(kernel, name) for name in ("system", "release", "version", "machine")}
        return {**seen, **self.config, **more}

    def serialize(self) -> dict[str, Any]:
        """What its log says of the place."""
        return {"info": {"config": {"environment": self.config, "environment_type": f"{__name__}.{type(self).__name__}"}}}


def run(client: ToolClient, steps: int, given: Mapping[str, Any], problem: str) -> int:
    """Exit status of one run; why it is not 0 is printed to standard error."""
    try:
        import minisweagent
        from minisweagent.agents.default import DefaultAgent
        from minisweagent.config import get_config_from_spec
        from minisweagent.models import get_model
        from minisweagent.utils.serialize import recursive_merge
    except ImportError as missing:
        return _say(AWAY, f"{sys.executable} has no mini-swe-agent ({missing}); install it there, or name another interpreter")
    if minisweagent.__version__ != given["version"]:
        return _say(AWAY, f"mini-swe-agent {given['version']} is asked for, and {minisweagent.__version__} is installed")
    ours = {"model": {"model_name": given["model"]}, "agent": {"step_limit": steps, "output_path": str(LOG)}}
    config = recursive_merge(get_config_from_spec(given["config"]), given["settings"], ours)
    environment = {name: value for name, value in config.get("environment", {}).items() if name in ("env", "timeout", "cwd")}
    try:
        agent = DefaultAgent(get_model(config=config["model"]), BoxEnvironment(client, environment), **config["agent"])
        end = agent.run(problem).get("exit_status", "")
    except Exception as met:
        return _say(_STATUS.get(type(met).__name__, 1), f"{type(met).__name__}: {' '.join(str(met).split())[:300]}")
    return 0 if end == "Submitted" else _say(_STATUS.get(end, 1), end)


def _say(status: int, why: str) -> int:
    print(why, file=sys.stderr, flush=True)
    return status


if __name__ == "__main__":
    sys.exit(run(ToolClient(Path(sys.argv[1])), int(sys.argv[2]), json.loads(sys.argv[3]), sys.argv[4]))
