"""Events of a rollout → its trajectory."""

from trajschema.event import FORMAT, read_events
from trajschema.fold import fold
from trajschema.ids import sha256_bytes
from trajschema.rollout import Rollout
from trajschema.trajectory import Trajectory, trajectory_id


class ForeignLog(ValueError):
    """A rollout's log is in a format that this reader does not know."""


def trajectory_of(rollout: Rollout) -> Trajectory:
    """The standard trajectory of a rollout: a first user step with the problem statement, then one step for each turn.

    What could not be read, or had to be put in place, is named in ``unread``. A cut log marks its last step ``truncated``.

    Raises:
        ForeignLog: the rollout's log is not an event log, and no events stand beside it.
    """
    if rollout.raw_log.format != FORMAT and not rollout.events:
        what = f"its log is in format {rollout.raw_log.format!r}, not {FORMAT!r}"
        raise ForeignLog(f"rollout {rollout.rollout_id}: {what}; read it with the adapter of that format")
    logged = read_events(rollout.events)
    steps, notes = fold(logged.events)
    return Trajectory(
        trajectory_id=trajectory_id(rollout.rollout_id, steps, rollout.final_diff),
        rollout_id=rollout.rollout_id,
        task_id=rollout.task_id,
        agent=rollout.agent.name,
        model=rollout.agent.model,
        source_format=FORMAT,
        source_sha256=sha256_bytes(rollout.events.encode()),
        steps=steps,
        final_diff=rollout.final_diff,
        unread=(*map(str, logged.bad_lines), *notes),
    )
