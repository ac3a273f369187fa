"""Runs as plain dicts: ``{"task": …, "steps": [{"tool", "params", "output"}, …], "outcome": {"success", "tests_passed", "tests_total"}}``.

Steps are numbered from 1. A step may also have ``exit_code``, ``error`` and ``message``. The outcome is *claimed*.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError
from trajschema.ids import content_id
from trajschema.outcome import Outcome
from trajschema.record import UnknownSchemaVersion, first_problem
from trajschema.tools import canonical_tool
from trajschema.trajectory import Observation, Step, ToolCall, Trajectory

from agentreward.errors import InvalidRun, short

_ENCODERS = {ascii_only: json.JSONEncoder(ensure_ascii=ascii_only, default=str).encode for ascii_only in (True, False)}


class Run(NamedTuple):
    """What is scored: the steps, the task in words (empty where the steps tell it), and what is known of the outcome."""

    trajectory: Trajectory
    task: str = ""
    outcome: Outcome | None = None


def read_run(given: Mapping[str, Any] | Trajectory) -> Run:
    """``given`` as a run: a trajectory, the JSON form of one, or a plain dict.

    Raises:
        InvalidRun: it is none of these; the message names the field.
    """
    if isinstance(given, Trajectory):
        return Run(given)
    if not isinstance(given, Mapping) or not isinstance(given.get("steps"), list | tuple):
        raise InvalidRun(f"a run is an object with a list of 'steps', not {short(given)}")
    if "agent" in given and "trajectory_id" in given:
        return Run(_recorded(given))
    return _plain(given)


def name_of(given: Mapping[str, Any]) -> str | None:
    """The id that a run gives itself; ``None`` where it has none and is identified by its content.

    Raises:
        InvalidRun: it is neither text nor a number.
    """
    name = next((given[key] for key in ("id", "trajectory_id") if given.get(key) not in (None, "")), None)
    if name is not None and (isinstance(name, bool) or not isinstance(name, str | int)):
        raise InvalidRun(f"'id' is a text or a number, not {short(name)}")
    return None if name is None else str(name)


def _recorded(given: Mapping[str, Any]) -> Trajectory:
    try:
        return Trajectory.model_validate(dict(given))
    except ValidationError as error:
        raise InvalidRun(f"trajectory {short(given['trajectory_id'])}: {first_problem(error)}; see trajschema") from error
    except UnknownSchemaVersion as error:
        raise InvalidRun(str(error)) from error


def _plain(given: Mapping[str, Any]) -> Run:
    steps = tuple(_step(number, step) for number, step in enumerate(given["steps"], 1))
    task = _text(given.get("task"), "'task'")
    name = name_of(given) or content_id([task, steps])
    trajectory = Trajectory(trajectory_id=name, agent=_text(given.get("agent"), "'agent'"), source_format="plain", steps=steps)
    return Run(trajectory, task, _claim(given.get("outcome"), trajectory.trajectory_id))


def _step(number: int, given: Any) -> Step:
    if not isinstance(given, Mapping):
        raise InvalidRun(f"step {number}: a step is an object with 'tool', 'params' and 'output', not {short(given)}")
    message, output, error = (_text(given.get(name), f"step {number}: {name!r}") for name in ("message", "output", "error"))
    tool = given.get("tool")
    if tool is None or tool == "":
        return Step(step_id=number, source="agent", message=message or output)
    if not isinstance(tool, str):
        raise InvalidRun(f"step {number}: 'tool' is the name of a tool, not {short(tool)}")
    params, code = given.get("params") or {}, given.get("exit_code")
    if not isinstance(params, Mapping):
        raise InvalidRun(f"step {number}: 'params' is an object, not {short(params)}")
    if code is not None and not isinstance(code, int):
        raise InvalidRun(f"step {number}: 'exit_code' is a whole number, not {short(code)}")
    call_id = f"call_{number}"
    arguments = _json(dict(params), f"step {number}: 'params'")
    call = ToolCall(tool_call_id=call_id, name=canonical_tool(tool, arguments), raw_name=tool, arguments=arguments)
    seen = Observation(tool_call_id=call_id, content=output, exit_code=code, error=error or None)
    return Step(step_id=number, source="agent", message=message, tool_calls=(call,), observations=(seen,))


def _claim(given: Any, run: str) -> Outcome | None:
    """The outcome that the run claims. Solved: ``success`` and no test that failed; without ``success`` the tests alone decide."""
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise InvalidRun(f"run {run}: 'outcome' is an object with 'success', not {short(given)}")
    success, passed, total = given.get("success"), _count(given, "tests_passed", run), _count(given, "tests_total", run)
    if success is not None and not isinstance(success, bool):
        raise InvalidRun(f"run {run}: outcome 'success' is true or false, not {short(success)}")
    if success is None and not total:
        return None
    return Outcome(
        rollout_id="",
        task_id="",
        verdict="claimed",
        claimed_resolved=success is not False and (not total or passed == total),
        fail_to_pass_total=total,
        fail_to_pass_fixed=passed,
    )


def _count(given: Mapping[str, Any], name: str, run: str) -> int:
    value = given.get(name)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidRun(f"run {run}: outcome {name!r} is a count of tests, not {short(value)}")
    return value


def _text(value: Any, where: str) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else _json(value, where, ascii_only=False)


def _json(value: Any, where: str, *, ascii_only: bool = True) -> str:
    try:
        return _ENCODERS[ascii_only](value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRun(f"{where} cannot be written as JSON ({error}); give text, numbers, lists and objects of them") from error
