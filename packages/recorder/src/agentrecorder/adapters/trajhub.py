"""What this house writes: trajectories in our own record form, and logs of events."""

from __future__ import annotations

from collections.abc import Iterator

from trajschema.event import SessionEnd, SessionStart
from trajschema.event_log import FORMAT, read_events
from trajschema.fold import fold
from trajschema.record import SCHEMA_VERSION
from trajschema.trajectory import Trajectory

from agentrecorder.adapters.adapter import Lost, rows
from agentrecorder.run import Run
from agentrecorder.source import Source
from agentrecorder.values import Json, decoded, get, is_object, items


class Records:
    """Trajectories, one an object: what ``agentrecorder convert`` writes, and what a release holds."""

    name = "trajhub"

    def version(self, source: Source) -> str | None:
        """The schema version."""
        if source.kind not in ("document", "lines"):
            return None
        known = (v for v in source.sample if is_object(v) and {"trajectory_id", "steps", "agent"} <= v.keys())
        return next((SCHEMA_VERSION for v in known if v.get("schema_version") == SCHEMA_VERSION), None)

    def runs(self, source: Source) -> Iterator[Run | Lost]:
        """A run for each record. One that breaks the contract is lost."""
        return rows(source, _of_record)


def _of_record(value: Json, _: Source) -> Run:
    record = Trajectory.model_validate({**value, "steps": [*items(get(value, "steps"))]})
    run = Run(Records.name, agent=record.agent, model=record.model, task_id=record.task_id, final_diff=record.final_diff)
    run.steps = [step.model_dump(mode="json") for step in record.steps]
    run.taken, run.notes = len(run.steps), list(record.unread)
    return run


class Events:
    """Events of a session, as a sandbox and our own agents record them: one run a file."""

    name = FORMAT

    def version(self, source: Source) -> str | None:
        """Empty: events carry no version."""
        starts = (get(v, "kind") == "session_start" and get(v, "provenance") is not None for v in source.sample)
        return "" if source.kind in ("document", "lines") and any(starts) else None

    def runs(self, source: Source) -> Iterator[Run | Lost]:
        """The run of the file. A line that is no event is left."""
        logged = read_events(decoded(bytes(source.data)))
        steps, notes = fold(logged.events)
        run = Run(self.name, taken=len(logged.events), notes=list(notes))
        run.steps = [step.model_dump(mode="json") for step in steps]
        for event in logged.events:
            if isinstance(event, SessionStart):
                run.task_id = event.task_id
            elif isinstance(event, SessionEnd):
                run.exit, run.final_diff = event.exit, event.final_diff
        for line in logged.bad_lines:
            run.leave(f"line {line.number}", line.reason)
        yield run
