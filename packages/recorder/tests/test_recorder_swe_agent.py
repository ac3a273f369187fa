"""SWE-agent logs: every version, parser and trap gives the turns, calls and answers that took place."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agentrecorder.adapters.shared.text_calls import TextCall
from agentrecorder.adapters.swe_agent.commands import from_command, in_text
from agentrecorder.convert import Converted, convert
from agentrecorder.run import Run
from hypothesis import given
from hypothesis import strategies as st

Read = Callable[..., list[Run]]
DIFF = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"
SYSTEM = {"role": "system", "content": "You are an agent.", "agent": "main", "message_type": "system_prompt"}
TASK = {"role": "user", "content": [{"type": "text", "text": "Mend it."}], "agent": "main", "message_type": "observation"}


def step(action: str, observation: str = "seen", response: str = "I act.", **more: Any) -> dict[str, Any]:
    return {"action": action, "observation": observation, "response": response, "thought": response, "state": {}, **more}


def said(action: str, response: str = "I act.", **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": response, "thought": response, "action": action, "agent": "main", **more}


def seen(text: str = "OBSERVATION:\nseen", **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": text, "agent": "main", "message_type": "observation", **more}


def log(steps: list[Any], history: list[Any], **more: Any) -> dict[str, Any]:
    info = {"exit_status": "submitted", "submission": DIFF, "model_stats": {"instance_cost": 0.5, "tokens_sent": 10, "tokens_received": 2}}
    return {"environment": "a__b-1", "trajectory": steps, "history": [SYSTEM, TASK, *history], "info": info} | more


def kinds(run: Run) -> list[tuple[str, int, int]]:
    return [(s["source"], len(s["tool_calls"]), len(s["observations"])) for s in run.steps]


def test_a_run_of_fenced_commands(read: Read) -> None:
    (run,) = read(log([step("ls\n"), step("submit", "")], [said("ls\n"), seen(), said("submit"), seen("")]))
    assert kinds(run) == [("system", 0, 0), ("user", 0, 0), ("agent", 1, 1), ("agent", 1, 1)]
    assert (run.turns, run.calls, run.results, run.malformed) == (2, 2, 2, 0)
    assert (run.task_id, run.final_diff, run.exit, run.claimed) == ("a__b-1", DIFF, "submitted", None)
    assert (run.totals.cost_usd, run.totals.prompt_tokens, run.totals.completion_tokens) == (0.5, 10, 2)
    assert [c["name"] for s in run.steps for c in s["tool_calls"]] == ["shell", "submit"]
    assert run.steps[2]["observations"][0]["content"] == "seen"
    assert run.aside == {"history message that a step holds": 4}
    assert not run.left


def test_function_calls_come_from_the_history_with_their_ids(read: Read) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "str_replace_editor", "arguments": '{"command": "view", "path": "/x"}'}}
    thinking = [{"type": "thinking", "thinking": "Hm."}]
    history = [said("str_replace_editor view /x", tool_calls=[call], thinking_blocks=thinking), seen(tool_call_ids=["c1"], role="tool")]
    (run,) = read(log([step("str_replace_editor view /x")], history))
    turn = run.steps[2]
    assert turn["reasoning"] == "Hm."
    assert turn["tool_calls"] == [
        {"tool_call_id": "c1", "name": "file_read", "raw_name": "str_replace_editor", "arguments": '{"command": "view", "path": "/x"}'}
    ]
    assert turn["observations"][0]["tool_call_id"] == "c1"


def test_several_calls_in_one_turn_each_get_their_answer(read: Read) -> None:
    calls = [{"id": i, "function": {"name": "bash", "arguments": {"command": i}}} for i in ("c1", "c2")]
    history = [
        said("c1\nc2", tool_calls=calls),
        seen("two", role="tool", tool_call_ids=["c2"]),
        seen("one", role="tool", tool_call_ids=["c1"]),
    ]
    (run,) = read(log([step("c1\nc2")], history))
    assert [(o["tool_call_id"], o["content"]) for o in run.steps[2]["observations"]] == [("c2", "two"), ("c1", "one")]


def test_the_prompt_repeated_in_each_step_is_no_turn(read: Read) -> None:
    history = [said("ls"), seen(), said("pwd"), seen()]
    for key in ("query", "messages"):
        steps = [step("ls", **{key: [SYSTEM, TASK]}), step("pwd", **{key: [SYSTEM, TASK, *history[:2]]})]
        (run,) = read(log(steps, history))
        assert (run.turns, run.calls, run.results) == (2, 2, 2)
    assert read(log([step("ls", query=[{}])], []))[0].version == "1.1"
    assert read(log([step("ls", messages=[{}])], []))[0].version == "1.0"
    assert read(log([step("ls")], []))[0].version == "0"


def test_demonstrations_are_copied_context(read: Read) -> None:
    demo = [{"role": "user", "content": "DEMO", "is_demo": True}, {"role": "assistant", "content": "I show.", "is_demo": True}]
    (run,) = read(log([step("ls")], []) | {"history": [SYSTEM, *demo, TASK, said("ls"), seen()]})
    assert [s["flags"] for s in run.steps] == [[], ["copied_context"], ["copied_context"], [], []]
    assert run.turns == 1
    assert [s["message"] for s in run.steps if s["source"] == "user" and not s["flags"]] == ["Mend it."]


@pytest.mark.parametrize("action", ["", "exit_context"])
def test_the_step_that_says_why_the_run_ended_is_the_harness_s(read: Read, action: str) -> None:
    ended = step(action, "", "Exit due to context window", query=[{}])
    (run,) = read(log([step("ls"), ended], [said("ls"), seen(), said(action, "Exit due to context window"), seen("")]))
    assert (run.turns, run.calls, run.results, run.malformed) == (1, 1, 1, 0)
    assert run.steps[-1]["flags"] == ["synthetic"]


def test_a_model_may_say_that_it_exits(read: Read) -> None:
    (run,) = read(log([step("submit", "", "Exit due to the mended bug.")], [said("submit", "Exit due to the mended bug."), seen("")]))
    assert (run.turns, run.calls) == (1, 1)


def test_an_autosubmission_keeps_the_patch_in_no_call(read: Read) -> None:
    ended = step("", DIFF, "Exit due to cost limit", query=[{}])
    (run,) = read(log([step("ls"), ended], [said("ls"), seen(), said("", "Exit due to cost limit"), seen(DIFF)]))
    assert (run.turns, run.calls, run.results) == (1, 1, 1)
    assert run.steps[-1]["observations"][0]["tool_call_id"] is None


def test_a_rejected_answer_is_a_malformed_turn_and_the_complaint_is_said_by_the_user(read: Read) -> None:
    complaint = {"role": "user", "content": "EXACTLY ONE action", "message_type": "user"}
    asked_again = [SYSTEM, TASK, {"role": "assistant", "content": "No call."}, complaint]
    steps = [step("", "", "No call.", query=[SYSTEM, TASK]), step("ls", query=asked_again)]
    (run,) = read(log(steps, [said("ls"), seen()]))
    assert kinds(run)[2:] == [("agent", 0, 0), ("user", 0, 0), ("agent", 1, 1)]
    assert run.steps[2]["flags"] == ["malformed"]
    assert run.steps[3]["message"] == "EXACTLY ONE action"
    assert (run.turns, run.malformed) == (2, 1)


def test_a_blocked_command_was_asked_for_and_not_answered(read: Read) -> None:
    asked_again = [SYSTEM, TASK, {"role": "assistant", "content": "I edit."}, {"role": "user", "content": "vim is not supported"}]
    (run,) = read(log([step("vim x", "", "I edit.", query=[SYSTEM, TASK]), step("ls", query=asked_again)], [said("ls"), seen()]))
    assert kinds(run)[2:] == [("agent", 1, 0), ("user", 0, 0), ("agent", 1, 1)]
    assert (run.calls, run.results, run.malformed) == (2, 1, 1)


def test_a_silent_command_that_is_missing_from_the_history_is_answered(read: Read) -> None:
    (run,) = read(log([step("rm x", "", "I remove."), step("ls")], [said("ls"), seen()]))
    assert (run.calls, run.results, run.malformed) == (2, 2, 0)


def test_an_answer_that_could_never_be_parsed_ends_an_old_run(read: Read) -> None:
    (run,) = read(log([step("exit_format", "", "Blah.")], [said("exit_format", "Blah.")]))
    assert (run.turns, run.calls, run.malformed) == (1, 0, 1)


def test_a_history_alone_is_a_run(read: Read) -> None:
    call = {"id": "c1", "function": {"name": "bash", "arguments": '{"command": "ls"}'}}
    plain = {"role": "assistant", "content": "I look.\n```\nls -a\n```", "agent": "main"}
    reply = seen("OBSERVATION:\nfound", role="tool", tool_call_ids=["c1"])
    (run,) = read({"history": [SYSTEM, TASK, said("ls", tool_calls=[call]), reply, plain, seen("b")]}, "simple.traj")
    assert (run.turns, run.calls, run.results, run.aside) == (2, 2, 2, {})
    assert run.steps[2]["observations"][0]["content"] == "found"
    assert json.loads(run.steps[3]["tool_calls"][0]["arguments"]) == {"command": "ls -a"}


def test_attempts_are_runs_and_the_copy_of_the_best_is_not(read: Read) -> None:
    def attempt(text: str, cost: float) -> dict[str, Any]:
        return log([step("ls", text)], [said("ls"), seen()], info={"model_stats": {"instance_cost": cost}})

    best = attempt("second", 3.0) | {"info": {"best_attempt_idx": 1, "model_stats": {"instance_cost": 3.0}}}
    runs = read(best | {"attempts": [attempt("first", 1.0), attempt("second", 2.0)]})
    assert [r.steps[2]["observations"][0]["content"] for r in runs] == ["first", "second"]
    assert [r.totals.cost_usd for r in runs] == [1.0, 2.0]
    assert [r.chosen for r in runs] == [False, True]
    unfinished = read({"attempts": [attempt("first", 1.0)]})
    assert [(r.turns, r.chosen) for r in unfinished] == [(1, False)]


def test_a_model_is_named_in_the_configuration_object_or_text(read: Read) -> None:
    config = {"agent": {"model": {"name": "m"}}}
    several = {"agent": {"agent_configs": [{"model": {"name": "m"}}]}}
    for given_config in (config, json.dumps(config), json.dumps(several)):
        assert read(log([step("ls")], [], replay_config=given_config))[0].model == "m"
    assert read(log([step("ls")], [], replay_config="{broken"))[0].model is None


def test_an_environment_without_a_name_leaves_the_task_to_the_file(read: Read) -> None:
    assert read(log([step("ls")], [], environment="swe_main"), "a__b-2.traj")[0].task_id == "a__b-2"


def test_an_observation_that_the_agent_saw_cut_says_so(read: Read) -> None:
    (run,) = read(log([step("cat x", "x" * 500)], [said("cat x"), seen("Observation: xx<response clipped>")]))
    answer = run.steps[2]["observations"][0]
    assert (answer["content"], answer["truncated"], answer["total_bytes"]) == ("Observation: xx<response clipped>", True, 500)


@pytest.mark.parametrize("text", ["a<response clipped>b", "<NOTE>This file is too large to display entirely. Showing abbreviated version."])
def test_an_observation_says_itself_that_it_was_cut(read: Read, text: str) -> None:
    (run,) = read(log([step("cat x", text), step("ls")], [said("cat x"), seen(text), said("ls"), seen()]))
    assert [s["observations"][0]["truncated"] for s in run.steps[2:]] == [True, False]


def test_a_timeout_is_an_error_of_the_call(read: Read) -> None:
    late = "The command 'sleep 99' was cancelled because it took more than 30 seconds. Please try another."
    (run,) = read(log([step("sleep 99", late), step("x", "\nEXECUTION TIMED OUT\n")], []))
    assert [s["observations"][0]["error"] for s in run.steps[2:]] == ["timed out", "timed out"]


def test_a_step_of_the_wrong_type_costs_itself_alone(read: Read) -> None:
    for bad in (None, 3, "x", [], {}, {"action": None}):
        (run,) = read(log([step("ls"), bad, step("pwd")], []))
        assert run.calls == 2
        assert run.taken + len(run.left) + run.aside.total() == 5


def test_what_was_handed_in_and_is_no_diff_is_kept_apart(read: Read) -> None:
    (run,) = read(log([step("submit")], [], info={"submission": "flag{x}"}))
    assert run.final_diff == ""
    assert "flag{x}" in run.notes[0]
    assert read(log([step("ls")], [], info={"submission": None}))[0].final_diff == ""


@pytest.mark.parametrize(
    ("line", "name", "arguments"),
    [
        ("ls -la\n", "bash", {"command": "ls -la"}),
        ("open src/x.py 12", "open", {"path": "src/x.py", "line_number": "12"}),
        ("open x && ls", "bash", {"command": "open x && ls"}),
        ("create 'a b.py'\n", "create", {"filename": "a b.py"}),
        ("edit 3:4\n  x = 1\nend_of_edit\n", "edit", {"start_line": "3", "end_line": "4", "replacement_text": "  x = 1"}),
        ("edit\nx = 1\nend_of_edit", "edit", {"replacement_text": "x = 1"}),
        ("edit 'a b' 'c\nd' False", "edit", {"search": "a b", "replace": "c\nd", "replace-all": "False"}),
        (
            "str_replace_editor view /x.py  --view_range 3 7",
            "str_replace_editor",
            {"command": "view", "path": "/x.py", "view_range": "3 7"},
        ),
        (
            "str_replace_editor str_replace /x --old_str 'a\n  b' --new_str ''",
            "str_replace_editor",
            {"command": "str_replace", "path": "/x", "old_str": "a\n  b", "new_str": ""},
        ),
        ("submit", "submit", {}),
        ("search_dir \"it's", "bash", {"command": "search_dir \"it's"}),
    ],
)
def test_a_line_becomes_a_call_again(line: str, name: str, arguments: dict[str, str]) -> None:
    assert from_command(line) == TextCall(name, arguments)


def test_a_call_is_found_in_whichever_form_the_answer_has() -> None:
    xml = in_text("I look.\n<function=bash>\n<parameter=command>\nls\n</parameter>\n</function>")
    assert xml == ("I look.", TextCall("bash", {"command": "ls"}))
    assert in_text("So:\n<command>\nls\n</command>\n") == ("So:", TextCall("bash", {"command": "ls"}))
    assert in_text("See\n```python\nx\n```\nthen\n```\nls\n```\n") == ("See\n```python\nx\n```\nthen", TextCall("bash", {"command": "ls"}))
    assert in_text("No call.") is None


def test_xml_is_taken_out_of_the_message(read: Read) -> None:
    response = "I look.\n\n<function=bash>\n<parameter=command>ls</parameter>\n</function>"
    (run,) = read(log([step("ls", response=response)], [said("ls", response, tool_calls=None), seen()]))
    assert run.steps[2]["message"] == "I look."
    assert json.loads(run.steps[2]["tool_calls"][0]["arguments"]) == {"command": "ls"}


@given(st.text(max_size=80))
def test_any_line_is_a_call(line: str) -> None:
    assert from_command(line).name
    assert from_command(f"edit {line}").name in ("edit", "bash")
    in_text(line)


KEYS = st.sampled_from(
    ["role", "content", "action", "observation", "response", "thought", "query", "is_demo", "tool_calls", "function", "id"],
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
SOME = st.lists(ANYTHING, max_size=4)


@given(SOME, SOME, ANYTHING)
def test_no_value_of_any_type_loses_an_item(tmp_path_factory: pytest.TempPathFactory, steps: Any, history: Any, info: Any) -> None:
    path = tmp_path_factory.mktemp("any") / "x.traj"
    path.write_text(json.dumps({"trajectory": [step("ls"), *steps], "history": [SYSTEM, *history], "info": info, "replay_config": info}))
    (found,) = convert(path)
    assert isinstance(found, Converted)
    assert found.run.taken + found.run.aside.total() + len(found.run.left) == len(steps) + len(history) + 2
    found.run.trajectory(found.sha256, 0)


def test_a_log_that_is_cut_off_keeps_what_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.traj"
    whole = json.dumps(log([step(f"echo {n}") for n in range(10)], []))
    path.write_text(whole[: whole.index("echo 7")])
    (found,) = convert(path)
    assert isinstance(found, Converted)
    assert (found.run.calls, found.run.results) == (7, 7)
    assert found.run.left
    assert "truncated" in found.run.steps[-1]["flags"]


def test_real_logs_are_read_whole(corpus: Path) -> None:
    found = [f for f in convert(corpus / "swe-agent") if isinstance(f, Converted)]
    assert len(found) == 34
    for each in found:
        log = json.loads(each.path.read_bytes())
        steps = log.get("trajectory") or [m for m in log["history"] if m["role"] == "assistant"]
        harness = sum(s["response"] == "Exit due to context window" for s in log.get("trajectory", []))
        run = each.run
        assert (run.left, run.turns, run.calls, run.results) == ([], *[len(steps) - harness] * 3), each.path
        run.trajectory(each.sha256, each.index)
