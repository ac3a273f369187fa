"""Logs of Gemini CLI, Cline and OpenCode."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agentrecorder.containers.source import LogSource
from agentrecorder.convert import ConversionFailure, Converted, convert, detect
from agentrecorder.run import Run

RunOf = Callable[..., Run]
HEAD = {"sessionId": "s", "projectHash": "abc", "startTime": "t", "lastUpdated": "t"}


def gemini(name: str, text: str, *calls: Any, **more: Any) -> dict[str, Any]:
    return {"id": name, "timestamp": "t", "type": "gemini", "content": text, "model": "m", "toolCalls": [*calls], **more}


def tool(call_id: str, response: Any, status: str = "success", **more: Any) -> dict[str, Any]:
    result = None if response is None else [{"functionResponse": {"id": call_id, "name": "edit", "response": response}}]
    return {"id": call_id, "name": "edit_file", "args": {"path": "adder.py"}, "result": result, "status": status, **more}


ASKED = {"id": "u", "timestamp": "t", "type": "user", "content": [{"text": "Add two numbers."}]}


def test_gemini_holds_calls_and_their_results_in_one_message(run_of: RunOf) -> None:
    tokens = {"input": 100, "output": 9, "cached": 50, "thoughts": 1, "tool": 0, "total": 110}
    thoughts = [{"subject": "Plan", "description": "Look first.", "timestamp": "t"}]
    calls = [tool("a", {"output": "ok"}), tool("b", {"error": "0 occurrences"}, "error"), tool("c", None)]
    messages = [ASKED, gemini("g", "Look.", *calls, tokens=tokens, thoughts=thoughts), {"id": "i", "type": "info", "content": "saved"}]
    run = run_of({**HEAD, "messages": messages})
    assert (run.turns, run.calls, run.results, run.model) == (1, 3, 2, "m")
    turn = run.steps[1]
    assert turn["reasoning"] == "Plan: Look first."
    assert (turn["usage"]["prompt_tokens"], turn["usage"]["completion_tokens"], turn["usage"]["cached_tokens"]) == (100, 10, 50)
    assert [seen["error"] for seen in turn["observations"]] == [None, "0 occurrences"]
    assert run.aside == {"info": 1}


def test_of_gemini_lines_with_the_same_id_the_last_counts_in_the_place_of_the_first(run_of: RunOf) -> None:
    patch = {"$set": {"lastUpdated": "later"}}
    run = run_of(HEAD, ASKED, gemini("g", "Look."), patch, gemini("h", "Done."), gemini("g", "Look.", tool("a", {"output": "ok"})))
    assert [step["message"] for step in run.steps] == ["Add two numbers.", "Look.", "Done."]
    assert (run.turns, run.calls, run.results) == (2, 1, 1)
    assert run.taken + sum(run.aside.values()) + len(run.left) == 6


def test_cline_returns_results_as_text_of_the_user(run_of: RunOf) -> None:
    uses = [
        {"type": "tool_use", "id": i, "name": n, "input": {"path": "x", "task_progress": "-"}}
        for i, n in (("a", "read_file"), ("b", "list_files"))
    ]
    told = [
        "[list_files for '.'] Result:\nadder.py",
        "[read_file for 'x\ny'] Result:",
        "The tool execution failed with the following error:\nno",
    ]
    details = {"type": "text", "text": "<environment_details>\n# Time\n</environment_details>"}
    run = run_of(
        [
            {"role": "user", "content": [{"type": "text", "text": "<task>\nAdd two numbers.\n</task>"}, details]},
            {
                "role": "assistant",
                "content": [{"type": "text", "text": "Look."}, *uses],
                "modelInfo": {"modelId": "m"},
                "metrics": {"tokens": {"prompt": 9, "completion": 2, "cached": 1}, "cost": 0.1},
            },
            {"role": "user", "content": [*({"type": "text", "text": text} for text in told), details]},
            {"role": "assistant", "content": [{"type": "text", "text": "Hm."}]},
            {"role": "user", "content": [{"type": "text", "text": "[ERROR] You did not use a tool in your previous response!"}]},
        ]
    )
    assert (run.turns, run.calls, run.results, run.malformed, run.model) == (2, 2, 2, 1, "m")
    assert run.steps[0]["message"] == "Add two numbers."
    answers = {seen["tool_call_id"]: seen for seen in run.steps[1]["observations"]}
    assert answers["b"]["content"] == "adder.py"
    assert answers["a"]["error"] == "The tool execution failed with the following error:"
    assert run.steps[1]["usage"]["cost_usd"] == 0.1
    assert run.steps[-1]["source"] == "user"


def test_older_cline_writes_its_calls_as_xml(run_of: RunOf) -> None:
    words = "Write.\n<write_to_file>\n<path>a.html</path>\n<content>\n<b>1</b>\n</content>\n</write_to_file>"
    back = "[write_to_file for 'a.html'] Result:\nThe content was successfully saved."
    talk = [("user", "<task>Add.</task>"), ("assistant", words), ("user", back), ("user", "[fly] Result:\nnever called")]
    run = run_of([{"role": role, "content": [{"type": "text", "text": text}]} for role, text in talk])
    assert (run.version, run.turns, run.calls, run.results) == ("xml", 1, 1, 1)
    assert json.loads(run.steps[1]["tool_calls"][0]["arguments"]) == {"path": "a.html", "content": "<b>1</b>"}
    assert run.steps[-1]["flags"] == ["synthetic"]


@pytest.mark.parametrize(
    "other",
    [
        [{"ts": 1, "type": "say", "say": "task", "text": "Add."}, {"ts": 2, "type": "ask", "ask": "tool", "text": "{}"}],
        [{"role": "user", "content": "Add."}, {"role": "assistant", "content": [{"type": "text", "text": "Hm."}]}],
        [{"sessionId": "s", "messageId": 0, "type": "user", "message": "Add.", "timestamp": "t"}],
        {"sessionId": "s", "display": "Add.", "timestamp": 1},
    ],
)
def test_what_was_shown_or_typed_is_no_trajectory(write: Callable[..., Path], other: Any) -> None:
    with LogSource(write(other)) as source:
        known = detect(source)
        assert known is None or known[0].name not in ("cline", "gemini-cli", "opencode", "claude-code")


def row(name: str, data: Any, **more: Any) -> dict[str, Any]:
    return {"id": name, "session_id": "s", "time_created": 1, "data": data if isinstance(data, str) else json.dumps(data), **more}


def part(name: str, message: str, **data: Any) -> dict[str, Any]:
    return row(name, data, message_id=message)


def tables(folder: Path, messages: list[Any], parts: list[Any], sessions: list[Any]) -> Path:
    for name, table in (("messages", messages), ("parts", parts), ("sessions", sessions)):
        (folder / f"{name}.json").write_text(json.dumps(table))
    return folder


def test_opencode_joins_its_tables_and_each_session_is_a_run(tmp_path: Path) -> None:
    state = {
        "status": "completed",
        "input": {"command": "ls"},
        "output": "adder.py",
        "metadata": {"exit": 0},
        "time": {"start": 0, "end": 500},
    }
    failed = {"status": "error", "input": {"filePath": "x"}, "error": "File not found: x"}
    spent = {"input": 10, "output": 2, "cache": {"read": 5, "write": 1}}
    parts = [
        part("p5", "m2", type="step-finish", tokens=spent, cost=0.1),
        part("p1", "m1", type="text", text="Add two numbers."),
        part("p2", "m2", type="step-start"),
        part("p3", "m2", type="text", text="Look."),
        part("p4", "m2", type="tool", tool="bash", callID="a", state=state),
        part("p6", "m2", type="step-start"),
        part("p7", "m2", type="tool", tool="read", callID="b", state=failed),
        part("p8", "m2", type="tool", tool="read", callID="c", state={"status": "running", "input": {}}),
        row("p9", "{cut", message_id="m2"),
        part("q1", "lost", type="text", text="whose?"),
    ]
    messages = [row("m2", {"role": "assistant", "modelID": "m", "error": {"name": "Aborted"}}), row("m1", {"role": "user"})]
    messages.append(row("m3", {"role": "user"}, session_id="sub"))
    found = list(convert(tables(tmp_path, messages, parts, [{"id": "s"}, {"id": "sub", "parent_id": "s"}])))
    run, subagent = (one.run for one in found if isinstance(one, Converted))
    assert (run.turns, run.calls, run.results, run.model, run.exit) == (2, 3, 2, "m", "Aborted")
    first, second = run.steps[1:]
    assert (first["message"], first["usage"]["prompt_tokens"], first["usage"]["cost_usd"]) == ("Look.", 16, 0.1)
    assert (first["observations"][0]["exit_code"], first["observations"][0]["seconds"]) == (0, 0.5)
    assert second["observations"][0]["error"] == "File not found: x"
    assert len(run.left) == 1
    assert subagent.turns == 0
    (lost,) = (one for one in found if isinstance(one, ConversionFailure))
    assert "q1" in lost.where


def test_an_exported_session_of_opencode_is_a_run(run_of: RunOf) -> None:
    said = {"info": {"id": "m", "role": "assistant", "modelID": "m", "summary": True}, "parts": [{"type": "text", "text": "So far: half."}]}
    asked = {
        "info": {"id": "u", "role": "user"},
        "parts": [{"type": "text", "text": "Add."}, {"type": "text", "text": "x", "synthetic": True}],
    }
    done = {"info": {"id": "n", "role": "assistant"}, "parts": [{"type": "reasoning", "text": "Hm."}, {"type": "patch", "hash": "h"}]}
    run = run_of({"info": {"id": "ses_1", "title": "Adder"}, "messages": [asked, said, done]})
    assert (run.version, run.turns, run.aside) == ("export", 1, {"patch": 1})
    assert [step["flags"] for step in run.steps] == [[], ["copied_context"], ["copied_context"], []]
