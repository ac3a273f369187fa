"""Repositories of one's own, as the settings name them."""

from pathlib import Path
from typing import TYPE_CHECKING

from resources.settings import Settings

if TYPE_CHECKING:
    from agenttasks.library import Library


def repositories(settings: Settings) -> "list[tuple[Path, Library]]":
    """Folder and description of each."""
    from agenttasks.library import Library

    fields = ("name", "licence", "repository", "sources", "tests", "also", "exclude", "python_path", "timeout_s")
    return [
        (settings.root / entry.path, Library(version="", sha256="", tag="", **{name: getattr(entry, name) for name in fields}))
        for entry in settings.tasks.repositories
    ]


def repositories_digest(settings: Settings) -> list[list[str]]:
    """Name, SHA-256 of the packed files and commit of each; why, in place of both, for one that cannot be used."""
    if not settings.tasks.repositories:
        return []
    from agenttasks.errors import RepositoryUnusable
    from agenttasks.local import identity

    found = []
    for folder, entry in repositories(settings):
        try:
            found.append([entry.name, *identity(folder, entry)])
        except RepositoryUnusable as error:
            found.append([entry.name, error.why])
    return found
