"""From events to steps: calls paired with their observations."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from trajschema.event import AgentTurn, Event, SessionEnd, SessionStart, ToolResult, UserTurn
from trajschema.trajectory import Flag, Observation, Step, ToolCall


def fold(events: Sequence[Event], *, cut: bool) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """Steps 1..n of a session, and notes on what did not fit.

    An observation goes to the step whose call it answers. One that answers no recorded call keeps its id and gets a
    synthetic system step of its own, so that no other step is credited with it.
    """
    steps = _Steps()
    for event in events:
        steps.take(event)
    if not any(isinstance(e, SessionStart) for e in events):
        steps.notes.append("the log holds no session_start: the problem statement is missing")
    if cut:
        steps.notes.append("the log holds no session_end: it was cut off")
        if steps.done:
            steps.done[-1] = _flagged(steps.done[-1], "truncated")
    return tuple(steps.done), tuple(steps.notes)


@dataclass
class _Steps:
    """Steps made so far, and where each call id was last used."""

    done: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    owner: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Call id in the log → (index of its step, id in the trajectory)."""
    taken: set[str] = field(default_factory=set)
    ended: bool = False

    def take(self, event: Event) -> None:
        if self.ended:
            self.notes.append(f"a {event.kind} stands after session_end")
        match event:
            case SessionStart():
                self._add(Step(step_id=self._next, source="user", message=event.problem_statement))
            case UserTurn():
                self._add(Step(step_id=self._next, source="user", message=event.message, flags=event.flags))
            case AgentTurn():
                self._add_turn(event)
            case ToolResult():
                self._answer(event.observation)
            case SessionEnd():
                self.ended = True

    @property
    def _next(self) -> int:
        return len(self.done) + 1

    def _add(self, step: Step) -> None:
        self.done.append(step)

    def _add_turn(self, turn: AgentTurn) -> None:
        calls = tuple(self._own(call) for call in turn.tool_calls)
        self._add(
            Step(
                step_id=self._next,
                source="agent",
                message=turn.message,
                reasoning=turn.reasoning,
                tool_calls=calls,
                usage=turn.usage,
                flags=turn.flags,
            )
        )

    def _own(self, call: ToolCall) -> ToolCall:
        """The call with an id that is unique in the trajectory, remembered as the last one that used its id in the log."""
        unique, count = call.tool_call_id, 1
        while unique in self.taken:
            count += 1
            unique = f"{call.tool_call_id}~{count}"
        if unique != call.tool_call_id:
            self.notes.append(f"call id {call.tool_call_id!r} is used again; the later call is {unique!r} here")
        self.taken.add(unique)
        self.owner[call.tool_call_id] = (len(self.done), unique)
        return call if unique == call.tool_call_id else call.model_copy(update={"tool_call_id": unique})

    def _answer(self, observation: Observation) -> None:
        call_id = observation.tool_call_id
        if call_id is not None and call_id in self.owner:
            index, unique = self.owner[call_id]
            self._attach(index, observation.model_copy(update={"tool_call_id": unique}))
            return
        if call_id is not None:
            self.notes.append(f"an observation answers call {call_id!r}, which the log does not hold")
        elif self.done and self.done[-1].source == "agent":
            self._attach(len(self.done) - 1, observation)
            return
        self._add(Step(step_id=self._next, source="system", observations=(observation,), flags=("synthetic",)))

    def _attach(self, index: int, observation: Observation) -> None:
        step = self.done[index]
        self.done[index] = step.model_copy(update={"observations": (*step.observations, observation)})


def _flagged(step: Step, flag: Flag) -> Step:
    return step if flag in step.flags else step.model_copy(update={"flags": (*step.flags, flag)})
