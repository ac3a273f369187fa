"""Where tasks come from: one module a source, found by being in this folder, or a module of a user's own.

A source module has a function ``provider(options, root)`` that returns a :class:`~agenttasks.sources.provider.TaskProvider`.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from trajruntime.user_modules import imported, source_digest

from agenttasks.errors import UnknownSource
from agenttasks.sources.provider import TaskProvider

_FOLDER = Path(__file__).parent
_NO_SOURCES = {"__init__", "provider"}


def names() -> list[str]:
    """The sources that come with the package."""
    return sorted(file.stem for file in _FOLDER.glob("*.py") if file.stem not in _NO_SOURCES)


def open_source(name: str, options: Mapping[str, Any], root: Path) -> TaskProvider:
    """The source called ``name``, or the one that ``module:attribute`` names in ``root`` or in the environment.

    Raises:
        UnknownSource: there is no such source.
        Unimportable: the module of a user's own cannot be imported.
        TypeError, ValueError: the options are not what the source takes.
    """
    if ":" in name:
        make, file = imported(name, root)
        if not callable(make):
            raise UnknownSource(name, f"{file} has no function {name.partition(':')[2]!r}", ", ".join(names()))
    elif name in names():
        make = import_module(f"agenttasks.sources.{name}").provider
    else:
        raise UnknownSource(name, "no source has that name", ", ".join(names()))
    found: TaskProvider = make(options, root)
    return found


def source_code(name: str, root: Path) -> str:
    """What a cache key takes for the code of a source: the module of ours, or the digest of the file of a user's own."""
    return source_digest(name, root) if ":" in name else f"agenttasks.sources.{name}"
