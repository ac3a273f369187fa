"""ATIF 1.7, the trajectory format of Harbor. What it has no place for is under ``extra.trajhub`` of the trajectory and of its steps."""

from collections.abc import Sequence

from trajschema.trajectory import Trajectory

from agentrecorder.containers.json_values import Json, fields, get, items, string
from agentrecorder.exports.metadata import (
    KEY,
    Ending,
    about,
    arguments_of,
    call_row,
    differences,
    observation_row,
    rows_of,
    run_of,
    step_row,
    style_of,
    text_of,
)
from agentrecorder.run import Row, Run, usage

SCHEMA_VERSION = "ATIF-v1.7"
_METRICS = {"prompt_tokens": "prompt", "completion_tokens": "completion", "cached_tokens": "cached", "cost_usd": "cost"}


def export(trajectory: Trajectory, ending: Ending) -> Row:
    """The trajectory as an ATIF object. ``trajectory_id`` is ours; the version of the agent, which we do not keep, is ``unknown``."""
    rows = rows_of(trajectory)
    style = style_of(rows)
    steps = [_step(number, row) for number, row in enumerate(rows, 1)]
    plain = _plain(steps, style)
    for step, more in zip(steps, differences(rows, plain), strict=True):
        if more:
            step["extra"] = {KEY: more}
    agent = {"name": trajectory.agent, "version": "unknown"} | ({"model_name": trajectory.model} if trajectory.model else {})
    return {
        "schema_version": SCHEMA_VERSION,
        "session_id": trajectory.trajectory_id,
        "trajectory_id": trajectory.trajectory_id,
        "agent": agent,
        "steps": steps,
        "final_metrics": _totals(rows),
        "extra": {KEY: about(trajectory, ending, plain, arguments=style)},
    }


def restore(value: Json, log_format: str) -> Run | None:
    """The run of an object that :func:`export` wrote; ``None`` for any other."""
    said = get(value, "extra", KEY)
    if not said or not string(get(value, "schema_version")).startswith("ATIF-"):
        return None
    steps = [fields(step) for step in items(get(value, "steps"))]
    given = [fields(get(step, "extra", KEY)) for step in steps]
    plain = _plain(steps, string(get(said, "arguments")))
    return run_of(said, plain, [dict(more) for more in given], log_format, string(get(value, "schema_version")).removeprefix("ATIF-v"))


def _step(number: int, row: Row) -> Row:
    step: Row = {"step_id": number, "source": row["source"], "message": row["message"]}
    if row["source"] == "agent":
        if row["reasoning"] is not None:
            step["reasoning_content"] = row["reasoning"]
        if row["tool_calls"]:
            step["tool_calls"] = [_call(call) for call in row["tool_calls"]]
        metrics = {name: row["usage"][name] for name in _METRICS if row["usage"][name] is not None} if row["usage"] else {}
        if metrics:
            step["metrics"] = metrics
    if row["observations"]:
        known = {call["tool_call_id"] for call in row["tool_calls"]} if row["source"] == "agent" else set()
        step["observation"] = {"results": [_result(observation, known) for observation in row["observations"]]}
    if "copied_context" in row["flags"]:
        step["is_copied_context"] = True
    return step


def _call(call: Row) -> Row:
    return {
        "tool_call_id": call["tool_call_id"],
        "function_name": call["raw_name"],
        "arguments": arguments_of(call["arguments"]),
    }


def _result(observation: Row, known: set[str]) -> Row:
    """ATIF lets a result name a call of its own step only."""
    call_id = observation["tool_call_id"]
    return ({"source_call_id": call_id} if call_id in known else {}) | {"content": observation["content"]}


def _plain(steps: Sequence[Json], style: str) -> list[Row]:
    return [_read(number, step, style) for number, step in enumerate(steps, 1)]


def _read(number: int, step: Json, style: str) -> Row:
    calls = [
        call_row(string(get(call, "tool_call_id")), string(get(call, "function_name")), text_of(get(call, "arguments"), style))
        for call in items(get(step, "tool_calls"))
    ]
    results = [
        observation_row(get(result, "source_call_id"), string(get(result, "content")))
        for result in items(get(step, "observation", "results"))
    ]
    more: Row = {"reasoning": get(step, "reasoning_content")}
    more["usage"] = usage(**{short: get(step, "metrics", name) for name, short in _METRICS.items()})
    more["flags"] = ["copied_context"] if get(step, "is_copied_context") else []
    return step_row(number, string(get(step, "source")), string(get(step, "message")), calls, results, **more)


def _totals(rows: Sequence[Row]) -> Row:
    totals: Row = {"total_steps": len(rows)}
    for name in _METRICS:
        known = [row["usage"][name] for row in rows if row["usage"] and row["usage"][name] is not None]
        if known:
            totals[f"total_{name}"] = sum(known)
    return totals
