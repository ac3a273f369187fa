"""The sources of tasks that the settings name: libraries and repositories, imported tasks, then custom ones."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agenttasks.sources import open_source, source_code

from resources.settings import Settings

if TYPE_CHECKING:
    from agenttasks.sources.provider import TaskProvider

    from resources.incremental.code import Sources


def task_sources(settings: Settings) -> "Iterator[TaskProvider]":
    """Each source, opened. Raises like :func:`agenttasks.sources.open_source`."""
    return (open_source(name, options, settings.root) for name, options in _entries(settings))


def source_codes(settings: Settings, sources: "Sources") -> list[str]:
    """A hash of the code of each source that the settings name."""
    found = [source_code(name, settings.root) for name, _ in _entries(settings)]
    return [sources.fingerprint(code) if code.startswith("agenttasks.") else code for code in found]


def _entries(settings: Settings) -> Iterator[tuple[str, dict[str, Any]]]:
    asked = settings.tasks
    yield "injected", asked.model_dump(include={"libraries", "repositories", "count", "seed", "comparable"})
    yield "files", {"folder": str(settings.imports_dir)}
    yield from ((entry.use, entry.options) for entry in asked.sources)
