"""Events of a session → steps of a trajectory.

The rule for answers: an observation belongs to the step whose call it answers, however late it comes and whatever was said in
between, because a step holds its calls with *their* answers and is scored by them. Order of arrival decides only where nothing else
can: an observation without a call id goes to the agent's turn before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from trajschema.event import AgentTurn, Event, SessionEnd, SessionStart, ToolResult, UserTurn
from trajschema.trajectory import Flag, Observation, Step, ToolCall


def fold(events: Sequence[Event]) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """Steps 1..n of a session, and notes on what did not fit.

    An observation goes to the step whose call it answers. One that answers no recorded call keeps its id and gets a synthetic system
    step of its own, so that no other step is credited with it. A call id that is used again gets a number behind it, and answers go
    to its last use. Without a ``session_end`` the log was cut off: the last step is flagged ``truncated``.
    """
    folding = _Folding()
    for event in events:
        folding.take(event)
    if not any(isinstance(e, SessionStart) for e in events):
        folding.notes.append("the log holds no session_start: the problem statement is missing")
    if not folding.ended:
        folding.notes.append("the log holds no session_end: it was cut off")
        if folding.steps:
            folding.steps[-1] = _flagged(folding.steps[-1], "truncated")
    return tuple(folding.steps), tuple(folding.notes)


@dataclass
class _Folding:
    """Steps made so far, and where each call id was last used."""

    steps: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    owner: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Call id in the log → (index of its step, id in the trajectory)."""
    taken: set[str] = field(default_factory=set)
    ended: bool = False

    def take(self, event: Event) -> None:
        if self.ended:
            self.notes.append(f"a {event.kind} stands after session_end")
        number = len(self.steps) + 1
        match event:
            case SessionStart():
                self.steps.append(Step(step_id=number, source="user", message=event.problem_statement))
            case UserTurn():
                self.steps.append(Step(step_id=number, source="user", message=event.message, flags=event.flags))
            case AgentTurn():
                calls = tuple(self._own(call) for call in event.tool_calls)
                said = {name: getattr(event, name) for name in ("message", "reasoning", "usage", "flags")}
                self.steps.append(Step(step_id=number, source="agent", tool_calls=calls, **said))
            case ToolResult():
                self._answer(event.observation)
            case SessionEnd():
                self.ended = True

    def _own(self, call: ToolCall) -> ToolCall:
        """The call with an id that is unique in the trajectory, remembered as the last one that used its id in the log."""
        unique, count = call.tool_call_id, 1
        while unique in self.taken:
            count += 1
            unique = f"{call.tool_call_id}~{count}"
        if unique != call.tool_call_id:
            self.notes.append(f"call id {call.tool_call_id!r} is used again; the later call is {unique!r} here")
        self.taken.add(unique)
        self.owner[call.tool_call_id] = (len(self.steps), unique)
        return call if unique == call.tool_call_id else call.model_copy(update={"tool_call_id": unique})

    def _answer(self, observation: Observation) -> None:
        call_id = observation.tool_call_id
        if call_id is not None and call_id in self.owner:
            index, unique = self.owner[call_id]
            self._attach(index, observation.model_copy(update={"tool_call_id": unique}))
            return
        if call_id is not None:
            self.notes.append(f"an observation answers call {call_id!r}, which the log does not hold")
        elif self.steps and self.steps[-1].source == "agent":
            self._attach(len(self.steps) - 1, observation)
            return
        self.steps.append(Step(step_id=len(self.steps) + 1, source="system", observations=(observation,), flags=("synthetic",)))

    def _attach(self, index: int, observation: Observation) -> None:
        step = self.steps[index]
        self.steps[index] = step.model_copy(update={"observations": (*step.observations, observation)})


def _flagged(step: Step, flag: Flag) -> Step:
    return step if flag in step.flags else step.model_copy(update={"flags": (*step.flags, flag)})
