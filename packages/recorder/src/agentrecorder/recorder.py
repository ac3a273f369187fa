"""The recorder: events in, JSON lines out."""

from dataclasses import dataclass, field

from trajschema.event import Event, event_line


@dataclass
class Recorder:
    """An event sink that keeps every event as one JSON line, in the order received."""

    lines: list[str] = field(default_factory=list)

    def emit(self, event: Event) -> None:
        """Write ``event`` down."""
        self.lines.append(event_line(event))

    @property
    def jsonl(self) -> str:
        """The log so far. ASCII; each line ends with a newline."""
        return "".join(line + "\n" for line in self.lines)
