"""Items of the Responses API: what is one turn, what answers what, and what a rollout says of its outcome."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agentrecorder.adapters.openai_responses import Responses
from agentrecorder.containers.source import LogSource
from agentrecorder.run import Run

RunOf = Callable[..., Run]


def message(role: str, text: str) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": "output_text", "text": text}]}


def call(call_id: str, arguments: str = '{"command": "ls"}', name: str = "bash") -> dict[str, Any]:
    return {"type": "function_call", "id": None, "call_id": call_id, "name": name, "arguments": arguments, "status": "completed"}


def output(call_id: str, text: Any) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": text}


def rollout(*items: Any, **more: Any) -> dict[str, Any]:
    request = {"input": [{"role": "user", "content": "Add two numbers."}], "instructions": None}
    return {"responses_create_params": request, "response": {"model": "m", "output": [*items]}, **more}


REASONING = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}], "content": None, "encrypted_content": "x"}


def test_what_the_model_gives_between_two_outputs_is_one_turn(run_of: RunOf) -> None:
    items = [REASONING, message("assistant", "Both."), call("a"), call("b"), output("b", "2"), output("a", "1"), call("c"), REASONING]
    run = run_of(rollout(*items, output("c", "3"), message("assistant", "Done.")))
    assert (run.turns, run.calls, run.results) == (3, 3, 3)
    first = run.steps[1]
    assert (first["message"], first["reasoning"], len(first["tool_calls"])) == ("Both.", "Hm.", 2)
    assert run.model == "m"


def test_calls_without_output_and_outputs_without_call_are_kept(run_of: RunOf) -> None:
    run = run_of(rollout(call("a"), output("zzz", "whose?"), call("b", '{"command": '), output("b", "no")))
    assert (run.turns, run.calls, run.results, run.malformed) == (2, 2, 1, 1)
    assert run.steps[2]["flags"] == ["synthetic"]


def test_tools_of_the_provider_and_free_form_calls_are_calls(run_of: RunOf) -> None:
    items = [
        {"type": "web_search_call", "id": "w", "action": {"query": "adding"}, "status": "completed"},
        {"type": "local_shell_call", "call_id": "l", "action": {"type": "exec", "command": ["ls"]}},
        {"type": "local_shell_call_output", "call_id": "l", "output": "adder.py"},
        {"type": "custom_tool_call", "call_id": "p", "name": "apply_patch", "input": "*** Begin Patch"},
        {"type": "mcp_call", "id": "m", "name": "look", "arguments": "{}", "output": "found"},
    ]
    run = run_of(rollout(*items))
    assert (run.turns, run.calls, run.results, run.malformed) == (2, 4, 2, 0)
    assert json.loads(run.steps[2]["tool_calls"][0]["arguments"]) == {"input": "*** Begin Patch"}


def test_earlier_turns_in_the_prompt_are_copied_context(run_of: RunOf) -> None:
    row = rollout(message("assistant", "Now I."))
    row["responses_create_params"] = {"instructions": "Be brief.", "input": [message("user", "Add."), call("a"), output("a", "x")]}
    run = run_of(row)
    assert (run.turns, run.calls) == (1, 0)
    assert [step["source"] for step in run.steps] == ["system", "user", "agent", "agent"]
    row["responses_create_params"]["input"] = "Add two numbers."
    assert run_of(row).steps[1]["message"] == "Add two numbers."


@pytest.mark.parametrize(
    ("more", "claimed"),
    [
        ({"reward": 1.0}, True),
        ({"reward": 0.0}, False),
        ({"reward": 1.0, "resolved": False}, False),
        ({"reward": 0.0, "resolved": False, "evaluation_completed": False}, None),
        ({}, None),
    ],
)
def test_the_reward_is_a_claim_unless_nothing_was_evaluated(run_of: RunOf, more: Any, claimed: bool | None) -> None:
    assert run_of(rollout(**more)).claimed is claimed


def test_names_tokens_and_patch_are_found_where_they_may_be(run_of: RunOf) -> None:
    row = rollout(model_patch="diff", instance_id="", task_id="t-1", agent_ref={"name": "claude"}, error_kind="Timeout")
    row["response"]["usage"] = {"input_tokens": 0, "output_tokens": 0}
    run = run_of(row)
    assert (run.task_id, run.agent, run.exit, run.final_diff, run.totals.prompt_tokens) == ("t-1", "claude", "Timeout", "diff", None)


def test_a_response_by_itself_is_a_run_and_a_request_is_none(run_of: RunOf, write: Callable[..., Path]) -> None:
    assert run_of({"object": "response", "id": "r", "output": [call("a")]}).calls == 1
    with LogSource(write({"responses_create_params": {"input": "Add."}, "question": "?"})) as source:
        assert Responses().version(source) is None


def test_a_bad_item_costs_itself_alone(run_of: RunOf) -> None:
    run = run_of(rollout(call("a"), None, {"type": "riddle"}, 7, output("a", [{"type": "input_text", "text": "seen"}])))
    assert (run.turns, run.results, len(run.left)) == (1, 1, 3)
    assert run.steps[1]["observations"][0]["content"] == "seen"
