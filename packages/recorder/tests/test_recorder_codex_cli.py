"""Rollouts of Codex CLI: one channel of two, context that is no task, exit statuses in text, tokens told twice."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agentrecorder.convert import Converted, convert
from agentrecorder.run import Run

RunOf = Callable[..., Run]
META = {"timestamp": "t", "type": "session_meta", "payload": {"id": "s", "cwd": "/repo", "cli_version": "0.104.0"}}


def item(**payload: Any) -> dict[str, Any]:
    return {"timestamp": "t", "type": "response_item", "payload": payload}


def event(kind: str, **payload: Any) -> dict[str, Any]:
    return {"timestamp": "t", "type": "event_msg", "payload": {"type": kind, **payload}}


def said(role: str, text: str) -> dict[str, Any]:
    return item(type="message", role=role, content=[{"type": "input_text", "text": text}])


def call(call_id: str, name: str = "exec_command") -> dict[str, Any]:
    return item(type="function_call", name=name, arguments='{"cmd": "ls"}', call_id=call_id)


def back(call_id: str, output: Any) -> dict[str, Any]:
    return item(type="function_call_output", call_id=call_id, output=output)


def context(model: str) -> dict[str, Any]:
    return {"timestamp": "t", "type": "turn_context", "payload": {"model": model}}


TASK = said("user", "Add two numbers.")


def tokens(total: int, last: int) -> dict[str, Any]:
    counts = [{"input_tokens": n, "cached_input_tokens": 1, "output_tokens": n // 10} for n in (total, last)]
    return event("token_count", info={"total_token_usage": counts[0], "last_token_usage": counts[1]})


def test_what_events_say_again_is_not_taken_twice(run_of: RunOf) -> None:
    run = run_of(
        META, TASK, event("user_message", message="Add two numbers."), context("m"),
        item(type="reasoning", summary=[{"type": "summary_text", "text": "Hm."}], encrypted_content="x"),
        event("agent_reasoning", text="Hm."),
        said("assistant", "Look."), event("agent_message", message="Look."), call("a"), back("a", "adder.py"), event("task_complete"),
    )  # fmt: skip
    assert (run.turns, run.calls, run.results) == (1, 1, 1)
    assert (run.model, run.exit, run.claimed) == ("m", "task_complete", None)
    assert run.taken + sum(run.aside.values()) + len(run.left) == 11
    assert run.aside["event agent_message"] == 1


def test_tokens_that_are_told_twice_count_once(run_of: RunOf) -> None:
    lines = [call("a"), tokens(100, 100), tokens(100, 100), back("a", "x"), said("assistant", "Done."), tokens(300, 200), tokens(300, 200)]
    run = run_of(META, TASK, *lines, event("token_count", info=None))
    assert [step["usage"]["prompt_tokens"] for step in run.steps if step["usage"]] == [100, 200]
    assert (run.totals.prompt_tokens, run.totals.completion_tokens) == (300, 30)


@pytest.mark.parametrize(
    ("output", "content", "exit_code", "seconds"),
    [
        ("Chunk ID: 1\nWall time: 0.5 seconds\nProcess exited with code 2\nOutput:\nno", None, 2, 0.5),
        ("Chunk ID: 1\nWall time: 1 seconds\nProcess running with session ID 7\nOutput:\nyes", None, None, 1.0),
        ("Exit code: 0\nWall time: 0.1 seconds\nOutput:\nok", None, 0, 0.1),
        ('{"output": "ok", "metadata": {"exit_code": 1, "duration_seconds": 0.2}}', "ok", 1, 0.2),
        ('{"output": cut', None, None, None),
        ({"content": "no", "success": False}, "no", None, None),
        ([{"type": "input_text", "text": "seen"}], "seen", None, None),
    ],
)
def test_the_exit_status_stands_in_the_text_of_an_output(
    run_of: RunOf, output: Any, content: str | None, exit_code: int | None, seconds: float | None
) -> None:
    run = run_of(META, TASK, call("a"), back("a", output))
    seen = run.steps[-1]["observations"][0]
    assert (seen["content"], seen["exit_code"], seen["seconds"]) == (content or output, exit_code, seconds)


def test_a_patch_in_free_form_is_a_call_with_its_own_output(run_of: RunOf) -> None:
    patch = item(type="custom_tool_call", name="apply_patch", input="*** Begin Patch", status="completed", call_id="p")
    told = '{"output": "Done", "metadata": {"exit_code": 0, "duration_seconds": 0.0}}'
    run = run_of(META, TASK, patch, item(type="custom_tool_call_output", call_id="p", output=told))
    assert (run.calls, run.results, run.malformed) == (1, 1, 0)
    assert run.steps[1]["tool_calls"][0]["name"] == "file_edit"
    assert run.steps[1]["observations"][0]["content"] == "Done"


def test_one_command_over_several_calls_keeps_them_all(run_of: RunOf) -> None:
    run = run_of(META, TASK, call("a"), back("a", "Process running with session ID 1"), call("b", "write_stdin"), back("b", "on"))
    assert (run.turns, run.calls, run.results) == (2, 2, 2)
    assert {step["tool_calls"][0]["name"] for step in run.steps[1:]} == {"shell"}


def test_injected_messages_are_context_and_the_request_is_the_task(run_of: RunOf) -> None:
    run = run_of(
        META,
        said("developer", "Network access enabled."),
        said("user", "<environment_context>\n<cwd>/repo</cwd>\n</environment_context>"),
        said("user", "# AGENTS.md instructions for /repo"),
        said("user", "# Context from my IDE setup:\n\n## Open tabs:\n- adder.py\n\n## My request for Codex:\nAdd two numbers.\n"),
        said("assistant", "Done."),
    )
    tasks = [step["message"] for step in run.steps if step["source"] == "user" and not step["flags"]]
    assert tasks == ["Add two numbers."]
    assert run.turns == 1


def test_a_summary_after_compaction_is_no_turn_and_an_aborted_call_stays_open(run_of: RunOf) -> None:
    compacted = {"timestamp": "t", "type": "compacted", "payload": {"message": "So far: half."}}
    run = run_of(
        META, context("m"), context("n"), TASK, said("assistant", "Half."), compacted, call("a"), event("turn_aborted", reason="by user")
    )
    assert (run.turns, run.calls, run.results) == (2, 1, 0)
    assert run.exit == "turn_aborted: by user"
    assert "the model changes to 'n'" in run.notes


def test_the_old_form_has_bare_items(run_of: RunOf) -> None:
    lines = [
        {"id": "s", "timestamp": "t", "instructions": None, "git": {}},
        TASK["payload"],
        {"record_type": "state"},
        call("a")["payload"],
    ]
    run = run_of(*lines, back("a", "x")["payload"])
    assert (run.version, run.turns, run.results) == ("bare", 1, 1)
    assert run.aside == {"session_meta": 1, "state": 1}


def test_a_cut_line_is_said_and_costs_itself_alone(write: Callable[..., Path]) -> None:
    lines = [*map(json.dumps, [META, TASK, call("a")]), '"text"', json.dumps(item(type="riddle")), '{"timestamp": "t", "type": "resp']
    (found,) = convert(write("\n".join(lines)))
    assert isinstance(found, Converted)
    assert (found.run.turns, len(found.run.left), found.run.taken, found.run.aside["session_meta"]) == (1, 3, 2, 1)
    assert "truncated" in found.run.steps[-1]["flags"]
