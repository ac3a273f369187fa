"""Trajectories in our own record form."""

from collections.abc import Iterator

from trajschema.record import SCHEMA_VERSION
from trajschema.trajectory import Trajectory

from agentrecorder.adapters.adapter import Lost, rows
from agentrecorder.containers.json_values import Json, get, is_object, items
from agentrecorder.containers.source import LogSource
from agentrecorder.run import Run


class Records:
    """Trajectories, one an object: what ``agentrecorder convert`` writes, and what a release holds."""

    name = "trajhub"
    priority = 20

    def version(self, source: LogSource) -> str | None:
        """The schema version."""
        if source.kind not in ("document", "lines"):
            return None
        known = (v for v in source.sample if is_object(v) and {"trajectory_id", "steps", "agent"} <= v.keys())
        return next((SCHEMA_VERSION for v in known if v.get("schema_version") == SCHEMA_VERSION), None)

    def runs(self, source: LogSource) -> Iterator[Run | Lost]:
        """A run for each record. One that breaks the contract is lost."""
        return rows(source, _of_record)


def _of_record(value: Json, _: LogSource) -> Run:
    record = Trajectory.model_validate({**value, "steps": [*items(get(value, "steps"))]})
    run = Run(Records.name, agent=record.agent, model=record.model, task_id=record.task_id, final_diff=record.final_diff)
    run.steps = [step.model_dump(mode="json") for step in record.steps]
    run.taken, run.notes = len(run.steps), list(record.unread)
    return run


ADAPTER = Records()
