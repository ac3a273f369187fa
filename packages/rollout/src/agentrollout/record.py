"""The record of one session, and the sums over its turns."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agentrecorder.recorder import Recorder
from trajschema.event import AgentTurn, Event
from trajschema.rollout import Usage

from agentrollout.redaction import Secrets


@dataclass
class Record(Recorder):
    """A recorder that writes no secret down, and keeps the agent's turns at hand besides."""

    secrets: Secrets = field(default_factory=lambda: Secrets({}))
    turns: list[AgentTurn] = field(default_factory=list)

    def emit(self, event: Event) -> None:
        """Write ``event`` down."""
        super().emit(event)
        self.lines[-1] = self.secrets.redact(self.lines[-1])
        if isinstance(event, AgentTurn):
            self.turns.append(event)


def usage_of(turns: Sequence[AgentTurn]) -> Usage:
    """Sums over ``turns``; what no turn states is missing, and so is a price that one of them lacks."""
    used = [turn.usage for turn in turns if turn.usage is not None and turn.usage.prompt_tokens is not None]
    costs = [usage.cost_usd for usage in used]
    return Usage(
        steps=len(turns),
        tool_calls=sum(len(turn.tool_calls) for turn in turns),
        prompt_tokens=sum(usage.prompt_tokens or 0 for usage in used) if used else None,
        completion_tokens=sum(usage.completion_tokens or 0 for usage in used) if used else None,
        cost_usd=sum(cost or 0.0 for cost in costs) if costs and None not in costs else None,
    )
