"""Steps that cost a turn and bring nothing new."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from trajschema.event import AgentTurn
from trajschema.trajectory import ToolCall

from agentrollout.policies.calls import file_edit, file_read, turn
from agentrollout.policies.script import Reply


@dataclass
class Seen:
    """What the agent ran and read so far."""

    runs: list[ToolCall] = field(default_factory=list)
    reads: list[tuple[ToolCall, str]] = field(default_factory=list)
    """Readings of functions, each with the text shown."""

    def note(self, done: AgentTurn, reply: Reply) -> None:
        """Remember the calls of a turn."""
        for call, observation in zip(done.tool_calls, reply.observations, strict=True):
            if call.name == "shell":
                self.runs.append(call)
            elif call.name == "file_read" and observation.error is None:
                self.reads.append((call, observation.content))


Distractor = Callable[[Seen, Random], AgentTurn | None]
"""Makes a wasted turn of what was seen; nothing if there is nothing to waste yet."""


def run_again(seen: Seen, random: Random) -> AgentTurn | None:
    """The last command once more."""
    return turn("I run that once more to be sure.", seen.runs[-1]) if seen.runs else None


def read_again(seen: Seen, random: Random) -> AgentTurn | None:
    """Something already read."""
    return turn("I read that function again.", random.choice(seen.reads)[0]) if seen.reads else None


def mistyped_path(seen: Seen, random: Random) -> AgentTurn | None:
    """A file that is not there."""
    if not seen.reads:
        return None
    path = _arguments(random.choice(seen.reads)[0])["path"]
    cut = random.randrange(len(path) - 3)
    return turn("I look at the file as a whole.", file_read(path[:cut] + path[cut + 1 :]))


def absent_text(seen: Seen, random: Random) -> AgentTurn | None:
    """An edit of a line as it is misremembered."""
    if not seen.reads:
        return None
    call, text = random.choice(seen.reads)
    lines = [line for line in text.splitlines() if len(line.strip()) > 8]
    if not lines:
        return None
    line = random.choice(lines)
    return turn("I change a line here.", file_edit(_arguments(call)["path"], line.replace(" ", "  ") + ";", line))


def there_and_back(seen: Seen, random: Random) -> AgentTurn | None:
    """A comment put in and taken out again, with the tests run in between."""
    if not seen.reads or not seen.runs:
        return None
    call, text = random.choice(seen.reads)
    path, head = _arguments(call)["path"], next((line for line in text.splitlines() if line.rstrip().endswith(":")), None)
    if head is None:
        return None
    marked = f"{head}  # is it here?"
    calls = [file_edit(path, head, marked), seen.runs[-1], file_edit(path, marked, head)]
    return turn("I mark this place, run the tests and take the mark out.", *calls)


DISTRACTORS: tuple[Distractor, ...] = (run_again, read_again, mistyped_path, absent_text, there_and_back)
"""Every way to waste a turn."""


def _arguments(call: ToolCall) -> dict[str, Any]:
    arguments: dict[str, Any] = json.loads(call.arguments)
    return arguments
