"""What an agent is told, what it has seen, and the one method it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from trajschema.event import AgentTurn
from trajschema.rollout import ExitStatus
from trajschema.trajectory import Observation


@dataclass(frozen=True)
class TaskView:
    """All that an agent is told of a task. Neither the fix nor the list of hidden tests is among it."""

    problem_statement: str
    workdir: str
    test_command: tuple[str, ...]
    test_paths: tuple[str, ...]
    """Relative to the workdir; empty for all."""
    python_path: tuple[str, ...]
    """Folders that the box has on PYTHONPATH, relative to the workdir."""
    steps: int
    """Turns that the agent may take, the last one included."""
    seconds: float
    """Wall-clock limit, seconds."""


@dataclass(frozen=True)
class GoldView(TaskView):
    """What the oracle is told besides: the fix."""

    gold_patch: str


@dataclass(frozen=True)
class Exchange:
    """A turn of the agent and what came back: one observation for each call, in the order of the calls.

    ``said`` is what a malformed turn without a call was answered with.
    """

    turn: AgentTurn
    observations: tuple[Observation, ...]
    said: str = ""


History = Sequence[Exchange]


class Ended(Exception):
    """A policy has no next turn and says how the run ends: the context is full, or a service is unavailable."""

    def __init__(self, exit: ExitStatus, reason: str) -> None:
        super().__init__(reason)
        self.exit, self.reason = exit, reason


class Policy(Protocol):
    """Decides the next turn.

    A policy is a function of the history alone: the same history gets the same turn. The ids of the calls in a turn
    do not matter; the loop gives each call its own.
    """

    def act(self, history: History) -> AgentTurn: ...
