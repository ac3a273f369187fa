"""The sources of tasks that the settings name: libraries and repositories, imported tasks, then those of one's own choosing."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agenttasks.sources import open_source, source_code

from resources.settings import Settings

if TYPE_CHECKING:
    from agenttasks.sources.provider import TaskProvider


def task_sources(settings: Settings) -> "Iterator[TaskProvider]":
    """Each source, opened. Raises like :func:`agenttasks.sources.open_source`."""
    return (open_source(name, options, settings.root) for name, options in _entries(settings))


def sources_code(settings: Settings) -> list[str]:
    """What stands for the code of each source in a cache key: a module of ours, or the digest of a file."""
    return [source_code(name, settings.root) for name, _ in _entries(settings)]


def _entries(settings: Settings) -> Iterator[tuple[str, dict[str, Any]]]:
    asked = settings.tasks
    yield "injected", asked.model_dump(include={"libraries", "repositories", "count", "seed"})
    yield "files", {"folder": str(settings.imports_dir)}
    yield from ((entry.use, entry.options) for entry in asked.sources)
