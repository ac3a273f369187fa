"""Chat rows: whose turn it is, which texts are calls, and what the row says of the outcome."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agentrecorder.adapters.chat import Chat
from agentrecorder.adapters.shared.text_calls import split, split_thought
from agentrecorder.containers.source import LogSource
from agentrecorder.convert import Converted, convert
from agentrecorder.run import Run
from hypothesis import given
from hypothesis import strategies as st

Read = Callable[..., list[Run]]
TASK = {"role": "user", "content": "Add two numbers."}


@pytest.fixture
def read(write: Callable[..., Path], runs_of: Callable[[Path], list[Run]]) -> Read:
    """The runs in a document, or in lines."""
    return lambda *values: runs_of(write(*values))


def say(role: str, content: str | None, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def call(name: str, arguments: str, call_id: str = "c1") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def bash(command: str, before: str = "Look.") -> str:
    return f"{before}\n\n<function=bash>\n<parameter=command>{command}</parameter>\n</function>"


def shape(run: Run) -> tuple[int, int, int, int]:
    return run.turns, run.calls, run.results, run.malformed


def test_native_calls_are_paired_by_id_whatever_their_order(read: Read) -> None:
    both = [call("bash", '{"command": "ls"}', "a"), call("view", '{"path": "x"}', "b")]
    row = {
        "messages": [
            TASK,
            say("assistant", "Two at once.", tool_calls=both, name=None, function_call=None, tool_call_id=None),
            say("tool", "OBSERVATION:\nsecond", tool_call_id="b"),
            say("tool", "first", tool_call_id="a"),
        ]
    }
    (run,) = read(row)
    assert shape(run) == (1, 2, 2, 0)
    answers = {seen["tool_call_id"]: seen["content"] for seen in run.steps[1]["observations"]}
    assert answers == {"a": "first", "b": "second"}


def test_calls_in_xml_are_taken_out_of_the_text_and_what_the_user_says_next_answers_them(read: Read) -> None:
    row = {
        "messages": [
            TASK,
            say("assistant", bash("ls -la")),
            say("user", "OBSERVATION:\nadder.py"),
            say("assistant", bash("true")),
            say("user", "Your command ran successfully and did not produce any output."),
            say("assistant", "<function=submit>\n</function>"),
        ]
    }
    (run,) = read(row)
    assert shape(run) == (3, 3, 2, 0)
    assert run.steps[1]["message"] == "Look."
    assert json.loads(run.steps[1]["tool_calls"][0]["arguments"]) == {"command": "ls -la"}
    assert run.steps[1]["observations"][0]["content"] == "adder.py"
    assert [step["tool_calls"][0]["name"] for step in run.steps if step["tool_calls"]] == ["shell", "shell", "submit"]


def test_a_fence_is_a_call_only_where_an_observation_follows(read: Read) -> None:
    row = {
        "messages": [
            TASK,
            say("assistant", "Like this:\n```python\nprint(1)\n```"),
            say("user", "Thanks, now run it."),
            say("assistant", "Here:\n```bash\npython adder.py\n```"),
            say("user", "<returncode>2</returncode>\n<output>\nboom\n</output>"),
        ]
    }
    (run,) = read(row)
    assert shape(run) == (2, 1, 1, 0)
    assert [step["source"] for step in run.steps] == ["user", "agent", "user", "agent"]
    assert run.steps[3]["observations"][0]["exit_code"] == 2


@pytest.mark.parametrize(
    "complaint",
    ["Please always provide EXACTLY ONE action in triple backticks, found 2 actions.", "Your last output did not use any tool calls!"],
)
def test_a_complaint_of_the_harness_marks_the_turn_and_is_no_observation(read: Read, complaint: str) -> None:
    row = {"messages": [TASK, say("assistant", "```bash\nls\n```\n```bash\npwd\n```"), say("user", complaint), say("assistant", "Sorry.")]}
    (run,) = read(row)
    assert shape(run) == (2, 0, 0, 1)
    assert run.steps[1]["flags"] == ["malformed"]
    assert run.steps[2]["source"] == "user"


def test_bad_arguments_and_unknown_tools_make_a_turn_malformed(read: Read) -> None:
    tools = [{"type": "function", "function": {"name": "bash"}}]
    row = {
        "tools": tools,
        "messages": [
            TASK,
            say("assistant", None, tool_calls=[call("bash", '{"command": ', "a")]),
            say("tool", "ERROR:\nbad JSON\nsee above", tool_call_id="a"),
            say("assistant", None, tool_calls=[call("fly", "{}", "b")]),
            say("assistant", None, tool_calls=[call("bash", "", "c")]),
        ],
    }
    (run,) = read(row)
    assert shape(run) == (3, 3, 1, 2)
    assert run.steps[1]["observations"][0]["error"] == "bad JSON"


def test_a_bare_list_of_messages_that_call_functions_is_one_run(read: Read) -> None:
    asked = say("assistant", "Look.", tool_calls=[call("bash", "{}")])
    (run,) = read([TASK, asked, say("tool", [{"type": "text", "text": "adder.py"}], tool_call_id="c1"), say("assistant", "Done.")])
    assert shape(run) == (2, 1, 1, 0)
    assert run.version == "messages"


def test_an_answer_to_no_call_is_kept_and_credited_to_none(read: Read) -> None:
    (run,) = read({"messages": [TASK, say("assistant", "Hm."), say("tool", "seen", tool_call_id="lost")]})
    assert shape(run) == (1, 0, 0, 0)
    assert run.steps[-1]["flags"] == ["synthetic"]
    assert run.notes


def test_sharegpt_roles_and_the_three_ways_to_write_a_call(read: Read) -> None:
    turns = [bash("ls"), "```bash\nls\n```", '{"name": "bash", "arguments": {"command": "ls"}}']
    talk = [{"from": "human", "value": "Add."}]
    for text in turns:
        talk += [{"from": "function_call", "value": text}, {"from": "observation", "value": "EXECUTION RESULT of [bash]:\nadder.py"}]
    talk += [{"from": "function_call", "value": "<finish> done </finish>"}, {"from": "human", "value": "Well done."}]
    talk += [{"from": "gpt", "value": "Bye."}]
    (run,) = read([{"id": "row-1", "system": "You are an agent.", "conversations": talk}])
    assert shape(run) == (5, 4, 3, 0)
    assert run.task_id == "row-1"
    assert run.steps[0]["source"] == "system"
    assert {step["observations"][0]["content"] for step in run.steps if step["observations"]} == {"adder.py"}
    assert len({step["tool_calls"][0]["arguments"] for step in run.steps[2:5]}) == 1


def test_a_labelled_call_that_is_none_is_malformed(read: Read) -> None:
    (run,) = read({"conversations": [{"from": "human", "value": "Add."}, {"from": "function_call", "value": "I would rather not."}]})
    assert shape(run) == (1, 0, 0, 1)


def test_functions_of_the_old_api_that_are_called_one_message_after_another_are_one_turn(read: Read) -> None:
    asked = [say("assistant", "", function_call={"name": "f", "arguments": f'{{"n": {n}}}'}) for n in (1, 2)]
    told = [say("function", f"result {n}", name="f") for n in (1, 2)]
    (run,) = read({"messages": [TASK, say("assistant", "I look it up."), *asked, *told, say("assistant", "Three.")]})
    assert shape(run) == (3, 2, 2, 0)
    assert [seen["content"] for seen in run.steps[2]["observations"]] == ["result 1", "result 2"]


def test_blocks_of_anthropic_and_thoughts_in_tags_are_read(read: Read) -> None:
    content = [{"type": "thinking", "thinking": "Hm."}, {"type": "tool_use", "id": "t", "name": "bash", "input": {"command": "ls"}}]
    back = [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "adder.py"}]}]
    last = say("assistant", "So be it.\n</think>\n\nDone.")
    (run,) = read({"messages": [TASK, {"role": "assistant", "content": content}, {"role": "user", "content": back}, last]})
    assert shape(run) == (2, 1, 1, 0)
    assert [step["reasoning"] for step in run.steps[1:]] == ["Hm.", "So be it."]
    assert run.steps[2]["message"] == "Done."


def test_demonstrations_are_no_turns(read: Read) -> None:
    shown = [say("user", "A demonstration", is_demo=True), say("assistant", bash("ls"), is_demo=True), say("user", "OBSERVATION:\nx")]
    (run,) = read({"messages": [*shown, TASK, say("assistant", bash("pwd"))]})
    assert (run.turns, run.calls, run.results) == (1, 1, 0)


@pytest.mark.parametrize(
    ("more", "claimed", "by"),
    [
        ({"resolved": True}, True, "resolved"),
        ({"target": False}, False, "target"),
        ({"reward": 0.4}, False, "reward"),
        ({"test_result": {"report": {"resolved": True}}}, True, "test_result.report.resolved"),
        ({"exit_status": "submitted"}, None, ""),
        ({"resolved": None, "reward": "high"}, None, ""),
    ],
)
def test_only_a_verdict_is_claimed_and_never_an_exit_status(read: Read, more: Any, claimed: bool | None, by: str) -> None:
    (run,) = read({"messages": [TASK], **more})
    assert (run.claimed, run.claimed_by) == (claimed, by)


def test_the_reference_solution_of_a_task_is_not_the_patch_of_the_run(read: Read) -> None:
    patch = "diff --git a/f b/f\r\n"
    assert read({"messages": [TASK], "patch": patch})[0].final_diff == patch
    assert read({"messages": [TASK], "patch": patch, "base_commit": "abc"})[0].final_diff == ""
    assert read({"messages": [TASK], "test_result": {"git_patch": patch}})[0].final_diff == patch


def test_a_bad_message_or_row_costs_itself_alone(write: Callable[..., Path]) -> None:
    good = json.dumps({"messages": json.dumps([TASK, 7, say("judge", "?"), say("assistant", "Done.")]), "instance_id": "t"})
    found = list(convert(write("\n".join([good, '{"messages": 3}', "{", '{"id": 1}', "[]", good]))))
    runs = [one.run for one in found if isinstance(one, Converted)]
    assert [(run.turns, len(run.left), run.taken) for run in runs if run.taken] == [(1, 2, 2), (1, 2, 2)]
    assert len(found) == 6


@pytest.mark.parametrize(
    "other",
    [
        [TASK, say("assistant", "bare list")],
        [TASK, say("assistant", "", tool_calls=[call("bash", "{}")], extra={"actions": []})],
        {"messages": [TASK], "trajectory_format": "mini-swe-agent-1"},
        {"messages": [TASK], "info": {"mini_version": "1.15.0"}},
        {"messages": [TASK], "response": {"choices": []}},
        {"sessionId": "s", "messages": [{"type": "user", "content": "hi"}]},
        {"messages": "hello"},
    ],
)
def test_other_formats_with_messages_are_not_taken(write: Callable[..., Path], other: Any) -> None:
    with LogSource(write(other)) as source:
        assert Chat().version(source) is None


@given(st.text(), st.booleans())
def test_no_text_is_too_odd_to_look_for_calls(text: str, acted: bool) -> None:
    for odd in (text, f"<function={text}", f"<tool_call>{text}", f"```\n{text}\n```", f"<execute>{text}", f"{text}</think>{text}"):
        rest, _ = split(odd, acted)
        assert len(rest) <= len(odd)
        split_thought(odd)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.from_regex(r"[^<>\n]{1,20}(\n[^<>\n]{1,9})?", fullmatch=True)))
def test_what_is_written_as_xml_is_read_back(arguments: dict[str, str]) -> None:
    body = "".join(f"<parameter={key}>\n{value}\n</parameter>\n" for key, value in arguments.items())
    (found,) = split(f"Hm.\n<function=bash>\n{body}</function>", False)[1]
    assert (found.name, found.arguments) == ("bash", arguments)
    (cut,) = split(f"Hm.\n<function=bash>\n{body}", False)[1]
    assert cut.arguments == arguments
