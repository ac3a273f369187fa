"""What the house itself writes is read back: its records, and its logs of events."""

import json
from pathlib import Path

from agentrecorder.convert import ConversionFailure, Converted, convert
from agentrecorder.recorder import Recorder
from agentrecorder.run import Run
from trajschema.event import AgentTurn, SessionEnd, SessionStart, ToolResult
from trajschema.rollout import Limits, Provenance
from trajschema.trajectory import Observation, ToolCall


def small() -> Run:
    run = Run("elsewhere", agent="tester", model="m-1", task_id="t", final_diff="--- a\n")
    run.say("user", "mend it")
    run.turn("I look.", "hm")
    run.call("bash", {"command": "ls"}, "a")
    run.answer("x", "a", exit_code=0, seconds=0.5)
    run.aside["heartbeat"] = 2
    return run


def test_a_converted_trajectory_is_a_log_again_and_stays_the_same(tmp_path: Path) -> None:
    given = small().trajectory("sum", 0)
    (tmp_path / "a.jsonl").write_text(given.model_dump_json() + "\n" + json.dumps({"schema_version": "trajhub-1.0", "steps": 3}) + "\n")
    one, lost = convert(tmp_path / "a.jsonl")
    assert isinstance(one, Converted)
    assert isinstance(lost, ConversionFailure)
    again = one.run.trajectory("sum", 0)
    assert (again.steps, again.trajectory_id, again.unread) == (given.steps, given.trajectory_id, ("2 x heartbeat",))
    assert (again.agent, again.model, again.task_id, again.final_diff) == ("tester", "m-1", "t", "--- a\n")


def test_a_log_of_events_is_a_run(tmp_path: Path) -> None:
    recorder = Recorder()
    recorder.emit(SessionStart(task_id="t", problem_statement="mend it", provenance=Provenance(backend="local", limits=Limits()), at=1.0))
    recorder.emit(AgentTurn(message="I look.", tool_calls=(ToolCall(tool_call_id="a", name="shell", raw_name="bash", arguments="{}"),)))
    recorder.emit(ToolResult(observation=Observation(tool_call_id="a", content="x", exit_code=1)))
    recorder.emit(SessionEnd(exit="submitted", final_diff="--- a\n", at=2.0))
    (tmp_path / "a.jsonl").write_text(recorder.jsonl.replace("\n", "\n{broken\n", 1))
    (found,) = convert(tmp_path / "a.jsonl")
    assert isinstance(found, Converted)
    run = found.run
    assert (run.format, run.task_id, run.exit, run.final_diff) == ("trajhub-events", "t", "submitted", "--- a\n")
    assert [step["message"] for step in run.steps] == ["mend it", "I look."]
    assert run.steps[1]["observations"][0]["exit_code"] == 1
    assert (run.taken, len(run.left), run.left[0].where) == (4, 1, "line 2")
