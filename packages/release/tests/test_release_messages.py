"""Messages: actions are there, calls are answered, completions begin with the agent and never are empty."""

import json

from agentrelease.exports.dpo import fork
from agentrelease.exports.messages import messages_of, tools_of
from hypothesis import given
from hypothesis import strategies as st
from trajschema.trajectory import Observation, Step, ToolCall, Trajectory


def run(*steps, source_format="trajhub-events"):
    return Trajectory(trajectory_id="t", agent="a", steps=steps, source_format=source_format)


def call(i, name="bash", arguments='{"cmd": "ls"}'):
    return ToolCall(tool_call_id=f"c{i}", name="shell", raw_name=name, arguments=arguments)


def test_a_run_becomes_messages_with_calls_answers_and_thoughts():
    messages = messages_of(
        run(
            Step(step_id=1, source="system", message="be good"),
            Step(step_id=2, source="user", message="fix"),
            Step(
                step_id=3,
                source="agent",
                message="look",
                reasoning="hm",
                tool_calls=(call(3),),
                observations=(Observation(tool_call_id="c3", content="a.py"), Observation(content="time is short")),
            ),
            Step(step_id=4, source="agent", message="done"),
        )
    )
    assert [m["role"] for m in messages] == ["system", "user", "assistant", "tool", "user", "assistant"]
    assert messages[2]["tool_calls"] == [{"id": "c3", "type": "function", "function": {"name": "bash", "arguments": '{"cmd": "ls"}'}}]
    assert messages[2]["reasoning_content"] == "hm"
    assert messages[3]["tool_call_id"] == "c3"
    assert messages[5]["tool_calls"] is None


def test_an_error_is_seen_once_and_what_follows_the_last_turn_is_left_out():
    step = Step(
        step_id=1,
        source="agent",
        tool_calls=(call(1), call(2)),
        observations=(
            Observation(tool_call_id="c1", content="", error="no such file"),
            Observation(tool_call_id="c2", content="x: no", error="no"),
        ),
    )
    after = Step(step_id=2, source="agent", tool_calls=(call(3),), observations=(Observation(tool_call_id="c3", content="bye"),))
    assert [m["content"] for m in messages_of(run(step, after))] == ["", "no such file", "x: no", ""]


def test_tools_of_our_sandbox_are_its_definitions_and_of_an_outside_log_what_was_called():
    definitions = [{"name": "shell", "parameters": {"type": "object"}}]
    step = Step(step_id=1, source="agent", tool_calls=(call(1), call(2, arguments='{"cmd": "x", "n": 3}'), call(3, "odd", "not json")))
    assert json.loads(tools_of(run(step), definitions)) == [{"type": "function", "function": definitions[0]}]
    bash, odd = json.loads(tools_of(run(step, source_format="swe-agent"), definitions))
    assert bash["function"]["parameters"] == {
        "type": "object",
        "properties": {"cmd": {"type": "string"}, "n": {"type": "integer"}},
        "required": ["cmd"],
    }
    assert odd["function"]["parameters"]["properties"] == {}


def message(role, content):
    return {"role": role, "content": content, "reasoning_content": None, "tool_calls": None, "tool_call_id": None}


TURNS = st.lists(st.builds(message, st.sampled_from(["user", "assistant", "tool"]), st.sampled_from(["a", "b"])), max_size=8)


@given(TURNS, TURNS, TURNS)
def test_a_fork_loses_nothing_of_either_run_and_its_sides_begin_with_the_agent(shared, one, other):
    chosen, rejected = shared + one, shared + other
    sides = fork(chosen, rejected, "the task")
    if sides is None:
        assert not all(any(m["role"] == "assistant" for m in run) for run in (chosen, rejected))
        return
    prompt, left, right = sides
    assert left[0]["role"] == right[0]["role"] == "assistant"
    assert chosen[-len(left) :] == left
    assert rejected[-len(right) :] == right
    assert prompt
    if prompt != [message("user", "the task")]:
        assert prompt + left == chosen
        assert prompt + right == rejected


def test_a_side_that_is_the_start_of_the_other_still_has_a_turn():
    opening = [message("user", "fix"), message("assistant", "look"), message("tool", "seen")]
    prompt, chosen, rejected = fork(
        [*opening, message("assistant", "edit"), message("tool", "ok"), message("assistant", "end")],
        [*opening, message("assistant", "edit")],
        "fix",
    )
    assert [m["content"] for m in prompt] == ["fix", "look", "seen"]
    assert [m["content"] for m in chosen] == ["edit", "ok", "end"]
    assert [m["content"] for m in rejected] == ["edit"]
