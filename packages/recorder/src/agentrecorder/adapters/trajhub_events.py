"""Logs of events, as the sandbox and our own agents write them."""

from collections.abc import Iterator

from trajschema.event import FORMAT, SessionEnd, SessionStart, read_events
from trajschema.fold import fold

from agentrecorder.adapters.adapter import Lost
from agentrecorder.containers.json_values import decoded, get
from agentrecorder.containers.source import LogSource
from agentrecorder.run import Run


class Events:
    """Events of a session, as a sandbox and our own agents record them: one run a file."""

    name = FORMAT
    priority = 30

    def version(self, source: LogSource) -> str | None:
        """Empty: events carry no version."""
        starts = (get(v, "kind") == "session_start" and get(v, "provenance") is not None for v in source.sample)
        return "" if source.kind in ("document", "lines") and any(starts) else None

    def runs(self, source: LogSource) -> Iterator[Run | Lost]:
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


ADAPTER = Events()
