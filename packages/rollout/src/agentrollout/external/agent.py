"""A program as an agent."""

from dataclasses import dataclass
from random import Random

from agentrollout.driver import Driver
from agentrollout.external.host_runner import HostRunner
from agentrollout.external.program import Program
from agentrollout.external.sandbox_runner import SandboxRunner
from agentrollout.policy import TaskView


@dataclass(frozen=True, kw_only=True)
class ExternalAgent(Program):
    """A program, started where it says."""

    def driver(self, view: TaskView, random: Random) -> Driver:
        """See :class:`agentrollout.driver.AnyAgent`."""
        return HostRunner(self, view) if self.place == "host" else SandboxRunner(self, view)
