"""Faults put into pinned libraries and into the user's own folders.

Options: ``libraries`` (names of the table), ``repositories`` (fields of :class:`~agenttasks.libraries.library.Library`, with ``path``
in place of what a release has), ``count``, ``seed``, ``comparable`` (only tasks of which a pass can be confirmed).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trajschema.task import Task

from agenttasks.errors import RepositoryUnusable, TaskError
from agenttasks.libraries.library import Library
from agenttasks.libraries.local import from_folder, identity
from agenttasks.sources.provider import Workshop
from agenttasks.store import TaskStore


@dataclass(frozen=True)
class Injected:
    """See the module."""

    libraries: Sequence[str]
    repositories: Sequence[tuple[Path, Library]]
    count: int
    seed: int
    comparable: bool = False

    def identity(self) -> list[list[str]]:
        """Name, SHA-256 of the packed files and commit of each repository; why, in place of both, for one that cannot be used."""
        found = []
        for folder, entry in self.repositories:
            try:
                found.append([entry.name, *identity(folder, entry)])
            except RepositoryUnusable as error:
                found.append([entry.name, error.args[1]])
        return found

    def tasks(self, workshop: Workshop) -> list[Task]:
        """As many as ``count`` says. A library that is missing fails them all: without it this would be another pool."""
        if not self.count:
            return []
        problems: list[TaskError] = []
        own = self._packed(workshop.store, problems)
        made = [] if problems else self._made(own, workshop, problems)
        if problems:
            raise ExceptionGroup("; ".join(map(str, problems)), problems)
        return made

    def _made(self, own: Sequence[Library], workshop: Workshop, problems: list[TaskError]) -> list[Task]:
        from agenttasks.pool import build_pool  # late: what only asks for the identity is quick

        return build_pool(
            [*self.libraries, *own],
            self.count,
            self.seed,
            workshop.store,
            workshop.backend,
            workshop.limits,
            executor=workshop.executor,
            progress=workshop.on_progress,
            validator_version=workshop.validator_version,
            comparable=self.comparable,
            on_error=problems.append,
        )

    def _packed(self, store: TaskStore, problems: list[TaskError]) -> list[Library]:
        found = []
        for folder, entry in self.repositories:
            try:
                found.append(from_folder(folder, entry, store))
            except RepositoryUnusable as error:
                problems.append(error)
        return found


def provider(options: Mapping[str, Any], root: Path) -> Injected:
    """From the options; a relative ``path`` starts at ``root``."""
    own = [(root / entry["path"], _library(entry)) for entry in options["repositories"]]
    return Injected(options["libraries"], own, options["count"], options["seed"], options.get("comparable", False))


def _library(entry: Mapping[str, Any]) -> Library:
    return Library(version="", sha256="", tag="", **{name: value for name, value in entry.items() if name != "path"})
