"""Re-run a recorded trajectory in a fresh box and say, step by step, whether the same came out."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from trajschema.rollout import Limits, Provenance
from trajschema.task import Task
from trajschema.trajectory import Observation, Step, ToolCall, Trajectory

from agentsandbox.box import Backend, Box
from agentsandbox.comparing import difference, is_unordered, view, view_of_diff
from agentsandbox.eventlog import FORMAT
from agentsandbox.tools import BY_NAME, problem_of

Status = Literal["same", "differs", "not_replayable"]
_TRIES = 3
_VERDICT = re.compile(r"^[-+](?:exit status|error): ", re.MULTILINE)
_NETWORK = re.compile(
    r"\b(?:apt(?:-get)?|brew|cargo|conda|curl|ftp|gem|go (?:get|install|mod)|npm|nc|nslookup|pip3?|poetry|scp|ssh|uv|wget|yarn)\b"
    r"|\bgit\b.*\b(?:clone|fetch|pull|push|ls-remote)\b|\bhttps?://"
)


@dataclass(frozen=True)
class CallReplay:
    """One call, run again."""

    tool: str
    """Name the agent used."""
    status: Status
    why: str = ""
    """Why it could not be replayed; empty otherwise."""
    diff: str = ""
    """Unified diff from the recorded answer to the new one, both normalised; empty unless they differ."""


@dataclass(frozen=True)
class StepReplay:
    """One step with its calls."""

    step_id: int
    calls: tuple[CallReplay, ...]

    @property
    def status(self) -> Status:
        """``differs`` if any call does, else ``not_replayable`` if any call is, else ``same``."""
        return _worst([c.status for c in self.calls])


@dataclass(frozen=True)
class ReplayReport:
    """What came of a replay."""

    trajectory_id: str
    task_id: str
    provenance: Provenance
    """Of the box that it was replayed in."""
    steps: tuple[StepReplay, ...]
    """Steps of the agent that called a tool, in order."""
    end: CallReplay
    """The repository at the end, as a diff against the base. ``not_replayable`` where the recording holds none, or where it
    differs and a call before could not be replayed."""

    @property
    def status(self) -> Status:
        """``differs`` if anything does; ``not_replayable`` if nothing could be compared; else ``same``."""
        statuses = [*[c.status for s in self.steps for c in s.calls], self.end.status]
        return "differs" if "differs" in statuses else "same" if "same" in statuses else "not_replayable"

    @property
    def counts(self) -> dict[Status, int]:
        """Calls by status."""
        found = Counter(c.status for s in self.steps for c in s.calls)
        return {"same": found["same"], "differs": found["differs"], "not_replayable": found["not_replayable"]}


def replay(trajectory: Trajectory, task: Task, tree: bytes, backend: Backend, limits: Limits) -> ReplayReport:
    """Make the calls of ``trajectory`` again in a fresh box with ``tree`` and the task's bug patch; compare each answer.

    Answers are compared under the normaliser of the schema (clocks, durations, addresses, temporary names), with the lines
    of unordered listings sorted. Of an output that was cut, head and tail are compared. ``limits`` should be those of the
    recording. A call that cannot be made again (unknown tool, malformed arguments, a network that the box has not, a thought)
    is named and passed over; what follows is replayed all the same. Where an answer differs, the replay is made again, up to
    3 times: a call whose new answers differ among themselves, though not in exit status or error, is not replayable either.

    Raises:
        SandboxError: the infrastructure failed.
        PatchRejected: the task's bug patch does not apply.
        ValueError: ``tree`` is no tree.
    """
    report = _once(trajectory, task, tree, backend, limits)
    for _ in range(_TRIES):
        if report.status != "differs":
            break
        report = _steadied(report, _once(trajectory, task, tree, backend, limits))
    return report


def _once(trajectory: Trajectory, task: Task, tree: bytes, backend: Backend, limits: Limits) -> ReplayReport:
    with backend.open(limits, task.environment) as box:
        box.load(tree, [task.bug_patch] if task.bug_patch else [])
        steps = tuple(_steps(trajectory, box))
        end = _end(trajectory, box.diff(), [c for s in steps for c in s.calls])
        return ReplayReport(trajectory.trajectory_id, task.task_id, box.provenance, steps, end)


def _steadied(report: ReplayReport, again: ReplayReport) -> ReplayReport:
    """``report``, where a call that differs in another way in ``again`` is not replayable."""
    steps = tuple(
        replace(step, calls=tuple(_steady(one, other) for one, other in zip(step.calls, same.calls, strict=True)))
        for step, same in zip(report.steps, again.steps, strict=True)
    )
    return replace(report, steps=steps)


def _steady(one: CallReplay, other: CallReplay) -> CallReplay:
    varies = one.status == "differs" and one.diff != other.diff
    if not varies or (_VERDICT.search(one.diff) and _VERDICT.search(other.diff)):
        return one
    return CallReplay(one.tool, "not_replayable", "its answer varies from run to run")


def _steps(trajectory: Trajectory, box: Box) -> Iterator[StepReplay]:
    converted = trajectory.source_format != FORMAT
    submitted = False
    for step in trajectory.steps:
        if step.source != "agent" or not step.tool_calls:
            continue
        calls = []
        for call, recorded in zip(step.tool_calls, _answers(step), strict=True):
            if submitted:
                calls.append(_passed_over(call, "the work was submitted before"))
            else:
                calls.append(_replayed(step, call, recorded, box, converted))
            submitted = submitted or (call.name == "submit" and (recorded is None or recorded.error is None))
        yield StepReplay(step.step_id, tuple(calls))


def _answers(step: Step) -> list[Observation | None]:
    """The answer to each call of a step: the one with its id, else (no answer has an id) the one at its place."""
    by_id = {o.tool_call_id: o for o in reversed(step.observations) if o.tool_call_id is not None}
    if by_id:
        return [by_id.get(c.tool_call_id) for c in step.tool_calls]
    return [step.observations[n] if n < len(step.observations) else None for n in range(len(step.tool_calls))]


def _replayed(step: Step, call: ToolCall, recorded: Observation | None, box: Box, converted: bool) -> CallReplay:
    given = _call(step, call, converted)
    if isinstance(given, str):
        return _passed_over(call, given)
    tool, arguments = given
    answer = box.call(tool, arguments)
    if recorded is None:
        return _passed_over(call, "the recording holds no answer")
    if converted and recorded.exit_code is None:  # few logs hold one: then the text is all there is to compare
        answer = answer.model_copy(update={"exit_code": None})
    unordered = is_unordered(tool, arguments)
    diff = difference(view(recorded, unordered=unordered), view(answer, unordered=unordered))
    if not diff:
        return CallReplay(call.raw_name, "same")
    if not box.provenance.limits.network and _NETWORK.search(str(arguments.get("command", ""))):
        return _passed_over(call, "it needs a network, and the box has none")
    return CallReplay(call.raw_name, "differs", diff=diff)


def _call(step: Step, call: ToolCall, converted: bool) -> tuple[str, dict[str, Any]] | str:
    """Tool and arguments to call a box with; or why there are none."""
    if {"copied_context", "synthetic"} & set(step.flags):
        return "the step repeats or stands in for others: nothing was run in it"
    if call.name == "think":
        return "a thought: nothing was run"
    tool = call.name if call.name in BY_NAME else call.raw_name
    if tool not in BY_NAME:
        return f"there is no tool {call.raw_name!r}"
    try:
        arguments = json.loads(call.arguments)
    except (ValueError, RecursionError) as error:
        return f"malformed: the arguments are not JSON: {error}"
    if not isinstance(arguments, dict):
        return "malformed: the arguments are not a JSON object"
    problem = problem_of(tool, arguments) if converted else None
    return f"the log does not hold the call in our terms: {problem}" if problem else (tool, arguments)


def _end(trajectory: Trajectory, diff: str, calls: list[CallReplay]) -> CallReplay:
    complete = not any("session_end" in note for note in trajectory.unread)
    if not complete or (trajectory.source_format != FORMAT and not trajectory.final_diff):
        return CallReplay("diff", "not_replayable", "the recording holds no diff of its end")
    found = difference(view_of_diff(trajectory.final_diff), view_of_diff(diff))
    if not found:
        return CallReplay("diff", "same")
    gaps = [c for c in calls if c.status == "not_replayable" and c.why != "the work was submitted before"]
    if gaps:
        return CallReplay("diff", "not_replayable", f"it differs; {len(gaps)} calls before could not be replayed")
    return CallReplay("diff", "differs", diff=found)


def _passed_over(call: ToolCall, why: str) -> CallReplay:
    return CallReplay(call.raw_name, "not_replayable", why)


def _worst(statuses: list[Status]) -> Status:
    return "differs" if "differs" in statuses else "not_replayable" if "not_replayable" in statuses else "same"
