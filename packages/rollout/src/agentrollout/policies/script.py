"""Policies written as scripts: generators that yield a turn and receive what came back."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from random import Random
from typing import Generic, TypeVar

from trajschema.event import AgentTurn
from trajschema.trajectory import Observation

from agentrollout.policies.calls import submit, turn
from agentrollout.policy import Exchange, History, TaskView

V = TypeVar("V", bound=TaskView)


@dataclass(frozen=True)
class Reply:
    """The result of a turn."""

    observations: tuple[Observation, ...]
    left: int
    """Turns that the agent may still take."""


Script = Generator[AgentTurn, Reply, None]


class Scripted(Generic[V]):
    """A script as a policy.

    The answer depends on the history alone: a history that does not continue the last one makes the script start
    again, with the same randomness, and run through the history from its beginning.
    """

    def __init__(self, script: Callable[[V, Random], Script], view: V, random: Random) -> None:
        self._script = script
        self._view = view
        self._state = random.getstate()
        self._restart()

    def act(self, history: History) -> AgentTurn:
        """The script's next turn; submits once the script is through."""
        if tuple(history[: len(self._told)]) != tuple(self._told):
            self._restart()
        for exchange in history[len(self._told) :]:
            self._tell(exchange)
        return self._turn

    def _restart(self) -> None:
        random = Random()
        random.setstate(self._state)
        self._told: list[Exchange] = []
        self._running = self._script(self._view, random)
        self._turn = next(self._running, _GOODBYE)

    def _tell(self, exchange: Exchange) -> None:
        self._told.append(exchange)
        try:
            self._turn = self._running.send(Reply(exchange.observations, self._view.steps - len(self._told)))
        except StopIteration:
            self._turn = _GOODBYE


_GOODBYE = turn("I have nothing more to try.", submit())
