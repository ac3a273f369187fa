"""Events become steps: each answer stands with the call that it answers."""

from trajschema.event import AgentTurn, Event, SessionEnd, SessionStart, ToolResult, UserTurn
from trajschema.fold import fold
from trajschema.rollout import Limits, Provenance
from trajschema.trajectory import Observation, ToolCall

START = SessionStart(task_id="t", problem_statement="mend it", provenance=Provenance(backend="local", limits=Limits()), at=1.0)
END = SessionEnd(exit="submitted", at=2.0)


def turn(*ids: str) -> AgentTurn:
    return AgentTurn(tool_calls=tuple(ToolCall(tool_call_id=i, name="shell", raw_name="bash", arguments="{}") for i in ids))


def answer(call_id: str | None, content: str) -> ToolResult:
    return ToolResult(observation=Observation(tool_call_id=call_id, content=content))


def seen(*events: Event) -> list[list[str]]:
    steps, _ = fold([START, *events, END])
    return [[o.content for o in step.observations] for step in steps]


def test_a_late_answer_goes_to_the_step_of_its_call_not_to_the_last_one() -> None:
    assert seen(turn("a", "b"), answer("b", "2"), turn("c"), answer("a", "1"), answer("c", "3")) == [[], ["2", "1"], ["3"]]
    assert seen(turn("a"), UserTurn(message="well?"), answer("a", "1")) == [[], ["1"], []]


def test_an_observation_without_a_call_goes_to_the_turn_before_it_or_gets_a_step() -> None:
    assert seen(turn(), answer(None, "1")) == [[], ["1"]]
    steps, _ = fold([START, answer(None, "1"), END])
    assert (steps[1].source, steps[1].flags) == ("system", ("synthetic",))


def test_an_answer_follows_the_last_use_of_its_id() -> None:
    steps, notes = fold([START, turn("a"), turn("a"), answer("a", "1"), END])
    assert [(s.tool_calls[0].tool_call_id, len(s.observations)) for s in steps[1:]] == [("a", 0), ("a~2", 1)]
    assert len(notes) == 1


def test_what_is_missing_is_noted() -> None:
    steps, notes = fold([turn("a"), answer("x", "1")])
    assert [s.flags for s in steps] == [(), ("synthetic", "truncated")]
    assert len(notes) == 3
    assert fold([])[0] == ()
