"""ATIF: content parts, copied context, subagents, answers that could not be read; and Harbor's trials as NeMo-Gym keeps them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agentrecorder.adapters.atif import Atif, verdict
from agentrecorder.adapters.harbor import HarborRows
from agentrecorder.containers.source import LogSource
from agentrecorder.convert import ConversionFailure, convert
from agentrecorder.run import Run

RunOf = Callable[..., Run]


def document(*steps: dict[str, Any], version: str = "ATIF-v1.7", **more: Any) -> dict[str, Any]:
    numbered = [{"step_id": number, **step} for number, step in enumerate(steps, 1)]
    agent = {"name": "terminus-2", "version": "2", "model_name": "m-1"}
    return {"schema_version": version, "session_id": "s", "agent": agent, "steps": numbered, **more}


def user(message: Any, **more: Any) -> dict[str, Any]:
    return {"source": "user", "message": message, **more}


def agent(message: Any, *calls: tuple[str, dict[str, Any]], results: Any = None, **more: Any) -> dict[str, Any]:
    made = [{"tool_call_id": key, "function_name": "bash_command", "arguments": given} for key, given in calls]
    step = {"source": "agent", "message": message, **more}
    return {**step, **({"tool_calls": made} if made else {}), **({} if results is None else {"observation": {"results": results}})}


def counts(run: Run) -> tuple[int, int, int, int]:
    return run.turns, run.calls, run.results, run.malformed


def test_results_pair_by_id_else_by_order(run_of: RunOf) -> None:
    by_id = agent(
        "a", ("c1", {"x": 1}), ("c2", {}), results=[{"source_call_id": "c2", "content": "two"}, {"source_call_id": "c1", "content": "one"}]
    )
    shared = agent("b", ("c3", {"keystrokes": "ls\n"}), ("c4", {"keystrokes": "pwd\n"}), results=[{"content": "New Terminal Output: a"}])
    orphan = agent("c", results=[{"source_call_id": "c9", "content": "whose?"}])
    run = run_of(document(user("Mend it."), by_id, shared, orphan))
    assert counts(run) == (3, 4, 3, 0)
    assert {seen["tool_call_id"]: seen["content"] for seen in run.steps[1]["observations"]} == {"c1": "one", "c2": "two"}
    assert run.steps[2]["observations"][0]["tool_call_id"] == "c3"
    assert run.steps[4]["flags"] == ["synthetic"]
    assert (run.version, run.agent, run.model) == ("1.7", "terminus-2", "m-1")


def test_content_is_a_text_or_parts(run_of: RunOf) -> None:
    picture = {"type": "image", "source": {"media_type": "image/png", "path": "a.png"}}
    seen = [{"source_call_id": "c1", "content": [{"type": "text", "text": "shown"}, picture]}]
    run = run_of(
        document(
            user([{"type": "text", "text": "Mend it."}, picture]), agent([{"type": "text", "text": "Look."}], ("c1", {}), results=seen)
        )
    )
    assert [step["message"] for step in run.steps] == ["Mend it.\n[image]", "Look."]
    assert run.steps[1]["observations"][0]["content"] == "shown\n[image]"


def test_sound_of_a_later_version_stands_in_its_place(run_of: RunOf) -> None:
    sound = {"type": "audio", "source": {"media_type": "audio/wav", "path": "a.wav", "duration_sec": 1.5}}
    run = run_of(document({"source": "user", "message": [{"type": "text", "text": "Mend it."}, sound]}, agent("b"), version="ATIF-v1.8"))
    assert (run.version, run.steps[0]["message"]) == ("1.8", "Mend it.\n[audio]")


def test_copied_context_is_no_turn_and_what_it_cost_is_not_counted_again(run_of: RunOf) -> None:
    copied = agent("a", ("c1", {}), results=[{"source_call_id": "c1", "content": "one"}], is_copied_context=True)
    again = agent("b", ("c1", {}), results=[{"source_call_id": "c1", "content": "two"}])
    run = run_of(document(user("Mend it.", is_copied_context=True), copied, again))
    assert counts(run) == (1, 1, 1, 0)
    assert [step["flags"] for step in run.steps] == [["copied_context"], ["copied_context"], []]
    assert run.steps[2]["observations"][0]["content"] == "two"


def test_an_answer_that_could_not_be_read_is_malformed_and_the_complaint_is_no_observation(run_of: RunOf) -> None:
    complaint = "Previous response had parsing errors:\nERROR: No valid JSON"
    run = run_of(document(user("Mend it."), agent("{oops", results=[{"content": complaint}]), agent("{}", ("c1", {}))))
    assert counts(run) == (2, 1, 0, 1)
    assert [(step["source"], len(step["observations"])) for step in run.steps] == [("user", 0), ("agent", 0), ("user", 0), ("agent", 0)]
    assert run.steps[2]["message"] == complaint


def test_a_linear_history_keeps_the_text_of_its_turns_and_what_came_back(run_of: RunOf) -> None:
    raw = '{"analysis": "a", "plan": "b", "commands": [{"keystrokes": "ls\\n"}]}'
    run = run_of(document(user("Mend it."), agent(raw, results=[{"content": "New Terminal Output:\na.py"}]), version="ATIF-v1.5"))
    assert counts(run) == (1, 0, 0, 0)
    assert run.steps[1]["message"] == raw
    assert run.steps[1]["observations"][0]["content"] == "New Terminal Output:\na.py"


def test_a_subagent_elsewhere_is_named_and_one_in_the_file_is_a_run_of_its_own(write: Callable[..., Path], runs_of: Any) -> None:
    elsewhere = {
        "source": "system",
        "message": "Summarised.",
        "observation": {"results": [{"subagent_trajectory_ref": [{"trajectory_path": "x.json"}]}]},
    }
    called = agent("a", ("c1", {}), results=[{"source_call_id": "c1", "subagent_trajectory_ref": [{"trajectory_id": "t-2"}]}])
    inner = document(user("Part."), agent("b"), trajectory_id="t-2")
    main, sub = runs_of(
        write(document(user("Mend it."), elsewhere, called, subagent_trajectories=[inner], continued_trajectory_ref="y.cont-1.json"))
    )
    assert counts(main) == (1, 1, 1, 0)
    assert main.notes == ["step 2: a subagent did this, see x.json", "step 3: a subagent did this, see t-2", "goes on in 'y.cont-1.json'"]
    assert (counts(sub), sub.notes) == ((1, 0, 0, 0), ["a subagent of 's'"])


def test_a_step_that_no_model_made_is_no_turn(run_of: RunOf) -> None:
    run = run_of(document(user("Mend it."), agent("a", ("c1", {}), llm_call_count=0), agent("b", llm_call_count=1)))
    assert run.turns == 1


def test_tokens_and_costs_of_steps_and_of_the_run(run_of: RunOf) -> None:
    metrics = {"prompt_tokens": 100, "completion_tokens": 7, "cached_tokens": 60, "cost": 0.5}
    final = {"total_prompt_tokens": 100, "total_completion_tokens": None, "total_cost_usd": 0.5}
    run = run_of(document(user("Mend it."), agent("a", metrics=metrics), final_metrics=final))
    assert run.steps[1]["usage"] == {"prompt_tokens": 100, "completion_tokens": 7, "cached_tokens": 60, "cost_usd": 0.5, "seconds": None}
    assert (run.totals.prompt_tokens, run.totals.completion_tokens, run.totals.cost_usd) == (100, None, 0.5)


@pytest.mark.parametrize(
    ("more", "claimed", "by"),
    [
        ({}, None, ""),
        ({"final_metrics": None, "extra": {"reward": 1.0}}, True, "extra.reward"),
        ({"final_metrics": {"extra": {"verdict": "FAIL"}}}, False, "final_metrics.extra.verdict"),
        ({"extra": {"reward": 0.4}}, None, ""),
    ],
)
def test_only_an_explicit_verdict_claims(run_of: RunOf, more: dict[str, Any], claimed: bool | None, by: str) -> None:
    run = run_of(document(user("Mend it."), agent("Task complete."), **more))
    assert (run.claimed, run.claimed_by) == (claimed, by)


@pytest.mark.parametrize("value", [None, "n/a", 0.5, [], {}, float("nan"), -1])
def test_what_is_no_verdict(value: Any) -> None:
    assert verdict(value) is None


def test_a_bad_step_costs_itself_and_a_bad_document_too(write: Callable[..., Path]) -> None:
    bad = {"source": "nobody", "message": "x"}
    first, second = convert(write([document(user("Mend it."), bad, agent("a")), {"steps": 3}]))
    assert isinstance(second, ConversionFailure)
    assert not isinstance(first, ConversionFailure)
    run = first.run  # type: ignore[union-attr]
    assert (run.taken, [left.where for left in run.left]) == (2, ["step 2"])


@pytest.mark.parametrize(
    "value", [{"steps": []}, {"schema_version": "1.0", "steps": []}, {"schema_version": "ATIF-v1.5"}, [1], {"messages": []}]
)
def test_other_formats_are_not_taken(write: Callable[..., Path], value: Any) -> None:
    with LogSource(write(json.dumps(value))) as source:
        assert Atif().version(source) is None
        assert HarborRows().version(source) is None


# -- Harbor's trials --------------------------------------------------------------------------------------------------


def trial(*output: dict[str, Any], **more: Any) -> dict[str, Any]:
    metadata = {
        "trial_name": "t__1",
        "agent_info": {"name": "terminus-2"},
        "agent_result": {"n_input_tokens": 10, "n_output_tokens": 2, "cost_usd": None},
        "verifier_result": {"rewards": {"reward": 0.0}},
        "exception_info": {"exception_type": "AgentTimeoutError"},
    }
    asked = {"type": "message", "role": "user", "content": "Mend it."}
    response = {"model": "m-1", "output": list(output)}
    return {"instance_id": "set::t", "responses_create_params": {"input": [asked]}, "response": response, "metadata": metadata, **more}


def test_a_trial_keeps_what_harbor_says_of_it(run_of: RunOf) -> None:
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "{}"}]}
    call = {"type": "function_call", "name": "bash_command", "arguments": '{"keystrokes": "ls\\n"}', "call_id": "c1"}
    seen = {"type": "function_call_output", "call_id": "c1", "output": "New Terminal Output:\na.py"}
    complaint = {"type": "function_call_output", "call_id": "x9", "output": "Previous response had parsing errors:\nERROR: no plan"}
    run = run_of(trial(said, call, {**call, "call_id": "c2"}, seen, said, complaint, said, reward=1.0))
    assert counts(run) == (3, 2, 1, 1)
    assert (run.claimed, run.claimed_by, run.exit, run.agent) == (True, "reward", "AgentTimeoutError", "terminus-2")
    assert [step["source"] for step in run.steps] == ["user", "agent", "agent", "user", "agent"]
    assert (run.totals.prompt_tokens, run.task_id, run.notes) == (10, "set::t", [])


def test_a_trial_without_answers_still_has_its_reward(run_of: RunOf) -> None:
    run = run_of(trial())
    assert (run.turns, run.claimed, run.claimed_by) == (0, False, "metadata.verifier_result.rewards.reward")
