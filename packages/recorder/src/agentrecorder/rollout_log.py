"""The log that an outside agent wrote of a rollout: read by its adapter, and joined with what we know of the rollout."""

from pathlib import Path

from trajschema.event import FORMAT
from trajschema.rollout import Rollout
from trajschema.trajectory import Trajectory, trajectory_id

from agentrecorder.adapters import adapter_of
from agentrecorder.adapters.adapter import Lost
from agentrecorder.containers.source import LogSource
from agentrecorder.errors import RecorderError
from agentrecorder.events import trajectory_of
from agentrecorder.import_rollout import RECORD
from agentrecorder.run import Run


class UnreadableLog(RecorderError):
    """A log is not there, or holds no run that its adapter can read."""

    def __init__(self, path: Path, form: str, why: str) -> None:
        super().__init__(f"{path}: no run could be read as {form!r}: {why}; what the sandbox recorded is whole all the same")


def run_in(path: Path, form: str) -> Run:
    """The run in a log of the format ``form``: of several, the one with the most turns; the others are noted in it.

    Raises:
        UnreadableLog: there is none.
    """
    try:
        adapter = adapter_of(form)
        with LogSource(path) as source:
            if adapter.version(source) is None:
                raise UnreadableLog(path, form, "it is not in that format")
            found = list(adapter.runs(source))
    except RecorderError as problem:
        raise UnreadableLog(path, form, str(problem)) if not isinstance(problem, UnreadableLog) else problem from None
    except Exception as problem:  # a fault of an adapter must not cost the rollout
        raise UnreadableLog(path, form, f"its adapter failed ({type(problem).__name__}: {problem})") from problem
    runs = [one for one in found if isinstance(one, Run)]
    lost = [one for one in found if isinstance(one, Lost)]
    if not runs:
        raise UnreadableLog(path, form, "; ".join(f"{one.where}: {one.reason}" for one in lost) or "it is empty")
    main = max(runs, key=lambda one: one.turns)
    main.notes += [f"{one.where}: {one.reason}" for one in lost]
    if len(runs) > 1:
        main.notes.append(f"the log holds {len(runs)} runs; this is the one with the most turns")
    return main


def _record(path: Path) -> Trajectory:
    try:
        return Trajectory.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise UnreadableLog(path, RECORD, str(problem)) from problem


def rollout_trajectory(rollout: Rollout, folder: Path) -> Trajectory:
    """The trajectory of a rollout: of the agent's own log below ``folder`` if it left one, else of our events.

    A log that cannot be read is named in ``unread`` of the trajectory that our events give.
    """
    log = rollout.raw_log
    if log.format == FORMAT:
        return trajectory_of(rollout)
    if not log.path:
        return trajectory_of(rollout)
    path = folder / log.path
    try:
        read = _record(path) if log.format == RECORD else run_in(path, log.format).trajectory(log.sha256, 0)
    except UnreadableLog as problem:
        seen = trajectory_of(rollout)
        return seen.model_copy(update={"unread": (*seen.unread, str(problem).replace(str(path), log.path))})
    ours = {
        "trajectory_id": trajectory_id(rollout.rollout_id, read.steps, rollout.final_diff),
        "rollout_id": rollout.rollout_id,
        "task_id": rollout.task_id,
        "agent": rollout.agent.name,
        "model": rollout.agent.model or read.model,
        "final_diff": rollout.final_diff,
    }
    return read.model_copy(update=ours)
