"""A box whose every call is written down as it happens."""

import json
import threading
import time
from collections.abc import Mapping
from typing import Any, get_args

from trajschema.event import AgentTurn, EventSink, SessionEnd, SessionStart, ToolResult
from trajschema.rollout import ExitStatus
from trajschema.trajectory import Observation, Tool, ToolCall

from agentsandbox.errors import SandboxError
from agentsandbox.sandbox import Sandbox

_CANONICAL = frozenset(get_args(Tool))


class Calls:
    """Calls in ``box``, sent to ``sink`` as they come, each as a turn of its own. Closing the box is up to the caller.

    Safe to use from several threads: calls are made and recorded one after the other.
    """

    def __init__(self, box: Sandbox, sink: EventSink) -> None:
        self._box = box
        self._sink = sink
        self._lock = threading.Lock()
        self._ended = False
        self._stopped = False
        self.made = 0
        """Calls so far."""
        self.submitted = False
        """Whether the work was handed in."""

    def call(self, tool: str, arguments: Mapping[str, Any], message: str = "", timeout_s: float | None = None) -> Observation:
        """Answer of one tool call (see :meth:`agentsandbox.sandbox.Sandbox.call`).

        After a submit nothing is run any more; the answer says so.

        Raises:
            BoxLost: the box died; the call is recorded without an answer.
        """
        with self._lock:
            if self._stopped:
                return Observation(content="", error="not run: the session is over")
            self.made += 1
            identity = f"call_{self.made}_1"
            name: Any = tool if tool in _CANONICAL else "other"
            call = ToolCall(tool_call_id=identity, name=name, raw_name=tool, arguments=json.dumps(dict(arguments)))
            self._sink.emit(AgentTurn(message=message, tool_calls=(call,)))
            if self.submitted or self._ended:
                answer = Observation(content="", error="not run: the work was submitted before")
            else:
                answer = self._box.call(tool, arguments, timeout_s)
            self._sink.emit(ToolResult(observation=answer.model_copy(update={"tool_call_id": identity})))
            self.submitted = self.submitted or (tool == "submit" and answer.error is None)
            return answer

    def stop(self) -> None:
        """Stop running and recording. The call that another thread waits for is ended, and recorded before this returns."""
        self._stopped = True
        self._box.interrupt()
        with self._lock:
            return


class Session(Calls):
    """Calls in a box with a start and an end: one session, one box, one log. The box must be loaded."""

    def __init__(self, box: Sandbox, sink: EventSink, task_id: str, problem_statement: str = "") -> None:
        super().__init__(box, sink)
        sink.emit(
            SessionStart(task_id=task_id, problem_statement=problem_statement, provenance=box.provenance, at=time.time()),
        )

    def end(self, exit: ExitStatus, reason: str = "") -> str:
        """Record how the session ended, with the diff of the repository, which is returned. Later ends change nothing.

        The end of a session whose box is lost is recorded as ``infrastructure``, without a diff.
        """
        with self._lock:
            if self._ended:
                return ""
            self._ended = True
            diff = ""
            try:
                diff = self._box.diff()
            except SandboxError as lost:
                exit, reason = "infrastructure", str(lost)
            self._sink.emit(SessionEnd(exit=exit, reason=reason, final_diff=diff, at=time.time()))
            return diff
