"""OpenHands in all its generations: which events are turns, which answers go to which calls, and what a row says of its run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agentrecorder.adapters.openhands.shapes import version
from agentrecorder.containers.source import LogSource
from agentrecorder.convert import UnknownFormat, convert
from agentrecorder.run import Run

RunOf = Callable[..., Run]
Event = dict[str, Any]


def said(number: int, text: str, source: str = "user", **more: Any) -> Event:
    return {"id": number, "source": source, "action": "message", "args": {"content": text, "wait_for_response": False}, **more}


def ran(number: int, command: str, **more: Any) -> Event:
    return {"id": number, "source": "agent", "action": "run", "args": {"command": command, "thought": "Let me look."}, **more}


def saw(number: int, cause: int | None, content: str, kind: str = "run", **more: Any) -> Event:
    event = {"id": number, "source": "agent", "observation": kind, "content": content, "extras": {}, **more}
    return event if cause is None else {**event, "cause": cause}


def asked(call_id: str, response: str, total: int = 1, **arguments: Any) -> Event:
    call = {"id": call_id, "type": "function", "function": {"name": "execute_bash", "arguments": json.dumps(arguments)}}
    answer = {"content": "Looking.", "reasoning_content": "hm", "tool_calls": [call]}
    spent = {"prompt_tokens": 100, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 60}}
    return {
        "tool_call_metadata": {
            "function_name": "execute_bash",
            "tool_call_id": call_id,
            "total_calls_in_response": total,
            "model_response": {"id": response, "choices": [{"message": answer}], "usage": spent},
        }
    }


def row(*history: Any, **more: Any) -> dict[str, Any]:
    return {
        "instance_id": "owner__repo-1",
        "instruction": "Mend it.",
        "test_result": {"git_patch": "diff --git a/x b/x\n"},
        "metadata": {"agent_class": "CodeActAgent", "llm_config": {"model": "m-1"}},
        "history": list(history),
        "metrics": None,
        "error": None,
        **more,
    }


def counts(run: Run) -> tuple[int, int, int, int]:
    return run.turns, run.calls, run.results, run.malformed


# -- before the SDK ---------------------------------------------------------------------------------------------------


def test_an_observation_goes_to_the_action_that_caused_it_though_numbers_are_missing(run_of: RunOf) -> None:
    run = run_of(row(said(0, "Mend it."), ran(3, "ls"), ran(5, "pwd"), saw(8, 3, "a.py"), saw(9, 5, "/work"), said(10, "Done.", "agent")))
    assert counts(run) == (3, 2, 2, 0)
    assert [step["observations"][0]["content"] for step in run.steps[1:3]] == ["a.py", "/work"]
    assert (run.version, run.task_id, run.agent, run.model) == ("v0", "owner__repo-1", "CodeActAgent", "m-1")
    assert run.final_diff.startswith("diff --git")
    assert run.taken == 6


def test_calls_of_one_response_are_one_turn_and_its_tokens_count_once(run_of: RunOf) -> None:
    run = run_of(
        row(
            said(0, "Mend it."),
            ran(1, "ls", **asked("c1", "r1", 2, command="ls")),
            saw(2, 1, "a.py", **asked("c1", "r1", 2)),
            ran(3, "pwd", **asked("c2", "r1", 2, command="pwd", security_risk="LOW")),
            saw(4, 3, "/work", **asked("c2", "r1", 2)),
        )
    )
    assert counts(run) == (1, 2, 2, 0)
    step = run.steps[1]
    assert (step["message"], step["reasoning"]) == ("Looking.", "hm")
    assert (step["usage"]["prompt_tokens"], step["usage"]["cached_tokens"]) == (100, 60)
    assert [call["raw_name"] for call in step["tool_calls"]] == ["execute_bash", "execute_bash"]
    assert json.loads(step["tool_calls"][1]["arguments"]) == {"command": "pwd", "security_risk": "LOW"}
    assert [seen["tool_call_id"] for seen in step["observations"]] == ["c1", "c2"]


def test_answers_with_the_same_made_up_id_stay_turns_of_their_own(run_of: RunOf) -> None:
    run = run_of(
        row(said(0, "Mend it."), ran(1, "ls", **asked("c1", "stub", command="ls")), ran(2, "pwd", **asked("c2", "stub", command="pwd")))
    )
    assert counts(run) == (2, 2, 0, 0)


def test_exit_code_and_footer_stand_in_the_metadata(run_of: RunOf) -> None:
    late = "\n[The command timed out after 120 seconds.]"
    footer = "\n[The command completed with exit code 2.]"
    run = run_of(
        row(
            said(0, "Mend it."),
            ran(1, "make"),
            saw(2, 1, "boom", extras={"metadata": {"exit_code": 2, "prefix": "[Below is the output]\n", "suffix": footer}}),
            ran(3, "sleep 999"),
            saw(4, 3, "", extras={"metadata": {"exit_code": -1, "suffix": late}}),
            ran(5, "true"),
            saw(6, 5, "", exit_code=0),
        )
    )
    done, timed_out, old = (step["observations"][0] for step in run.steps[1:])
    assert (done["exit_code"], done["content"], done["error"]) == (2, f"[Below is the output]\nboom{footer}", None)
    assert (timed_out["exit_code"], timed_out["error"]) == (None, late.strip())
    assert old["exit_code"] == 0


def test_an_answer_that_the_harness_could_not_read_leaves_only_its_complaint(run_of: RunOf) -> None:
    run = run_of(row(said(0, "Mend it."), ran(1, "ls"), saw(2, 1, "a.py"), saw(3, None, "Parameter 'command' is missing", "error")))
    assert counts(run) == (1, 1, 1, 1)
    assert run.steps[2]["flags"] == ["malformed", "synthetic"]
    assert (run.steps[3]["source"], run.steps[3]["message"]) == ("system", "Parameter 'command' is missing")


def test_an_error_without_a_cause_answers_the_call_that_waits(run_of: RunOf) -> None:
    run = run_of(row(said(0, "Mend it."), ran(1, "ls"), saw(2, None, "the sandbox is gone", "error")))
    assert counts(run) == (1, 1, 1, 0)
    assert run.steps[1]["observations"][0]["error"] == "the sandbox is gone"


def test_a_delegate_answers_the_call_of_its_name_after_turns_of_its_own(run_of: RunOf) -> None:
    delegate = {"id": 1, "source": "agent", "action": "delegate", "args": {"agent": "Browser", "inputs": {"task": "look"}}}
    run = run_of(row(said(0, "Mend it."), delegate, ran(2, "ls"), saw(3, 2, "a.py"), saw(4, None, "found it", "delegate")))
    assert counts(run) == (2, 2, 2, 0)
    assert run.steps[1]["observations"][0]["content"] == "found it"


def test_what_is_no_turn_is_put_aside_or_is_the_systems(run_of: RunOf) -> None:
    run = run_of(
        row(
            {"id": 0, "source": "agent", "action": "system", "args": {"content": "You are an agent."}},
            said(1, "Mend it."),
            {"id": 2, "source": "user", "action": "recall", "args": {"query": "Mend it."}},
            saw(3, 2, "Added context", "recall", source="environment"),
            {"id": 4, "source": "agent", "action": "condensation", "args": {"forgotten_event_ids": [1], "summary": "so far"}},
            saw(5, None, "", "agent_state_changed", source="environment", extras={"agent_state": "running"}),
            saw(6, None, "", "null"),
            {"id": 7, "source": "user", "action": "run", "args": {"command": "git status"}, "message": "Running command: git status"},
            saw(8, 7, "clean"),
        )
    )
    assert counts(run) == (0, 0, 0, 0)
    assert [step["source"] for step in run.steps] == ["system", "user", "user", "user"]
    assert run.aside == {"recall": 2, "condensation": 1, "agent_state_changed": 1, "null": 1}
    assert run.taken + sum(run.aside.values()) == 9


def test_a_thought_that_is_the_argument_of_a_call_is_no_message(run_of: RunOf) -> None:
    run = run_of(row(said(0, "Mend it."), {"id": 1, "source": "agent", "action": "think", "args": {"thought": "deep"}}))
    assert run.steps[1]["message"] == ""
    assert run.steps[1]["tool_calls"][0]["arguments"] == '{"thought":"deep"}'
    assert run.steps[1]["tool_calls"][0]["name"] == "think"


def test_pairs_of_an_action_and_its_observation(run_of: RunOf) -> None:
    nothing = {"observation": "null", "content": "", "extras": {}}
    finish = {"action": "finish", "source": "agent", "args": {"outputs": {}}}
    run = run_of(row([said(0, "Mend it."), nothing], [ran(1, "ls"), saw(2, 1, "a.py")], [finish, nothing]))
    assert (run.version, counts(run), run.exit) == ("v0-pairs", (2, 2, 1, 0), "finish")


def test_flat_events_without_ids_pair_by_order(run_of: RunOf) -> None:
    run = run_of(
        {
            "issue": {"owner": "o", "repo": "r", "number": 7},
            "instruction": "Mend it.",
            "git_patch": "diff --git a/x b/x\n",
            "history": [
                {"action": "message", "content": "Mend it.", "wait_for_response": False},
                {"action": "run", "command": "ls", "thought": "Look.", "is_confirmed": "confirmed", "keep_prompt": True},
                {"observation": "run", "content": "a.py", "command": "ls", "command_id": -1, "exit_code": 0},
                {"action": "message", "content": "Shall I?", "wait_for_response": True},
                {"action": "message", "content": "Go on.", "wait_for_response": False},
                {"action": "finish", "thought": "Done.", "outputs": {}},
            ],
            "metrics": {"accumulated_cost": 0.5, "costs": [{"cost": 0.5}]},
            "success": True,
            "result_explanation": "looks good",
        }
    )
    assert (run.version, counts(run), run.task_id) == ("v0-flat", (3, 2, 1, 0), "o/r#7")
    assert [step["source"] for step in run.steps] == ["user", "agent", "agent", "user", "agent"]
    assert json.loads(run.steps[1]["tool_calls"][0]["arguments"]) == {"command": "ls"}
    assert (run.claimed, run.claimed_by, run.totals.cost_usd) == (True, "success, the opinion of a model", 0.5)


def test_a_thumb_is_a_persons_opinion_and_no_verdict(run_of: RunOf) -> None:
    empty = {"action": None, "observation": None, "args": None, "extras": None, "status": None, "error_code": None}
    run = run_of(
        {
            "version": "1.0",
            "feedback": "negative",
            "permissions": "public",
            "trajectory": [
                {**empty, "action": "initialize", "args": {"AGENT": "CodeActAgent", "LLM_MODEL": "m-2"}},
                {**empty, "error": "Invalid token", "error_code": 401},
                {**empty, "status": "ok"},
                {**empty, **said(1, "Mend it.")},
                {**empty, **ran(2, "ls")},
                {**empty, **saw(3, 2, "a.py")},
            ],
        }
    )
    assert (run.version, run.feedback, run.claimed) == ("v0-feedback", "negative", None)
    assert (run.agent, run.model, counts(run)) == ("CodeActAgent", "m-2", (1, 1, 1, 0))
    assert run.aside == {"initialize": 1, "status of the server": 2}


@pytest.mark.parametrize(
    ("more", "claimed", "by"),
    [
        ({"report": {"resolved": True}}, True, "report.resolved"),
        ({"test_result": {"report": {"resolved": False}}}, False, "test_result.report.resolved"),
        ({"error": "RuntimeError: Agent reached maximum iteration"}, None, ""),
    ],
)
def test_only_a_report_claims(run_of: RunOf, more: dict[str, Any], claimed: bool | None, by: str) -> None:
    run = run_of(row(said(0, "Mend it."), {"id": 1, "source": "agent", "action": "finish", "args": {"task_completed": "true"}}, **more))
    assert (run.claimed, run.claimed_by) == (claimed, by)


def test_a_run_that_crashed_before_its_first_event_keeps_its_task_and_its_error(run_of: RunOf) -> None:
    run = run_of(row(error="docker is down"))
    assert ([step["message"] for step in run.steps], run.exit, run.turns) == (["Mend it."], "docker is down", 0)


def test_a_list_of_events_is_one_run_and_a_bad_event_costs_itself_alone(run_of: RunOf) -> None:
    run = run_of([said(0, "Mend it."), 42, {"what": "is this"}, ran(1, "ls"), saw(2, 1, "a.py")])
    assert (run.version, counts(run)) == ("v0-events", (1, 1, 1, 0))
    assert [left.where for left in run.left] == ["event 2", "event 3"]
    assert run.taken == 3


def test_the_response_time_of_an_answer_is_the_turns(run_of: RunOf) -> None:
    metrics = {
        "accumulated_cost": 0.0,
        "costs": [],
        "accumulated_token_usage": {"prompt_tokens": 90, "completion_tokens": 9},
        "response_latencies": [{"response_id": "r1", "latency": 2.5}],
    }
    run = run_of(row(said(0, "Mend it."), ran(1, "ls", **asked("c1", "r1", command="ls")), metrics=metrics))
    assert run.steps[1]["usage"]["seconds"] == 2.5
    assert (run.totals.prompt_tokens, run.totals.cost_usd) == (90, None)


# -- the SDK ----------------------------------------------------------------------------------------------------------


def event(kind: str, number: int, source: str = "agent", **more: Any) -> Event:
    return {"kind": kind, "id": f"e{number}", "timestamp": "2026-01-01T00:00:00", "source": source, **more}


def spoke(number: int, text: str, source: str = "user", **more: Any) -> Event:
    role = "user" if source == "user" else "assistant"
    return event("MessageEvent", number, source, llm_message={"role": role, "content": [{"type": "text", "text": text}]}, **more)


def acted(number: int, call_id: str, response: str, action: Any, thought: str = "", **more: Any) -> Event:
    call = {"id": call_id, "name": "terminal", "arguments": '{"command":"ls","summary":"look"}'}
    parts = [{"type": "text", "text": thought}] if thought else []
    named = {"tool_name": "terminal", "tool_call_id": call_id, "tool_call": call}
    return event("ActionEvent", number, thought=parts, action=action, llm_response_id=response, **named, **more)


def observed(number: int, call_id: str, text: str, **more: Any) -> Event:
    seen = {"kind": "TerminalObservation", "content": [{"type": "text", "text": text}], "is_error": False, **more}
    return event("ObservationEvent", number, "environment", observation=seen, tool_call_id=call_id, tool_name="terminal")


LS = {"kind": "TerminalAction", "command": "ls"}


def test_actions_of_one_response_are_one_turn(run_of: RunOf) -> None:
    run = run_of(
        event("SystemPromptEvent", 0, system_prompt={"type": "text", "text": "You are."}, tools=[]),
        spoke(1, "Mend it.", extended_content=[{"type": "text", "text": "a skill"}]),
        acted(2, "c1", "r1", LS, "Look.", reasoning_content="hm"),
        acted(3, "c2", "r1", LS),
        observed(4, "c2", "b", exit_code=1),
        observed(5, "c1", "a", metadata={"exit_code": 0, "suffix": "\n[exit 0]"}),
        spoke(6, "Done.", "agent", llm_response_id="r2"),
    )
    assert (run.version, counts(run)) == ("v1-events", (2, 2, 2, 0))
    turn = run.steps[3]
    assert (turn["message"], turn["reasoning"]) == ("Look.", "hm")
    assert [(seen["tool_call_id"], seen["exit_code"]) for seen in turn["observations"]] == [("c2", 1), ("c1", 0)]
    assert json.loads(turn["tool_calls"][0]["arguments"])["summary"] == "look"
    assert run.steps[2]["flags"] == ["copied_context"]


def test_an_action_that_is_null_is_a_malformed_turn_and_its_error_answers_it(run_of: RunOf) -> None:
    refused = event("AgentErrorEvent", 3, error="no such tool", tool_name="terminal", tool_call_id="c1")
    run = run_of(spoke(1, "Mend it."), acted(2, "c1", "r1", None), refused)
    assert counts(run) == (1, 1, 1, 1)
    assert run.steps[1]["observations"][0]["error"] == "no such tool"


def test_a_rejection_answers_its_call_and_other_events_are_aside(run_of: RunOf) -> None:
    run = run_of(
        spoke(1, "Mend it."),
        acted(2, "c1", "r1", LS),
        event("UserRejectObservation", 3, "environment", rejection_reason="not that", tool_call_id="c1"),
        event("Condensation", 4, "environment", forgotten_event_ids=["e1"], summary="so far"),
        event("PauseEvent", 5, "user"),
        event("SurpriseEvent", 6),
        event("ConversationErrorEvent", 7, "environment", code="LLMError", detail="no answer"),
    )
    assert counts(run) == (1, 1, 1, 0)
    assert run.aside == {"Condensation": 1, "PauseEvent": 1}
    assert [left.where for left in run.left] == ["event 6"]
    assert run.exit == "LLMError"


def test_of_a_tree_of_events_the_way_to_the_last_leaf_is_the_run(run_of: RunOf) -> None:
    events = (
        spoke(1, "Mend it.", parent_id="__root__"),
        acted(2, "c1", "r1", LS, parent_id="e1"),
        spoke(3, "No, so.", parent_id="e1"),
        acted(4, "c2", "r2", LS, parent_id="e3"),
        observed(5, "c2", "a"),
    )
    for run in (run_of(*events), run_of(list(events))):
        assert counts(run) == (1, 1, 1, 0)
        assert run.aside == {"event of another branch": 1}


def test_stats_give_model_cost_and_the_tokens_of_a_response(run_of: RunOf) -> None:
    metrics = {
        "model_name": "m-3",
        "accumulated_cost": 0.25,
        "accumulated_token_usage": {"prompt_tokens": 50, "completion_tokens": 5},
        "token_usages": [{"response_id": "r1", "prompt_tokens": 50, "completion_tokens": 5, "cache_read_tokens": 40}],
    }
    stats = event("ConversationStateUpdateEvent", 2, "environment", key="stats", value={"usage_to_metrics": {"agent": metrics}})
    status = event("ConversationStateUpdateEvent", 9, "environment", key="execution_status", value="finished")
    run = run_of(spoke(1, "Mend it."), stats, stats, acted(3, "c1", "r1", LS), status)
    assert (run.model, run.exit, run.totals.cost_usd, run.totals.prompt_tokens) == ("m-3", "finished", 0.25, 50)
    assert run.steps[1]["usage"]["cached_tokens"] == 40


def test_an_agent_behind_another_protocol_reports_a_call_more_than_once(run_of: RunOf) -> None:
    call = {"tool_call_id": "t1", "title": "ls", "raw_input": {"command": "ls"}}
    run = run_of(
        spoke(1, "Mend it."),
        event("ACPToolCallEvent", 2, status="pending", **call),
        event("ACPToolCallEvent", 3, status="completed", raw_output="a.py", **call),
        spoke(4, "Done.", "agent"),
    )
    assert (run.calls, run.results, run.left) == (1, 1, [])


def test_a_conversation_is_a_folder_and_its_events_go_by_their_numbers(tmp_path: Path, runs_of: Callable[[Path], list[Run]]) -> None:
    folder = tmp_path / "conversation"
    (folder / "events").mkdir(parents=True)
    agent = {"kind": "Agent", "llm": {"model": "m-4"}}
    (folder / "base_state.json").write_text(json.dumps({"id": "x", "agent": agent, "execution_status": "finished", "stats": {}}))
    events = [spoke(0, "Mend it."), acted(1, "c1", "r1", LS), observed(2, "c1", "a")]
    for number, one in zip((0, 2, 10), events, strict=True):
        (folder / "events" / f"event-{number:05}-ab{9 - number % 9}.json").write_text(json.dumps(one))
    (folder / "events" / "event-00011-ff.json").write_text('{"kind": "Act')
    (run,) = runs_of(folder)
    assert (run.version, run.model, run.exit, counts(run)) == ("v1", "m-4", "finished", (1, 1, 1, 0))
    assert [left.where for left in run.left] == ["event-00011-ff.json"]
    assert run.notes == ["8 numbers are missing among the files of events"]
    (same,) = runs_of(folder / "events")
    assert counts(same) == (1, 1, 1, 0)


def test_a_row_of_the_sdk_has_the_name_of_an_older_one_and_is_told_by_its_events(run_of: RunOf) -> None:
    usages = [{"response_id": "r1", "prompt_tokens": 7, "completion_tokens": 1}]
    run = run_of(row(spoke(1, "Mend it."), acted(2, "c1", "r1", LS), observed(3, "c1", "a"), attempt=1, metrics={"token_usages": usages}))
    assert (run.version, counts(run)) == ("v1-output", (1, 1, 1, 0))
    assert run.steps[1]["usage"]["prompt_tokens"] == 7


def test_lines_of_events_that_end_in_a_cut_one(write: Callable[..., Path], runs_of: Callable[[Path], list[Run]]) -> None:
    lines = "\n".join(json.dumps(one) for one in (spoke(1, "Mend it."), acted(2, "c1", "r1", LS)))
    (run,) = runs_of(write(lines + '\n{"kind": "ObservationEv'))
    assert counts(run) == (1, 1, 0, 0)
    assert "truncated" in run.steps[-1]["flags"]
    assert [left.where for left in run.left] == ["line 3"]


# -- what is not ours -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        {"trajectory": [{"action": "ls", "observation": "a", "response": "r", "thought": "t"}], "history": [], "info": {}},
        {"history": [{"role": "user", "content": "x", "name": "n"}], "question": "q"},
        {"messages": [{"role": "user", "content": "x"}]},
        [{"role": "user", "content": "x"}],
        {"instance_id": "a", "model_patch": "b", "model_name_or_path": "openhands"},
        {"kind": "session_start", "source": "x"},
        {"schema_version": "ATIF-v1.5", "steps": []},
        "text",
        17,
    ],
)
def test_other_formats_are_not_taken(write: Callable[..., Path], value: Any) -> None:
    with LogSource(write(json.dumps(value))) as source:
        assert version(source) is None


def test_a_file_of_patches_is_no_log(write: Callable[..., Path]) -> None:
    with pytest.raises(UnknownFormat):
        list(convert(write({"org": "o", "repo": "r", "number": "1", "fix_patch": "diff"}, {"org": "o", "repo": "r"})))
