"""A program on the host drives a session: it is offered the box, and started in an empty folder."""

import json
import math
import sys
import time
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from agentsandbox.owned_folders import scratch
from agentsandbox.sandbox import Sandbox
from trajschema.event import EventSink

import agentrollout
from agentrollout.external.logs import own_log
from agentrollout.external.process import run
from agentrollout.external.program import SCRATCH, Program, ending_of, host_environment, starter
from agentrollout.external.tool_server import ToolServer
from agentrollout.policy import Ended, TaskView
from agentrollout.tool_loop import Budget, Ending, Slots

AFTER_SUBMIT_S = 20.0
"""Seconds that a program has to end by itself once the work is handed in."""


@dataclass(frozen=True)
class HostRunner:
    """See :class:`agentrollout.driver.Driver`."""

    spec: Program
    view: TaskView

    def drive(self, box: Sandbox, sink: EventSink, budget: Budget, slots: Slots) -> Ending:
        """Start the program and wait for it; it is ended at its time limit, when the box is lost, or by a call beyond the limit."""
        seconds = self.spec.seconds or budget.seconds
        given = self.spec.environment()
        if any("{mcp" in word for word in self.spec.command) and find_spec("mcp") is None:
            raise Ended("infrastructure", f"agent {self.spec.agent.name!r} is offered its box by MCP; install agentrollout[mcp]")
        with scratch(SCRATCH) as folder:
            home, out, err = folder / "home", folder / "stdout", folder / "stderr"
            home.mkdir()
            words = self.spec.words(self._places(folder))
            most = math.inf if any("{steps}" in word for word in self.spec.command) else budget.steps
            with ToolServer(box, sink, folder / "box", most, slots) as server:
                end = time.monotonic() + seconds
                try:
                    status = run(words, host_environment(given, home), home, out, err, lambda: _until(server, end))
                except OSError as problem:
                    raise Ended("infrastructure", f"{words[0]!r} cannot be started: {problem.strerror}; install it") from problem
            ending = self._ending(server, status, err, budget.steps, seconds)
            log = self.spec.recording.log if self.spec.recording and not self.spec.log else out if self.spec.log == "stdout" else None
            found = own_log(log or home / self.spec.log, self.spec.adapter) if log or self.spec.log else None
            return replace(ending, log=found)

    def _places(self, folder: Path) -> dict[str, str]:
        """Values of the placeholders. Creates those that are files."""
        socket, statement, server, config = (folder / name for name in ("box", "problem.txt", "mcp", "mcp.json"))
        statement.write_text(self.view.problem_statement, encoding="utf-8", errors="replace")
        starter(socket, statement, server)
        config.write_text(json.dumps({"mcpServers": {"box": {"command": str(server), "args": []}}}))
        package = folder / "package"
        package.mkdir()
        (package / "agentrollout").symlink_to(Path(str(agentrollout.__file__)).parent)
        return {
            "workdir": self.view.workdir,
            "steps": str(self.view.steps),
            "problem": self.view.problem_statement,
            "box": str(socket),
            "mcp": str(server),
            "mcp_config": str(config),
            "python": sys.executable,
            "package": str(package),
        }

    def _ending(self, server: ToolServer, status: int | None, err: Path, steps: int, seconds: float) -> Ending:
        if server.lost:
            return Ending("infrastructure", server.lost, lost=True)
        if server.submitted_at is not None:
            return Ending("submitted", "")
        if server.spent:
            return Ending("limit", f"{steps} calls were made")
        if status is None:
            return Ending("limit", f"{seconds:g} seconds had passed")
        return ending_of(status, err.read_text(encoding="utf-8", errors="replace"))


def _until(server: ToolServer, end: float) -> float:
    if server.submitted_at is not None:
        return min(end, server.submitted_at + AFTER_SUBMIT_S)
    return 0.0 if server.spent or server.lost else end
