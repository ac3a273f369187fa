"""What a source of tasks is, and what it may use."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from agentsandbox.sandbox import Backend
from trajruntime.executor import Executor
from trajschema.rollout import Limits
from trajschema.task import Task

from agenttasks.store import TaskStore


@dataclass(frozen=True)
class Workshop:
    """What a source may use to make and prove its tasks."""

    store: TaskStore
    """For trees, downloads and certificates."""
    backend: Backend
    limits: Limits
    executor: Executor
    on_progress: Callable[[int, int, str], None]
    """Called with tasks done, tasks wanted, and a line of text."""
    validator_version: str
    """Names the code that validates; certificates of other code count for nothing."""


class TaskProvider(Protocol):
    """Makes tasks, or reads them from somewhere."""

    def identity(self) -> object:
        """What the tasks depend on besides code and options, as plain JSON values: file hashes, commits. Quick, and never raises."""

    def tasks(self, workshop: Workshop) -> list[Task]:
        """All tasks, the same ones for the same options and identity.

        Raises:
            TaskError, SandboxError, ExceptionGroup: they cannot be made; none is left out in silence.
        """
