"""mini-swe-agent logs: both versions, bare lists, answers that were rejected, runs that crashed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agentrecorder.adapters.mini_swe_agent.adapter import MiniSweAgent
from agentrecorder.containers.source import LogSource
from agentrecorder.convert import Converted, convert
from agentrecorder.run import Run
from hypothesis import given
from hypothesis import strategies as st

Read = Callable[..., list[Run]]
DIFF = "diff --git a/x b/x\n--- a/x\n+++ b/x\n"
PROMPT = [
    {"role": "system", "content": "Give one block:\n```bash\nls\n```"},
    {"role": "user", "content": "<pr_description>Mend it.</pr_description>"},
]
SAW = "<returncode>0</returncode>\n<output>\nx\n</output>"
FINISH = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && git diff"


def user(content: Any, **extra: Any) -> dict[str, Any]:
    return {"role": "user", "content": content} | ({"extra": extra} if extra else {})


def act(*commands: str, fence: str = "bash", **extra: Any) -> dict[str, Any]:
    blocks = "\n\n".join(f"```{fence}\n{command}\n```" for command in commands)
    return {"role": "assistant", "content": f"THOUGHT: so.\n\n{blocks}"} | ({"extra": extra} if extra else {})


def call(*commands: str, content: Any = "", **more: Any) -> dict[str, Any]:
    calls = [{"id": f"c-{c}", "type": "function", "function": {"name": "bash", "arguments": json.dumps({"command": c})}} for c in commands]
    actions = [{"command": c, "tool_call_id": f"c-{c}"} for c in commands]
    return {"role": "assistant", "content": content, "tool_calls": calls, "extra": {"actions": actions, "cost": 0.25}} | more


def tool(command: str, content: str = SAW, **extra: Any) -> dict[str, Any]:
    return {"role": "tool", "content": content, "tool_call_id": f"c-{command}", "extra": {"returncode": 0, "raw_output": "x"} | extra}


def ended(status: str = "Submitted", submission: str = DIFF) -> dict[str, Any]:
    return {"role": "exit", "content": submission, "extra": {"exit_status": status, "submission": submission}}


def log(*messages: Any, version: str = "1.1", status: str = "Submitted", submission: Any = DIFF) -> dict[str, Any]:
    info = {"exit_status": status, "submission": submission, "model_stats": {"instance_cost": 0.5, "api_calls": 2}, "mini_version": "9"}
    info["config"] = {"model": {"model_name": "host/m"}}
    return {
        "instance_id": "a__b-1",
        "trajectory_format": f"mini-swe-agent-{version}",
        "info": info,
        "messages": [*PROMPT, *messages],
    }


def v1(*messages: Any, **more: Any) -> dict[str, Any]:
    return log(*messages, version="1", **more)


def test_version_1_runs_the_one_block_of_an_answer(read: Read) -> None:
    (run,) = read(v1(act("ls"), user(SAW), act(FINISH), user(DIFF)))
    assert (run.turns, run.calls, run.results, run.malformed) == (2, 2, 1, 0)
    assert (run.task_id, run.model, run.exit, run.final_diff, run.version) == ("a__b-1", "host/m", "Submitted", DIFF, "9")
    assert (run.claimed, run.totals.cost_usd) == (None, 0.5)
    assert run.aside == {"end of the run": 1}
    turn = run.steps[2]
    assert (turn["message"], json.loads(turn["tool_calls"][0]["arguments"])) == ("THOUGHT: so.", {"command": "ls"})
    assert (turn["observations"][0]["exit_code"], turn["observations"][0]["content"]) == (0, SAW)


@pytest.mark.parametrize("commands", [(), ("ls", "pwd"), ("a", "b", "c")])
def test_no_block_or_several_are_a_malformed_turn(read: Read, commands: tuple[str, ...]) -> None:
    (run,) = read(v1(act(*commands), user("Please always provide EXACTLY ONE action."), act("ls"), user(SAW)))
    assert (run.turns, run.calls, run.results, run.malformed) == (2, 1, 1, 1)
    assert [s["source"] for s in run.steps[2:]] == ["agent", "user", "agent"]


def test_the_command_that_hands_in_is_a_submission_whatever_its_tool(read: Read) -> None:
    for found in (read(v1(act("ls"), user(SAW), act(FINISH), user(DIFF))), read(log(call("ls"), tool("ls"), call(FINISH), ended()))):
        assert [(c["name"], c["raw_name"]) for s in found[0].steps for c in s["tool_calls"]] == [("shell", "bash"), ("submit", "bash")]
    (run,) = read(v1(act("grep -rn COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT ."), user(SAW)))
    assert run.steps[2]["tool_calls"][0]["name"] == "shell"


def test_code_in_another_language_is_no_action(read: Read) -> None:
    shown = {"role": "assistant", "content": "See\n```python\nx\n```\nand\n```bash\nls\n```"}
    (run,) = read(v1(shown, user(SAW)))
    assert (run.calls, run.malformed) == (1, 0)
    assert run.steps[2]["message"] == "See\n```python\nx\n```\nand"


def test_a_timeout_answers_the_command(read: Read) -> None:
    (run,) = read(v1(act("sleep 9"), user("The last command <command>sleep 9</command> timed out and has been killed.")))
    answer = run.steps[2]["observations"][0]
    assert (answer["error"], answer["exit_code"]) == ("timed out", None)


def test_a_person_s_word_is_no_observation(read: Read) -> None:
    (run,) = read(v1(act("ls"), user("Command not executed. Use git."), act("git log"), user(SAW)))
    assert [(s["source"], len(s["observations"])) for s in run.steps[2:]] == [("agent", 0), ("user", 0), ("agent", 1)]


def test_reasoning_and_usage_come_from_the_server_s_response(read: Read) -> None:
    tokens = {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}, "cost": 0.1}
    response = {"model": "host/m", "usage": tokens, "choices": [{"message": {"reasoning": "Hm."}}]}
    (run,) = read(v1(act("ls", response=response), user(SAW)))
    assert run.steps[2]["reasoning"] == "Hm."
    assert run.steps[2]["usage"] == {"prompt_tokens": 9, "completion_tokens": 3, "cached_tokens": 4, "cost_usd": 0.1, "seconds": None}
    assert run.notes == []
    (other,) = read(v1(act("ls", response=response | {"model": "m-flash"}), user(SAW)))
    assert "m-flash" in other.notes[0]


def test_version_2_pairs_calls_by_id(read: Read) -> None:
    reasoner = call("ls", "pwd", reasoning_content="Hm.")
    (run,) = read(log(reasoner, tool("pwd", returncode=1), tool("ls"), call(FINISH), ended()))
    assert (run.turns, run.calls, run.results) == (2, 3, 2)
    turn = run.steps[2]
    assert (turn["reasoning"], turn["message"], turn["usage"]["cost_usd"]) == ("Hm.", "", 0.25)
    assert [(o["tool_call_id"], o["exit_code"]) for o in turn["observations"]] == [("c-pwd", 1), ("c-ls", 0)]
    assert run.aside == {"end of the run": 1}


def test_a_failure_to_run_is_an_error_without_exit_status(read: Read) -> None:
    text = "<exception>timed out</exception>\n<returncode>-1</returncode>\n<output>\n</output>"
    (run,) = read(log(call("ls"), tool("ls", text, returncode=-1, exception_info="timed out", exception_type="TimeoutExpired")))
    answer = run.steps[2]["observations"][0]
    assert (answer["error"], answer["exit_code"]) == ("timed out", None)


def test_a_cut_observation_keeps_what_the_agent_saw_and_the_true_size(read: Read) -> None:
    text = "<returncode>0</returncode>\n<output_head>\na\n</output_head>\n<elided_chars>\n9 characters elided\n</elided_chars>"
    (run,) = read(log(call("ls"), tool("ls", text, raw_output="ä" * 100)))
    answer = run.steps[2]["observations"][0]
    assert (answer["content"], answer["truncated"], answer["total_bytes"]) == (text, True, 200)


def test_an_answer_that_was_rejected_is_a_turn_although_only_the_complaint_is_there(read: Read) -> None:
    told = {"interrupt_type": "FormatError"}
    message = {"content": "No call.", "role": "assistant"}
    rejected = [
        user("Tool call error", **told),
        user("Expected exactly 1 action", **told, model_response="Blah."),
        user("Tool call error", **told, cost=0.5, response={"model": "host/m", "choices": [{"message": message}]}),
    ]
    (run,) = read(log(*rejected, call("ls"), tool("ls")))
    assert (run.turns, run.calls, run.results, run.malformed) == (4, 1, 1, 3)
    assert [s["message"] for s in run.steps if s["source"] == "agent"] == ["", "Blah.", "No call.", ""]
    assert [s["source"] for s in run.steps[2:]] == ["agent", "user"] * 3 + ["agent"]
    assert "not in the log" in run.notes[0]


def test_arguments_that_are_no_object_make_the_turn_malformed(read: Read) -> None:
    broken = call("ls") | {"tool_calls": [{"id": "c", "function": {"name": "bash", "arguments": "{broken"}}]}
    (run,) = read(log(broken, user("Tool call error", interrupt_type="FormatError")))
    assert (run.turns, run.calls, run.malformed) == (1, 1, 1)


def test_a_crashed_run_has_no_turns_and_no_diff(read: Read) -> None:
    crashed = {"exit_status": "InternalServerError", "submission": "", "exception_str": "x", "traceback": "y"}
    for final in ([], [{"role": "exit", "content": "x", "extra": crashed}]):
        (run,) = read(log(*final, status="InternalServerError", submission=""))
        assert (run.turns, run.exit, run.final_diff, run.claimed, run.left) == (0, "InternalServerError", "", None, [])
    assert read(v1(act("ls"), user(""), status="LimitsExceeded", submission=None))[0].final_diff == ""


def test_a_text_model_of_version_2_has_its_action_beside_its_answer(read: Read) -> None:
    fenced = act("ls", fence="mswea_bash_command", actions=[{"command": "ls"}])
    (run,) = read(log(fenced, user(SAW, returncode=0, raw_output="x")))
    assert (run.calls, run.results, run.malformed, run.steps[2]["observations"][0]["exit_code"]) == (1, 1, 0, 0)


def test_the_responses_api_gives_an_answer_in_items(read: Read) -> None:
    answer = {
        "object": "response",
        "model": "host/m",
        "usage": {"input_tokens": 9, "output_tokens": 3, "input_tokens_details": {"cached_tokens": 4}},
        "output": [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
            {"type": "message", "content": [{"type": "output_text", "text": "I look."}]},
            {"type": "function_call", "call_id": "c1", "name": "bash", "arguments": '{"command": "ls"}'},
        ],
    }
    reply = {"type": "function_call_output", "call_id": "c1", "output": SAW, "extra": {"returncode": 0}}
    (run,) = read(log(answer, reply, ended()))
    turn = run.steps[2]
    assert (turn["message"], turn["reasoning"], turn["usage"]["cached_tokens"]) == ("I look.", "Hm.", 4)
    assert (run.turns, run.calls, run.results, run.malformed) == (1, 1, 1, 0)


def test_a_bare_list_of_messages_is_a_run(read: Read) -> None:
    prompt = [{"role": "system", "content": "One block:\n```mswea_bash_command\nls\n```"}, PROMPT[1]]
    commands = [act("ls", fence="mswea_bash_command"), user(SAW), act(FINISH, fence="mswea_bash_command"), user(DIFF)]
    (run,) = read([*prompt, *commands], "issue.traj.json")
    assert (run.turns, run.calls, run.results, run.final_diff, run.task_id) == (2, 2, 1, DIFF, "issue")
    (old,) = read([*PROMPT, act("ls"), user(SAW)])
    assert (old.turns, old.calls, old.results) == (1, 1, 1)


def test_other_chats_are_not_taken(tmp_path: Path) -> None:
    chat = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    path = tmp_path / "chat.traj.json"
    for other in (chat, {"messages": chat}, {"messages": chat, "info": {}}, [], {}, 3):
        path.write_text(json.dumps(other))
        with LogSource(path) as source:
            assert MiniSweAgent().version(source) is None


def test_a_message_of_the_wrong_type_costs_itself_alone(read: Read) -> None:
    for bad in (None, 3, "x", [], {}):
        (run,) = read(log(call("ls"), bad, tool("ls"), ended()))
        assert (run.turns, run.calls, run.results, len(run.left)) == (1, 1, 1, 1)


KEYS = st.sampled_from(
    ["role", "content", "extra", "tool_calls", "function", "id", "actions", "command", "response", "choices", "message", "usage"],
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["user", "assistant", "tool", "exit", "FormatError", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=15,
)


@given(st.lists(ANYTHING, max_size=5), ANYTHING)
def test_no_value_of_any_type_loses_an_item(tmp_path_factory: pytest.TempPathFactory, messages: Any, info: Any) -> None:
    path = tmp_path_factory.mktemp("any") / "x.traj.json"
    path.write_text(json.dumps(log(call("ls"), *messages) | ({"info": info} if isinstance(info, dict) else {})))
    (found,) = convert(path)
    assert isinstance(found, Converted)
    assert found.run.taken + found.run.aside.total() + len(found.run.left) == len(messages) + 3
    found.run.trajectory(found.sha256, 0)


def test_real_logs_are_read_whole(corpus: Path) -> None:
    found = [f for f in convert(corpus / "mini-swe-agent") if isinstance(f, Converted)]
    assert len(found) == 59
    for each in found:
        value = json.loads(each.path.read_bytes())
        messages = value if isinstance(value, list) else value["messages"]
        complaints = sum(str(m["content"]).startswith("Please always provide EXACTLY ONE") for m in messages)
        turns = sum(m["role"] == "assistant" for m in messages)
        run = each.run
        assert (run.left, run.turns, run.malformed) == ([], turns, complaints), each.path
        assert (run.calls, run.results) == (turns - complaints, turns - complaints - 1), each.path
        assert run.aside == {"end of the run": 1}
        run.trajectory(each.sha256, each.index)
