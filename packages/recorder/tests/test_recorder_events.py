"""A log written by the recorder is read back whole; a damaged one costs only what is damaged."""

import json

import pytest
from agentrecorder.events import ForeignLog, trajectory_of
from agentrecorder.recorder import Recorder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trajschema.event import FORMAT, AgentTurn, Event, SessionEnd, SessionStart, ToolResult, UserTurn, read_events
from trajschema.ids import sha256_bytes
from trajschema.rollout import Agent, Limits, Provenance, RawLog, Rollout, Usage
from trajschema.trajectory import Flag, Observation, StepUsage, ToolCall, Trajectory

PLACE = Provenance(backend="local", limits=Limits())
START = SessionStart(task_id="t", problem_statement="mend it", provenance=PLACE, at=1.0)
END = SessionEnd(exit="submitted", at=2.0)
TEXT = st.text(max_size=20)
FLAGS: list[tuple[Flag, ...]] = [(), ("malformed",), ("synthetic", "copied_context")]
CALL = ToolCall(tool_call_id="a", name="shell", raw_name="shell", arguments="{}")
patient = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def _jsonl(*events: Event) -> str:
    recorder = Recorder()
    for event in events:
        recorder.emit(event)
    return recorder.jsonl


def _trajectory(jsonl: str, log_format: str = FORMAT) -> Trajectory:
    rollout = Rollout(
        rollout_id="r",
        task_id="t",
        agent=Agent(name="tester"),
        attempt=0,
        seed=0,
        exit="submitted",
        raw_log=RawLog(format=log_format, sha256=sha256_bytes(jsonl.encode())),
        events=jsonl,
        usage=Usage(),
        provenance=PLACE,
    )
    return trajectory_of(rollout)


@st.composite
def sessions(draw: st.DrawFn) -> list[Event]:
    """A whole session: turns with 0 to 3 calls, every call answered, answers in any order within the turn."""
    events: list[Event] = [START]
    for turn in range(draw(st.integers(0, 4))):
        calls = tuple(
            ToolCall(tool_call_id=f"{turn}.{n}", name="shell", raw_name="bash", arguments=json.dumps({"command": draw(TEXT)}))
            for n in range(draw(st.integers(0, 3)))
        )
        flags = draw(st.sampled_from(FLAGS))
        seconds = draw(st.floats(0, 9))
        reasoning, usage = draw(st.none() | TEXT), StepUsage(seconds=seconds)
        events.append(AgentTurn(message=draw(TEXT), reasoning=reasoning, tool_calls=calls, usage=usage, flags=flags))
        for call in draw(st.permutations(calls)):
            answer = Observation(tool_call_id=call.tool_call_id, content=draw(TEXT), exit_code=0, seconds=0.5)
            events.append(ToolResult(observation=answer))
        if draw(st.booleans()):
            events.append(UserTurn(message=draw(TEXT)))
    return [*events, END]


@patient
@given(sessions())
def test_a_round_trip_keeps_every_call_and_every_observation(events: list[Event]) -> None:
    trajectory = _trajectory(_jsonl(*events))
    turns = [e for e in events if isinstance(e, AgentTurn)]
    steps = [s for s in trajectory.steps if s.source == "agent"]
    assert [(s.message, s.reasoning, s.tool_calls, s.usage, s.flags) for s in steps] == [
        (t.message, t.reasoning, t.tool_calls, t.usage, t.flags) for t in turns
    ]
    observed = [o for s in trajectory.steps for o in s.observations]
    assert observed == [e.observation for e in events if isinstance(e, ToolResult)]
    for step in steps:
        assert {o.tool_call_id for o in step.observations} == {c.tool_call_id for c in step.tool_calls}
    assert trajectory.unread == ()
    assert [s.step_id for s in trajectory.steps] == list(range(1, len(trajectory.steps) + 1))


@patient
@given(sessions(), st.data())
def test_a_damaged_log_never_raises_and_loses_nothing_in_silence(events: list[Event], data: st.DataObject) -> None:
    lines = _jsonl(*events).splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        position = data.draw(st.integers(0, len(lines[at])))
        lines[at] = data.draw(
            st.sampled_from(
                [
                    lines[at][:position],
                    lines[at][:position] + data.draw(TEXT).replace("\n", " ") + lines[at][position:],
                    lines[data.draw(st.integers(0, len(lines) - 1))],
                    '{"kind": "session_en"}',
                    "[" * 100_000,
                    "9" * 10_000,
                ]
            )
        )
    jsonl = "\n".join(lines)
    logged = read_events(jsonl)
    assert len(logged.events) + len(logged.bad_lines) == sum(bool(line.strip()) for line in lines)
    trajectory = _trajectory(jsonl)
    spoken = sum(isinstance(e, SessionStart | AgentTurn | UserTurn) for e in logged.events)
    assert sum(s.source != "system" for s in trajectory.steps) == spoken
    answers = sum(isinstance(e, ToolResult) for e in logged.events)
    assert sum(len(s.observations) for s in trajectory.steps) == answers
    ids = [c.tool_call_id for s in trajectory.steps for c in s.tool_calls]
    assert len(ids) == len(set(ids))
    assert set(map(str, logged.bad_lines)) <= set(trajectory.unread)


def test_the_problem_statement_is_the_first_user_step() -> None:
    first = _trajectory(_jsonl(START, END)).steps[0]
    assert (first.step_id, first.source, first.message) == (1, "user", "mend it")


def test_a_log_without_its_end_marks_the_last_step_truncated() -> None:
    turn = AgentTurn(message="I look", tool_calls=(CALL,))
    jsonl = _jsonl(START, turn)
    trajectory = _trajectory(jsonl)
    assert [s.flags for s in trajectory.steps] == [(), ("truncated",)]
    assert any("session_end" in note for note in trajectory.unread)
    assert not any("truncated" in s.flags for s in _trajectory(_jsonl(START, turn, END)).steps)


def test_text_that_no_file_can_store_is_made_storable() -> None:
    trajectory = _trajectory(_jsonl(START, AgentTurn(message="\ud800 ok \U0001f600"), END))
    assert trajectory.steps[1].message.endswith(" ok \U0001f600")
    assert trajectory.model_dump_json()


def test_clocks_and_durations_do_not_change_the_trajectory_id() -> None:
    def log(at: float, seconds: float) -> str:
        turn = AgentTurn(tool_calls=(CALL,), usage=StepUsage(seconds=seconds))
        answer = ToolResult(observation=Observation(tool_call_id="a", content=f"1 passed in {seconds:.2f}s", seconds=seconds))
        return _jsonl(START.model_copy(update={"at": at}), turn, answer, END)

    assert _trajectory(log(1.0, 0.5)).trajectory_id == _trajectory(log(9.0, 7.25)).trajectory_id


def test_a_foreign_log_is_refused_by_name() -> None:
    with pytest.raises(ForeignLog, match="atif"):
        _trajectory("", "atif")


def test_an_empty_log_is_an_empty_trajectory_that_says_so() -> None:
    trajectory = _trajectory("")
    assert trajectory.steps == ()
    assert len(trajectory.unread) == 2
