"""Re-run a recorded trajectory in a fresh box and say, step by step, whether the same came out."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from trajschema.event import FORMAT
from trajschema.rollout import Limits, Provenance
from trajschema.task import Task
from trajschema.trajectory import Observation, Step, ToolCall, Trajectory

from agentsandbox.replay.compare import View, difference, holds_still, is_unordered, left_out, view, view_of_diff
from agentsandbox.sandbox import Backend, Sandbox
from agentsandbox.tools import BY_NAME, problem_of

Status = Literal["same", "differs", "not_replayable"]
_TRIES = 3
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
    """Why it could not be replayed, or what of it was not compared; empty where all of it was."""
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
    """The result of a replay."""

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
        """``differs`` if anything does; ``not_replayable`` if no call could be compared; else ``same``."""
        calls = [c.status for s in self.steps for c in s.calls]
        return "differs" if "differs" in [*calls, self.end.status] else "same" if "same" in calls else "not_replayable"

    @property
    def counts(self) -> dict[Status, int]:
        """Calls by status."""
        found = Counter(c.status for s in self.steps for c in s.calls)
        return {"same": found["same"], "differs": found["differs"], "not_replayable": found["not_replayable"]}


def replay(trajectory: Trajectory, task: Task, tree: bytes, backend: Backend, limits: Limits) -> ReplayReport:
    """Make the calls of ``trajectory`` again in a fresh box with ``tree`` and the task's bug patch; compare each answer.

    Answers are compared under the normaliser of the schema (clocks, durations, addresses, temporary names), with the lines
    of unordered listings sorted. Of an output that was cut, head and tail are compared, and size and hash of the whole where
    nothing in it was normalised. ``limits`` should be those of the recording. A call that cannot be made again (unknown tool,
    malformed arguments, a network that the box does not have, a thought) is named and skipped; what follows is still
    replayed. Where an answer differs, the replay is made again, up to 3 times: lines that differ among the new answers are not
    compared, all others must be as recorded. A call none of whose lines is stable is not replayable either.

    Raises:
        SandboxError: the infrastructure failed.
        PatchRejected: the task's bug patch does not apply.
        ValueError: ``tree`` is no tree.
    """
    runs: list[_Run] = []
    while True:
        runs.append(_run(trajectory, task, tree, backend, limits))
        report = _report(trajectory, task, runs)
        if report.status != "differs" or len(runs) > _TRIES:
            return report


@dataclass(frozen=True)
class _Answer:
    """A call that was made again."""

    tool: str
    recorded: View
    replayed: View
    why_not: str
    """Why a different answer is to be expected; empty where it is not."""


@dataclass(frozen=True)
class _Run:
    """One replay: each step with its calls, and the diff at the end."""

    provenance: Provenance
    steps: tuple[tuple[int, tuple[CallReplay | _Answer, ...]], ...]
    end: View


def _run(trajectory: Trajectory, task: Task, tree: bytes, backend: Backend, limits: Limits) -> _Run:
    with backend.open(limits, task.environment) as box:
        box.load(tree, [task.bug_patch] if task.bug_patch else [])
        return _Run(box.provenance, tuple(_steps(trajectory, box)), view_of_diff(box.diff()))


def _report(trajectory: Trajectory, task: Task, runs: list[_Run]) -> ReplayReport:
    steps = tuple(
        StepReplay(of_step[0][0], tuple(_judged(calls) for calls in zip(*(calls for _, calls in of_step), strict=True)))
        for of_step in zip(*(run.steps for run in runs), strict=True)
    )
    end = _end(trajectory, [run.end for run in runs], [c for s in steps for c in s.calls])
    return ReplayReport(trajectory.trajectory_id, task.task_id, runs[0].provenance, steps, end)


def _judged(calls: tuple[CallReplay | _Answer, ...]) -> CallReplay:
    """The result of one call over all runs."""
    first = calls[0]
    if isinstance(first, CallReplay):
        return first
    replayed = [call.replayed for call in calls if isinstance(call, _Answer)]
    diff = difference(first.recorded, *replayed)
    if diff and first.why_not:
        return CallReplay(first.tool, "not_replayable", first.why_not)
    if diff:
        return CallReplay(first.tool, "differs", diff=diff)
    if not holds_still(*replayed):
        return CallReplay(first.tool, "not_replayable", "its answer varies from run to run")
    return CallReplay(first.tool, "same", left_out(first.recorded, *replayed))


def _steps(trajectory: Trajectory, box: Sandbox) -> Iterator[tuple[int, tuple[CallReplay | _Answer, ...]]]:
    converted = trajectory.source_format != FORMAT
    submitted = False
    for step in trajectory.steps:
        if step.source != "agent" or not step.tool_calls:
            continue
        calls: list[CallReplay | _Answer] = []
        for call, recorded in zip(step.tool_calls, _answers(step), strict=True):
            if submitted:
                calls.append(_passed_over(call, "the work was submitted before"))
            else:
                calls.append(_replayed(step, call, recorded, box, converted))
            submitted = submitted or (call.name == "submit" and (recorded is None or recorded.error is None))
        yield step.step_id, tuple(calls)


def _answers(step: Step) -> list[Observation | None]:
    """The answer to each call of a step: the one with its id, else (no answer has an id) the one at its place."""
    by_id = {o.tool_call_id: o for o in reversed(step.observations) if o.tool_call_id is not None}
    if by_id:
        return [by_id.get(c.tool_call_id) for c in step.tool_calls]
    return [step.observations[n] if n < len(step.observations) else None for n in range(len(step.tool_calls))]


def _replayed(step: Step, call: ToolCall, recorded: Observation | None, box: Sandbox, converted: bool) -> CallReplay | _Answer:
    given = _call(step, call, converted)
    if isinstance(given, str):
        return _passed_over(call, given)
    tool, arguments = given
    answer = box.call(tool, arguments)
    if recorded is None:
        return _passed_over(call, "the recording holds no answer")
    if converted:
        recorded = recorded.model_copy(update={"total_bytes": None})  # what others count is not known
        if recorded.exit_code is None:  # few logs hold one: then the text is all there is to compare
            answer = answer.model_copy(update={"exit_code": None})
    unordered = is_unordered(tool, arguments)
    cut_off = not box.provenance.limits.network and _NETWORK.search(str(arguments.get("command", "")))
    why_not = "it needs a network, and the box has none" if cut_off else ""
    return _Answer(call.raw_name, view(recorded, unordered=unordered), view(answer, unordered=unordered), why_not)


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


def _end(trajectory: Trajectory, diffs: list[View], calls: list[CallReplay]) -> CallReplay:
    complete = not any("session_end" in note for note in trajectory.unread)
    if not complete or (trajectory.source_format != FORMAT and not trajectory.final_diff):
        return CallReplay("diff", "not_replayable", "the recording holds no diff of its end")
    recorded = view_of_diff(trajectory.final_diff)
    found = difference(recorded, *diffs)
    if not found:
        return CallReplay("diff", "same", left_out(recorded, *diffs))
    gaps = [c for c in calls if c.status == "not_replayable" and c.why != "the work was submitted before"]
    if gaps:
        return CallReplay("diff", "not_replayable", f"it differs; {len(gaps)} calls before could not be replayed")
    return CallReplay("diff", "differs", diff=found)


def _passed_over(call: ToolCall, why: str) -> CallReplay:
    return CallReplay(call.raw_name, "not_replayable", why)


def _worst(statuses: list[Status]) -> Status:
    return "differs" if "differs" in statuses else "not_replayable" if "not_replayable" in statuses else "same"
