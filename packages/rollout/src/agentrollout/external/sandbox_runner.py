"""A program in the box drives a session: one command there, with a proxy to its model as the only way out."""

import shlex
from dataclasses import dataclass, replace

from agentsandbox.owned_folders import scratch
from agentsandbox.sandbox import Sandbox
from agentsandbox.session import Calls
from trajschema.event import EventSink

from agentrollout.external.logs import own_log
from agentrollout.external.program import SCRATCH, Program, ending_of
from agentrollout.policy import TaskView
from agentrollout.tool_loop import Budget, Ending, OwnLog, Slots

_FETCHED = ".trajhub-log"


@dataclass(frozen=True)
class SandboxRunner:
    """See :class:`agentrollout.driver.Driver`."""

    spec: Program
    view: TaskView

    def drive(self, box: Sandbox, sink: EventSink, budget: Budget, slots: Slots) -> Ending:
        """Run the command as one call of the shell. Its variables are set before, and are never recorded."""
        seconds = self.spec.seconds or budget.seconds
        for name, value in self.spec.environment().items():
            box.call("shell", {"command": f"export {name}={shlex.quote(value)}"})
        places = {"workdir": self.view.workdir, "problem": self.view.problem_statement, "steps": str(self.view.steps)}
        command = shlex.join(self.spec.words(places))
        seen = Calls(box, sink).call("shell", {"command": command, "timeout_s": seconds}, timeout_s=seconds)
        log = self._log(box)
        if seen.error is not None:
            return Ending("limit", seen.error, log=log)
        return replace(ending_of(seen.exit_code or 0, seen.content), log=log)

    def _log(self, box: Sandbox) -> OwnLog | None:
        if self.spec.recording and not self.spec.log:
            return own_log(self.spec.recording.log, self.spec.adapter)
        if not self.spec.log:
            return None
        workdir = shlex.quote(self.view.workdir)
        copied = box.call("shell", {"command": f"cd {workdir} && cp -- {shlex.quote(self.spec.log)} {_FETCHED}"})
        if copied.exit_code != 0:
            return None
        content = box.copy_out(_FETCHED)
        box.call("shell", {"command": f"rm {workdir}/{_FETCHED}"})
        with scratch(SCRATCH) as folder:
            path = folder / "log"
            path.write_bytes(content)
            return own_log(path, self.spec.adapter)
