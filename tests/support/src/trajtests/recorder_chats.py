"""Small logs of command line agents, chats and evaluations, in the manner of :mod:`recorder_logs`."""

import json

from trajtests.recorder_logs import Json, Say, call, task


def claude_code(n: int, say: Say) -> list[Json]:
    """Lines of a session; an answer is split over two of them."""
    common = {
        "sessionId": "s",
        "cwd": "/repo",
        "version": "2.1.59",
        "isSidechain": False,
        "userType": "external",
        "timestamp": "2026-01-01T00:00:00Z",
    }
    lines: list[Json] = [{"type": "user", "uuid": "u", "parentUuid": None, **common, "message": task()}]
    last = "u"
    for i in range(n):
        usage = {"input_tokens": 9, "cache_read_input_tokens": 80, "cache_creation_input_tokens": 0, "output_tokens": 9}
        answer = {"id": f"m{i}", "type": "message", "role": "assistant", "model": "small-model", "usage": usage, "stop_reason": None}
        text = [{"type": "text", "text": f"File {i}."}]
        use = [{"type": "tool_use", "id": f"c{i}", "name": "Bash", "input": {"command": f"cat f{i}.py"}}]
        lines += [{"type": "assistant", "uuid": f"t{i}", "parentUuid": last, **common, "message": {**answer, "content": text}}]
        lines += [{"type": "assistant", "uuid": f"a{i}", "parentUuid": f"t{i}", **common, "message": {**answer, "content": use}}]
        seen = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": f"c{i}", "content": say(i)}]}
        lines += [{"type": "user", "uuid": f"r{i}", "parentUuid": f"a{i}", **common, "message": seen, "toolUseResult": {"stdout": say(i)}}]
        last = f"r{i}"
    return [*lines, {"type": "summary", "summary": "Adder", "leafUuid": last}]


def codex(n: int, say: Say) -> list[Json]:
    """Lines of a rollout, each answer also told as an event."""

    def line(kind: str, **payload: Json) -> Json:
        return {"timestamp": "2026-01-01T00:00:00Z", "type": kind, "payload": payload}

    lines = [line("session_meta", id="s", cwd="/repo", originator="codex_cli_rs", cli_version="0.104.0")]
    lines += [line("turn_context", cwd="/repo", model="small-model")]
    lines += [line("response_item", type="message", role="user", content=[{"type": "input_text", "text": "Fix the adder."}])]
    for i in range(n):
        lines += [line("response_item", type="reasoning", summary=[{"type": "summary_text", "text": f"File {i}."}], encrypted_content="x")]
        lines += [line("event_msg", type="agent_reasoning", text=f"File {i}.")]
        asked = json.dumps({"cmd": f"cat f{i}.py"})
        lines += [line("response_item", type="function_call", name="exec_command", arguments=asked, call_id=f"c{i}")]
        output = f"Chunk ID: {i}\nWall time: 0.1 seconds\nProcess exited with code 0\nOutput:\n{say(i)}"
        lines += [line("response_item", type="function_call_output", call_id=f"c{i}", output=output)]
        tokens = {"input_tokens": 90, "cached_input_tokens": 0, "output_tokens": 9}
        lines += [line("event_msg", type="token_count", info={"total_token_usage": tokens, "last_token_usage": tokens})]
    return lines


def _gemini_messages(n: int, say: Say) -> list[Json]:
    messages: list[Json] = [{"id": "u", "timestamp": "2026-01-01T00:00:00Z", "type": "user", "content": "Fix the adder."}]
    for i in range(n):
        back = [{"functionResponse": {"id": f"c{i}", "name": "run_shell_command", "response": {"output": say(i)}}}]
        call = {"id": f"c{i}", "name": "run_shell_command", "args": {"command": f"cat f{i}.py"}, "result": back, "status": "success"}
        tokens = {"input": 90, "output": 9, "cached": 0, "thoughts": 0, "tool": 0, "total": 99}
        said = {"id": f"m{i}", "timestamp": "2026-01-01T00:00:01Z", "type": "gemini", "content": f"File {i}.", "model": "small-model"}
        messages += [{**said, "tokens": tokens, "thoughts": [], "toolCalls": [call]}]
    return messages


_GEMINI = {"sessionId": "s", "projectHash": "abc", "startTime": "2026-01-01T00:00:00Z", "lastUpdated": "2026-01-01T00:01:00Z"}


def gemini(n: int, say: Say) -> Json:
    """A session in one object."""
    return {**_GEMINI, "messages": _gemini_messages(n, say)}


def gemini_lines(n: int, say: Say) -> list[Json]:
    """A session in lines, the first of which is its head."""
    return [_GEMINI, *_gemini_messages(n, say), {"$set": {"lastUpdated": "2026-01-01T00:02:00Z"}}]


def cline(n: int, say: Say) -> list[Json]:
    """A history of the API's messages; results are texts."""
    talk: list[Json] = [{"role": "user", "content": [{"type": "text", "text": "<task>\nFix the adder.\n</task>"}]}]
    for i in range(n):
        use = {"type": "tool_use", "id": f"c{i}", "name": "read_file", "input": {"path": f"f{i}.py"}}
        said = {"role": "assistant", "content": [{"type": "text", "text": f"File {i}."}, use]}
        talk += [
            {**said, "modelInfo": {"modelId": "small-model", "providerId": "p"}, "metrics": {"tokens": {"prompt": 90, "completion": 9}}}
        ]
        parts = [f"[read_file for 'f{i}.py'] Result:\n{say(i)}", "<environment_details>\n# Time\n</environment_details>"]
        talk += [{"role": "user", "content": [{"type": "text", "text": part} for part in parts]}]
    return talk


def swe_gym(n: int, say: Say) -> Json:
    """A row of messages with every key present."""
    nothing = {"name": None, "tool_calls": None, "tool_call_id": None, "function_call": None}
    talk = [{**nothing, **task("system")}, {**nothing, **task()}]
    for i in range(n):
        talk += [{**nothing, "role": "assistant", "content": f"File {i}.", "tool_calls": [call(i)]}]
        talk += [{**nothing, "role": "tool", "content": f"OBSERVATION:\n{say(i)}", "name": "bash", "tool_call_id": f"c{i}"}]
    test = {"git_patch": "diff --git a/f b/f\r\n", "report": {"resolved": True}}
    return {"instance_id": "lib__lib-1", "run_id": "r", "resolved": True, "messages": talk, "tools": [], "test_result": test}


def swe_smith(n: int, say: Say) -> Json:
    """A row of messages with the calls in the text."""
    talk = [task("system"), task()]
    for i in range(n):
        said = f"File {i}.\n\n<function=bash>\n<parameter=command>cat f{i}.py</parameter>\n</function>"
        talk += [{"role": "assistant", "content": said}, {"role": "user", "content": f"OBSERVATION:\n{say(i)}"}]
    return {"messages": talk, "instance_id": "lib__lib-1", "resolved": False, "model": "small-model", "traj_id": "t", "patch": ""}


def sharegpt(n: int, say: Say) -> Json:
    """A row of conversations."""
    talk = [{"from": "human", "value": "Fix the adder."}]
    for i in range(n):
        said = f"File {i}.\n\n<function=execute_bash>\n<parameter=command>\ncat f{i}.py\n</parameter>\n</function>"
        talk += [{"from": "function_call", "value": said}, {"from": "observation", "value": say(i)}]
    return {"id": "row", "conversations": talk, "system": "You are an agent."}


def nemo_gym(n: int, say: Say) -> Json:
    """A row of a rollout in the form of the Responses API."""
    output: list[Json] = []
    for i in range(n):
        asked = json.dumps({"command": f"cat f{i}.py"})
        output += [{"type": "function_call", "id": f"f{i}", "call_id": f"c{i}", "name": "bash", "arguments": asked, "status": "completed"}]
        output += [{"type": "function_call_output", "call_id": f"c{i}", "output": say(i), "status": "completed"}]
    response = {"id": "r", "object": "response", "model": "small-model", "output": output, "usage": {"input_tokens": 0, "output_tokens": 0}}
    return {
        "responses_create_params": {"input": [{"type": "message", **task()}]},
        "response": response,
        "reward": 1.0,
        "instance_id": "lib__lib-1",
    }


def inspect_sample(n: int, say: Say) -> Json:
    """A sample of an evaluation."""
    talk: list[Json] = [{"id": "u", "role": "user", "content": "Fix the adder.", "source": "input"}]
    for i in range(n):
        call = {"id": f"c{i}", "function": "bash", "arguments": {"cmd": f"cat f{i}.py"}}
        talk += [{"id": f"a{i}", "role": "assistant", "content": [{"type": "text", "text": f"File {i}."}], "tool_calls": [call]}]
        talk += [{"id": f"t{i}", "role": "tool", "content": say(i), "tool_call_id": f"c{i}", "function": "bash"}]
    sample = {"id": 1, "epoch": 1, "input": "Fix the adder.", "target": "ok", "messages": talk, "scores": {"match": {"value": "C"}}}
    return {**sample, "output": {"model": "small-model", "choices": []}, "events": [], "attachments": {}, "model_usage": {}}


INSPECT: Json = {
    "version": 2,
    "status": "success",
    "eval": {"task": "adder", "model": "small-model", "run_id": "r", "task_id": "t", "created": "2026-01-01T00:00:00Z"},
    "plan": {"name": "plan", "steps": []},
    "results": {"total_samples": 1, "completed_samples": 1, "scores": []},
    "stats": {"started_at": "2026-01-01T00:00:00Z", "completed_at": "2026-01-01T00:01:00Z", "model_usage": {}},
}


def inspect_log(n: int, say: Say) -> Json:
    """An evaluation in one object."""
    return {**INSPECT, "samples": [inspect_sample(n, say)]}


def opencode(n: int, say: Say) -> dict[str, Json]:
    """Tables of the data base: sessions, messages and parts, whose ``data`` is JSON text."""
    sessions = [{"id": "ses", "parent_id": None, "title": "Adder", "directory": "/repo", "version": "1.17.9", "time_created": 1}]

    def row(table: str, number: int, data: Json, message: str = "") -> Json:
        named = {"message_id": message} if message else {}
        return {
            "id": f"{table}_{number:05}",
            **named,
            "session_id": "ses",
            "time_created": number,
            "time_updated": number,
            "data": json.dumps(data),
        }

    messages = [row("msg", 0, {"role": "user", "time": {"created": 0}})]
    parts = [row("prt", 0, {"type": "text", "text": "Fix the adder."}, "msg_00000")]
    for i in range(n):
        number, message = 10 * (i + 1), f"msg_{i + 1:05}"
        messages += [
            row("msg", i + 1, {"role": "assistant", "modelID": "small-model", "providerID": "p", "cost": 0, "time": {"created": i}})
        ]
        state = {"status": "completed", "input": {"command": f"cat f{i}.py"}, "output": say(i), "metadata": {"exit": 0}, "title": "cat"}
        parts += [
            row("prt", number, {"type": "step-start"}, message),
            row("prt", number + 1, {"type": "text", "text": f"File {i}."}, message),
        ]
        parts += [row("prt", number + 2, {"type": "tool", "tool": "bash", "callID": f"c{i}", "state": state}, message)]
        tokens = {"input": 90, "output": 9, "reasoning": 0, "cache": {"read": 0, "write": 0}}
        parts += [row("prt", number + 3, {"type": "step-finish", "reason": "tool-calls", "tokens": tokens, "cost": 0}, message)]
    return {"sessions.json": sessions, "messages.json": messages, "parts.json": parts}
