"""Each export is read back as the same trajectory, whatever it holds; an export that was changed is read as any other file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agentrecorder.containers.json_values import dumps, loads
from agentrecorder.convert import Converted, convert
from agentrecorder.errors import RecorderError
from agentrecorder.exports import EXPORTS, restored
from agentrecorder.exports.metadata import Ending
from agentrecorder.run import Run, flag
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trajschema.trajectory import (
    Flag,
    Observation,
    Step,
    StepUsage,
    ToolCall,
    Trajectory,
    normalised_content,
    trajectory_id,
)

FORMS = sorted(EXPORTS)
PIECES = [
    "",
    "\n",
    "\n\n",
    "<function=bash>\n",
    "</function>",
    "<parameter=command>",
    "</parameter>\n",
    "OBSERVATION:\n",
    "error",
    "7",
    '{"a": 1}',
]
TEXT = st.text(max_size=12) | st.lists(st.sampled_from(PIECES), max_size=4).map("".join)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda v: st.lists(v, max_size=2) | st.dictionaries(TEXT, v, max_size=2),
    max_leaves=4,
)
ARGUMENTS = (
    st.dictionaries(TEXT, VALUE, max_size=3).flatmap(
        lambda value: st.sampled_from([dumps(value), json.dumps(value), json.dumps(value, ensure_ascii=False), json.dumps(value, indent=1)])
    )
    | TEXT
)
NAME = st.sampled_from(["bash", "str_replace_editor", "", "odd>name", "two\nlines"])
TOOLS = st.sampled_from(["shell", "file_edit", "other"])
IDS = st.none() | st.sampled_from(["a", "b", "call-1-1", ""])
COUNT = st.none() | st.integers(0, 10**6)
SECONDS = st.none() | st.floats(0, 1e6)
FLAGS: st.SearchStrategy[list[Flag]] = st.lists(st.sampled_from(["malformed", "synthetic", "copied_context", "truncated"]), max_size=2)
CALLS = st.builds(ToolCall, tool_call_id=IDS.map(str), name=TOOLS, raw_name=NAME, arguments=ARGUMENTS)
OBSERVATIONS = st.builds(
    Observation,
    tool_call_id=IDS,
    content=TEXT,
    exit_code=st.none() | st.integers(-1, 255),
    error=st.none() | TEXT,
    truncated=st.booleans(),
    total_bytes=COUNT,
    content_sha256=st.none() | TEXT,
    seconds=SECONDS,
)
USAGE = st.none() | st.builds(
    StepUsage, prompt_tokens=COUNT, completion_tokens=COUNT, cached_tokens=COUNT, cost_usd=SECONDS, seconds=SECONDS
)
patient = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def trajectories(draw: st.DrawFn) -> Trajectory:
    """Anything that the contract allows, sensible or not."""
    steps = tuple(
        Step(
            step_id=number,
            source=draw(st.sampled_from(["system", "user", "agent"])),
            message=draw(TEXT),
            reasoning=draw(st.none() | TEXT),
            tool_calls=tuple(draw(st.lists(CALLS, max_size=2))),
            observations=tuple(draw(st.lists(OBSERVATIONS, max_size=3))),
            usage=draw(USAGE),
            flags=tuple(draw(FLAGS)),
        )
        for number in range(1, draw(st.integers(0, 4)) + 1)
    )
    diff = draw(TEXT)
    return Trajectory(
        trajectory_id=trajectory_id("test", steps, diff),
        rollout_id=draw(st.none() | TEXT),
        task_id=draw(st.none() | TEXT),
        agent=draw(TEXT),
        model=draw(st.none() | TEXT),
        source_format="test",
        steps=steps,
        final_diff=diff,
        unread=tuple(draw(st.lists(TEXT, max_size=2))),
    )


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """A run as an adapter builds it: things said, turns with calls, answers by id, in order, late, or to nothing."""
    run = Run("test", agent="tester", final_diff=draw(TEXT), exit=draw(TEXT), claimed=draw(st.none() | st.booleans()))
    for _ in range(draw(st.integers(0, 5))):
        match draw(st.sampled_from(["say", "turn", "answer"])):
            case "say":
                run.say(draw(st.sampled_from(["user", "system"])), draw(TEXT))
            case "turn":
                row = run.turn(draw(TEXT), draw(st.none() | TEXT), flags=tuple(draw(FLAGS)))
                for arguments in draw(st.lists(ARGUMENTS, max_size=3)):
                    run.call(draw(NAME), arguments, draw(st.none() | st.sampled_from(["a", "b"])))
                if draw(st.booleans()):
                    flag(row, "malformed")
            case "answer":
                run.answer(draw(TEXT), draw(st.none() | st.sampled_from(["a", "b", "nowhere"])), exit_code=1, error=draw(st.none() | TEXT))
    return run


def back(row: dict[str, Any]) -> Run:
    """What is read of a row after it was a line in a file."""
    found = restored(loads(dumps(row).encode()), "test")
    assert found is not None
    return found


def assert_same(found: Trajectory, given: Trajectory) -> None:
    assert normalised_content(found.steps, found.final_diff) == normalised_content(given.steps, given.final_diff)
    assert found.steps == given.steps
    assert (found.task_id, found.model, found.unread) == (given.task_id or None, given.model or None, given.unread)


@pytest.mark.parametrize("form", FORMS)
@patient
@given(trajectory=trajectories(), claimed=st.none() | st.booleans(), ended=TEXT)
def test_whatever_the_contract_allows_comes_back_the_same(form: str, trajectory: Trajectory, claimed: bool | None, ended: str) -> None:
    run = back(EXPORTS[form](trajectory, Ending(ended, claimed)))
    assert_same(run.trajectory("sum", 0), trajectory)
    assert (run.agent, run.exit, run.claimed) == (trajectory.agent, ended, claimed)


@pytest.mark.parametrize("form", FORMS)
@patient
@given(run=runs())
def test_what_an_adapter_builds_comes_back_the_same(form: str, run: Run) -> None:
    trajectory = run.trajectory("sum", 3)
    again = back(EXPORTS[form](trajectory, Ending(run.exit, run.claimed))).trajectory("sum", 3)
    assert_same(again, trajectory)
    assert again.trajectory_id == trajectory.trajectory_id


@pytest.mark.parametrize("form", FORMS)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(trajectories=st.lists(trajectories(), min_size=1, max_size=3))
def test_a_file_of_exports_is_a_log_that_converts_to_the_same(form: str, trajectories: list[Trajectory], tmp_path: Path) -> None:
    path = tmp_path / "exported"
    path.write_text("".join(dumps(EXPORTS[form](t, Ending())) + "\n" for t in trajectories), encoding="utf-8")
    found = list(convert(path))
    assert len(found) == len(trajectories)
    for one, given_ in zip(found, trajectories, strict=True):
        assert isinstance(one, Converted)
        assert_same(one.run.trajectory(one.sha256, one.index), given_)


@pytest.fixture
def small() -> Trajectory:
    """A task, a call with its answer, and a closing word."""
    run = Run("test", agent="tester", model="m-1", task_id="t-1", final_diff="--- a\n+++ b\n")
    run.say("user", "mend it")
    run.turn(
        "I look first.", "where is it?", {"prompt_tokens": 10, "completion_tokens": 2, "cached_tokens": 4, "cost_usd": 0.5, "seconds": 1.5}
    )
    run.call("bash", {"command": "ls", "timeout": 5}, "c1")
    run.answer("a.py\n", "c1", exit_code=0, seconds=0.25)
    run.turn("done")
    return run.trajectory("sum", 0)


def test_atif_says_what_it_can_in_its_own_fields(small: Trajectory) -> None:
    row = EXPORTS["atif"](small, Ending())
    cost = {"prompt_tokens": 10, "completion_tokens": 2, "cached_tokens": 4, "cost_usd": 0.5}
    assert row["schema_version"] == "ATIF-v1.7"
    assert row["agent"] == {"name": "tester", "version": "unknown", "model_name": "m-1"}
    assert row["steps"][1] == {
        "step_id": 2,
        "source": "agent",
        "message": "I look first.",
        "reasoning_content": "where is it?",
        "tool_calls": [{"tool_call_id": "c1", "function_name": "bash", "arguments": {"command": "ls", "timeout": 5}}],
        "metrics": cost,
        "observation": {"results": [{"source_call_id": "c1", "content": "a.py\n"}]},
        "extra": {
            "trajhub": {
                "usage": small.steps[1].usage and small.steps[1].usage.model_dump(),
                "observations": [{"exit_code": 0, "seconds": 0.25}],
            }
        },
    }
    assert row["final_metrics"] == {
        "total_steps": 3,
        "total_prompt_tokens": 10,
        "total_completion_tokens": 2,
        "total_cached_tokens": 4,
        "total_cost_usd": 0.5,
    }


def test_messages_with_tool_calls(small: Trajectory) -> None:
    row = EXPORTS["openai"](small, Ending(claimed=True))
    call = {"id": "c1", "type": "function", "function": {"name": "bash", "arguments": '{"command":"ls","timeout":5}'}}
    assert [m["role"] for m in row["messages"]] == ["user", "assistant", "tool", "assistant"]
    assert row["messages"][1]["tool_calls"] == [call]
    assert row["messages"][2] == {"role": "tool", "content": "a.py\n", "reasoning_content": None, "tool_calls": None, "tool_call_id": "c1"}
    assert (row["instance_id"], row["model"], row["resolved"], row["patch"]) == ("t-1", "m-1", True, "--- a\n+++ b\n")


def test_messages_with_calls_as_xml(small: Trajectory) -> None:
    told = EXPORTS["xml"](small, Ending())["messages"]
    assert told == [
        {"role": "user", "content": "mend it"},
        {
            "role": "assistant",
            "content": "I look first.\n\n<function=bash>\n<parameter=command>ls</parameter>\n<parameter=timeout>5</parameter>\n</function>",
        },
        {"role": "user", "content": "OBSERVATION:\na.py\n"},
        {"role": "assistant", "content": "done"},
    ]


def changed_message(row: dict[str, Any]) -> None:
    row["messages"][1]["content"] = "I looked elsewhere."


def changed_step(row: dict[str, Any]) -> None:
    row["steps"][1]["message"] = "I looked elsewhere."


def shortened(row: dict[str, Any]) -> None:
    row.get("messages", row.get("steps")).pop()


@pytest.mark.parametrize(
    ("form", "change"),
    [("atif", changed_step), ("openai", changed_message), ("xml", changed_message), *((form, shortened) for form in FORMS)],
)
def test_an_export_that_was_changed_is_not_taken_for_ours(small: Trajectory, form: str, change: Callable[[dict[str, Any]], None]) -> None:
    row = json.loads(dumps(EXPORTS[form](small, Ending())))
    change(row)
    assert restored(row, "test") is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"trajhub": "{"},
        {"trajhub": "[]", "messages": []},
        {"trajhub": 1},
        {"schema_version": "ATIF-v1.7", "extra": {"trajhub": 1}},
    ],
)
def test_what_is_no_export_of_ours_is_left_to_others(value: Any) -> None:
    assert restored(value, "test") is None


@pytest.mark.parametrize("form", FORMS)
def test_without_what_stands_beside_it_an_export_reads_as_any_file_of_its_form(small: Trajectory, form: str, tmp_path: Path) -> None:
    row = json.loads(dumps(EXPORTS[form](small, Ending())))
    for part in (row, *(step["extra"] for step in (row, *row.get("steps", ())) if "extra" in step)):
        part.pop("trajhub", None)
    (tmp_path / "log").write_text(json.dumps(row))
    (one,) = convert(tmp_path / "log")
    assert isinstance(one, Converted)
    run = one.run
    assert (run.turns, run.calls, run.results, run.model) == (2, 1, 1, "m-1")
    assert run.steps[1]["message"] == "I look first."
    arguments = json.loads(run.steps[1]["tool_calls"][0]["arguments"])
    assert arguments == {"command": "ls", "timeout": "5" if form == "xml" else 5}
    assert run.steps[1]["observations"][0]["content"].rstrip("\n") == "a.py"


def real_logs(corpus: Path) -> list[Path]:
    """A few logs of each format, of moderate size."""
    found: dict[str, list[Path]] = {}
    for path in sorted(corpus.rglob("*")):
        if path.is_file() and path.stat().st_size < 600_000:
            found.setdefault(path.relative_to(corpus).parts[0] + path.suffix, []).append(path)
    return [path for paths in found.values() for path in paths[:: max(1, len(paths) // 4)]]


@pytest.mark.parametrize("form", FORMS)
def test_real_runs_come_back_the_same(form: str, corpus: Path, tmp_path: Path) -> None:
    count = 0
    for path in real_logs(corpus):
        try:
            runs = [one for one in convert(path) if isinstance(one, Converted)][:5]
        except RecorderError:
            continue
        trajectories = [one.run.trajectory(one.sha256, one.index) for one in runs]
        (tmp_path / "log").write_text("".join(dumps(EXPORTS[form](t, Ending())) + "\n" for t in trajectories))
        found = [one.run for one in convert(tmp_path / "log") if isinstance(one, Converted)] if trajectories else []
        assert len(found) == len(trajectories)
        for run, trajectory in zip(found, trajectories, strict=True):
            assert_same(run.trajectory("sum", 0), trajectory)
            count += 1
    assert count > 20
