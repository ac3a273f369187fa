"""Who drives a session: a policy in our loop of turns, or an agent with its own loop."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Protocol, Self

from agentsandbox.sandbox import Sandbox
from trajschema.event import EventSink
from trajschema.rollout import Agent

from agentrollout.policy import Policy, TaskView
from agentrollout.tool_loop import Budget, Conversation, Ending, Slots


class Driver(Protocol):
    """Takes one session from its start to its end. Each try of an attempt gets a new one."""

    def drive(self, box: Sandbox, sink: EventSink, budget: Budget, slots: Slots) -> Ending:
        """Act in ``box``, which is loaded, and emit every turn and every result. ``slots`` are held while the box works.

        The result is the box's diff, whatever the driver says.

        Raises:
            SandboxError: the box failed. The attempt is made again, unless boxes fail under this agent alone.
            Ended: the session ends as it says, for example because a service that the agent needs is unavailable.
            Exception: any other is the agent's own crash.
        """


@dataclass(frozen=True)
class AnyAgent(ABC):
    """An agent and how its sessions are driven."""

    agent: Agent
    random: bool
    """Whether attempts differ; one attempt is enough of an agent that is not random."""
    sees_gold: bool = field(default=False, kw_only=True)
    """Whether it is told the fix (as a :class:`~agentrollout.policy.GoldView`). The oracle alone is."""
    reach: tuple[str, ...] = field(default=(), kw_only=True)
    """Addresses (host:port) that its boxes reach besides those of the limits."""
    variables: tuple[str, ...] = field(default=(), kw_only=True)
    """Names of environment variables that it is given. What they hold, such as keys, is redacted from all that is written down."""

    def opened(self) -> AbstractContextManager[Self]:
        """The agent with what it needs beside it, such as a proxy, while one try is made.

        Raises:
            Ended: the agent cannot run here; no try is made.
        """
        return nullcontext(self)

    @abstractmethod
    def driver(self, view: TaskView, random: Random) -> Driver:
        """What drives one session. Whatever it raises is the agent's crash."""


@dataclass(frozen=True)
class AgentSpec(AnyAgent):
    """An agent whose turns a policy decides, and how the policy is made."""

    make: Callable[[TaskView, Random], Policy]

    @property
    def module(self) -> str:
        """The module whose policy it is."""
        return self.make.__module__

    def driver(self, view: TaskView, random: Random) -> Driver:
        """See :class:`AnyAgent`."""
        return Conversation(partial(self.make, view, random))
