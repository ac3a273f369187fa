"""Small logs of agents in every format, written by hand after what the formats say: ``n`` turns, each with one call and its answer."""

import json
from collections.abc import Callable
from typing import Any

Json = Any
Say = Callable[[int], str]
"""Text of a turn's observation."""


def task(where: str = "user") -> Json:
    """The message that says what to do."""
    return {"role": where, "content": "Fix the adder: it subtracts."}


def call(i: int) -> Json:
    """A call as the Chat Completions API writes it."""
    return {"id": f"c{i}", "type": "function", "function": {"name": "bash", "arguments": json.dumps({"command": f"cat f{i}.py"})}}


def swe_agent_old(n: int, say: Say) -> Json:
    """Before 1.0: texts alone, ``state`` as a JSON text."""
    texts = [f"Look at file {i}.\n```\ncat f{i}.py\n```" for i in range(n)]
    steps = [
        {
            "action": f"cat f{i}.py\n",
            "observation": say(i),
            "response": text,
            "thought": f"Look at file {i}.\n",
            "state": '{"cwd": "/repo"}',
        }
        for i, text in enumerate(texts)
    ]
    history: list[Json] = [{"role": "system", "content": "You are a programmer.", "agent": "primary"}]
    history += [{"role": "user", "content": "A demonstration", "agent": "primary", "is_demo": True}, {**task(), "agent": "primary"}]
    for i, text in enumerate(texts):
        history += [
            {"role": "assistant", "content": text, "thought": f"Look at file {i}.\n", "action": f"cat f{i}.py\n", "agent": "primary"}
        ]
        history += [{"role": "user", "content": say(i), "agent": "primary"}]
    stats = {"instance_cost": 0.5, "tokens_sent": 900, "tokens_received": 90, "api_calls": n}
    info = {"exit_status": "submitted", "submission": "diff --git a/f b/f\n", "model_stats": stats}
    return {"environment": "swe_main", "trajectory": steps, "history": history, "info": info}


def swe_agent(n: int, say: Say) -> Json:
    """1.1: function calls in ``history``, the whole prompt again as ``query`` of each step."""
    history: list[Json] = [{"role": "system", "content": "You are a programmer.", "agent": "main"}]
    history += [{"role": "user", "content": [{"type": "text", "text": "Fix the adder."}], "agent": "main"}]
    steps = []
    for i in range(n):
        thought = f"Look at file {i}."
        steps.append(
            {
                "action": f"cat f{i}.py",
                "observation": say(i),
                "response": thought,
                "thought": thought,
                "execution_time": 0.1,
                "state": {"working_dir": "/testbed", "diff": ""},
                "query": [{"role": "system", "content": "You are a programmer."}, {}],
                "extra_info": {},
            }
        )
        said = {"role": "assistant", "content": thought, "thought": thought, "action": f"cat f{i}.py", "agent": "main"}
        seen = [{"type": "text", "text": f"OBSERVATION:\n{say(i)}"}]
        history += [{**said, "tool_calls": [call(i)]}, {"role": "tool", "content": seen, "agent": "main", "tool_call_ids": [f"c{i}"]}]
    stats = {"instance_cost": 0.5, "tokens_sent": 900, "tokens_received": 90, "api_calls": n}
    info = {"exit_status": "submitted", "submission": "diff --git a/f b/f\n", "model_stats": stats}
    config = json.dumps({"agent": {"model": {"name": "small-model"}}})
    return {"trajectory": steps, "history": history, "info": info, "replay_config": config, "environment": "lib__lib-1"}


def nebius(n: int, say: Say) -> Json:
    """A row with roles system, user and ai."""
    talk: list[Json] = [
        {"role": "system", "text": None, "system_prompt": "You are a programmer.", "mask": False, "cutoff_date": "01.01.2023"}
    ]
    talk += [{"role": "user", "text": "Fix the adder.", "system_prompt": None, "mask": False, "cutoff_date": None}]
    for i in range(n):
        said = f"Look at file {i}.\n\n```\ncat f{i}.py\n```"
        talk += [
            {"role": role, "text": t, "system_prompt": None, "mask": False, "cutoff_date": None}
            for role, t in (("ai", said), ("user", say(i)))
        ]
    row = {"instance_id": "lib__lib-1", "model_name": "small-model", "target": True, "trajectory": talk}
    return {**row, "exit_status": "submitted", "generated_patch": "diff --git a/f b/f\n", "eval_logs": "ok"}


def mini_1(n: int, say: Say) -> Json:
    """The first version: the command in a fence."""
    talk = [{"role": "system", "content": "Answer with one bash block."}, task()]
    for i in range(n):
        talk += [{"role": "assistant", "content": f"THOUGHT: file {i}\n\n```bash\ncat f{i}.py\n```"}]
        talk += [{"role": "user", "content": f"<returncode>0</returncode>\n<output>\n{say(i)}\n</output>"}]
    config = {"agent": {}, "model": {"model_name": "small-model"}, "environment": {}}
    stats = {"instance_cost": 0.5, "api_calls": n}
    info = {"exit_status": "LimitsExceeded", "submission": "", "model_stats": stats, "mini_version": "1.15.0", "config": config}
    return {"info": info, "messages": talk, "trajectory_format": "mini-swe-agent-1", "instance_id": "lib__lib-1"}


def mini_2(n: int, say: Say) -> Json:
    """The second version: tool calls, and a message of role ``exit``."""
    talk: list[Json] = [{"role": "system", "content": "You can run commands."}, task()]
    for i in range(n):
        done = {"actions": [{"command": f"cat f{i}.py", "tool_call_id": f"c{i}"}], "cost": 0.01}
        done["response"] = {"model": "served", "usage": {"prompt_tokens": 90, "completion_tokens": 9}}
        talk += [{"role": "assistant", "content": "", "reasoning_content": f"File {i}.", "tool_calls": [call(i)], "extra": done}]
        seen = f"<returncode>0</returncode>\n<output>\n{say(i)}\n</output>"
        extra = {"returncode": 0, "raw_output": say(i), "timestamp": 1.5, "exception_info": ""}
        talk += [{"role": "tool", "content": seen, "tool_call_id": f"c{i}", "extra": extra}]
    talk += [{"role": "exit", "content": "", "extra": {"exit_status": "LimitsExceeded", "submission": ""}}]
    info = {
        "exit_status": "LimitsExceeded",
        "submission": "",
        "model_stats": {"instance_cost": 0.5, "api_calls": n},
        "mini_version": "2.3.0",
    }
    return {"info": info, "messages": talk, "trajectory_format": "mini-swe-agent-1.1", "instance_id": "lib__lib-1"}


def openhands_events(n: int, say: Say) -> Json:
    """Events of the V0 agent with gaps in their ids."""
    events: list[Json] = [{"id": 0, "timestamp": "2025-01-01T00:00:00", "source": "user", "message": "Fix the adder.", "action": "message"}]
    events[0]["args"] = {"content": "Fix the adder.", "image_urls": None}
    for i in range(n):
        answer = {"id": f"r{i}", "model": "small-model", "usage": {"prompt_tokens": 90, "completion_tokens": 9}, "choices": []}
        meta = {"function_name": "execute_bash", "tool_call_id": f"c{i}", "total_calls_in_response": 1, "model_response": answer}
        common = {"timestamp": "2025-01-01T00:00:01", "source": "agent", "tool_call_metadata": meta}
        args = {"command": f"cat f{i}.py", "thought": f"File {i}."}
        events += [{"id": 3 + 2 * i, "message": "Running", **common, "action": "run", "args": args}]
        seen = {"message": "Ran", "cause": 3 + 2 * i, "observation": "run", "content": say(i), "success": True}
        events += [{"id": 4 + 2 * i, **common, **seen, "extras": {"command": f"cat f{i}.py", "metadata": {"exit_code": 0}}}]
    return events


def openhands_row(n: int, say: Say) -> Json:
    """A line of the V0 evaluation's ``output.jsonl``."""
    row = {"instance_id": "lib__lib-1", "instruction": "Fix the adder.", "test_result": {"git_patch": "diff --git a/f b/f\n"}}
    row["metadata"] = {"agent_class": "CodeActAgent", "llm_config": {"model": "small-model"}, "max_iterations": 50}
    metrics = {"accumulated_cost": 0.5, "accumulated_token_usage": {"prompt_tokens": 900, "completion_tokens": 90}, "costs": []}
    return {**row, "history": openhands_events(n, say), "metrics": metrics, "error": None, "instance": {"repo": "lib/lib"}}


def openhands_pairs(n: int, say: Say) -> Json:
    """The same in its oldest form: pairs of action and observation."""
    pairs: list[Json] = [
        [
            {"action": "message", "source": "user", "args": {"content": "Fix it."}, "message": "Fix it."},
            {"observation": "null", "content": "", "extras": {}},
        ]
    ]
    for i in range(n):
        did = {"action": "run", "source": "agent", "args": {"command": f"cat f{i}.py", "thought": ""}, "message": "Running"}
        pairs.append([did, {"observation": "run", "source": "agent", "content": say(i), "extras": {"exit_code": 0}, "message": "Ran"}])
    return {**openhands_row(0, say), "history": pairs}


def openhands_feedback(n: int, say: Say) -> Json:
    """An export of the user interface."""
    first: list[Json] = [{"action": "initialize", "args": {}, "source": "environment"}, {"status": "ok", "source": "environment"}]
    return {
        "version": "1.0",
        "feedback": "positive",
        "permissions": "public",
        "timestamp": "2024-10-06",
        "trajectory": first + openhands_events(n, say),
    }


def openhands_v1(n: int, say: Say) -> Json:
    """Events of the V1 kit."""
    text = {"type": "text", "text": "Fix the adder."}
    prompt = {"type": "text", "text": "You are an agent."}
    events: list[Json] = [
        {"kind": "SystemPromptEvent", "id": "e0", "timestamp": "2026-01-01T00:00:00", "source": "agent", "system_prompt": prompt}
    ]
    events[0]["tools"] = []
    events += [{"kind": "MessageEvent", "id": "e1", "source": "user", "llm_message": {"role": "user", "content": [text]}}]
    for i in range(n):
        call = {"id": f"c{i}", "name": "terminal", "arguments": json.dumps({"command": f"cat f{i}.py"}), "origin": "completion"}
        did = {"kind": "TerminalAction", "command": f"cat f{i}.py"}
        named = {"tool_name": "terminal", "tool_call_id": f"c{i}"}
        act = {
            "kind": "ActionEvent",
            "id": f"a{i}",
            "source": "agent",
            "thought": [],
            "action": did,
            "tool_call": call,
            "llm_response_id": f"r{i}",
        }
        seen = {"kind": "TerminalObservation", "content": [{"type": "text", "text": say(i)}], "is_error": False, "exit_code": 0}
        events += [
            {**act, **named},
            {"kind": "ObservationEvent", "id": f"o{i}", "source": "environment", "observation": seen, "action_id": f"a{i}", **named},
        ]
    return events


def openhands_v1_row(n: int, say: Say) -> Json:
    """A line of the V1 evaluation's ``output.jsonl``."""
    return {**openhands_row(0, say), "attempt": 1, "history": openhands_v1(n, say)}


def atif(n: int, say: Say) -> Json:
    """Version 1.5."""
    steps: list[Json] = [{"step_id": 1, "source": "user", "message": "Fix the adder."}]
    for i in range(n):
        call = {"tool_call_id": f"c{i}", "function_name": "bash_command", "arguments": {"keystrokes": f"cat f{i}.py\n", "duration": 0.1}}
        step = {"step_id": i + 2, "source": "agent", "message": f"File {i}.", "model_name": "small-model", "tool_calls": [call]}
        step["metrics"] = {"prompt_tokens": 90, "completion_tokens": 9, "cached_tokens": 0, "cost_usd": 0.01}
        steps.append({**step, "observation": {"results": [{"source_call_id": f"c{i}", "content": say(i)}]}})
    agent = {"name": "terminus-2", "version": "2.0", "model_name": "small-model"}
    return {"schema_version": "ATIF-v1.5", "session_id": "s", "agent": agent, "steps": steps, "final_metrics": None}


def adp(n: int, say: Say) -> Json:
    """A row of the older standard."""
    content: list[Json] = [{"class_": "text_observation", "content": "Fix the adder.", "name": None, "source": "user"}]
    for i in range(n):
        content += [{"class_": "code_action", "language": "bash", "content": f"cat f{i}.py", "description": f"File {i}."}]
        content += [{"class_": "text_observation", "content": say(i), "name": None, "source": "environment"}]
    return {"id": "row", "content": content, "details": {"resolved": True}}
