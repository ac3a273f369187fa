"""One module for each log format, or one package with a module ``adapter``, named as the format is: ``codex-cli`` is read by ``codex_cli``.

They are found, not listed: what has an ``ADAPTER`` takes part. What several formats share is in ``shared``. Packages of others offer
adapters by the entry point group ``agentrecorder.adapters``, each a name of an object or class.
"""

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules

from agentrecorder.adapters.adapter import Adapter, BuiltInAdapter
from agentrecorder.errors import NoAdapter

_NO_FORMATS = ("adapter", "shared")


@cache
def adapters() -> tuple[Adapter, ...]:
    """All adapters in the order in which they are asked whether a source is theirs: those of others, then ours by priority."""
    own: list[BuiltInAdapter] = [import_module(module).ADAPTER for module in _modules().values()]
    return (*_of_others(), *sorted(own, key=lambda adapter: adapter.priority))


def adapter_of(log_format: str) -> Adapter:
    """The adapter of a format; the modules of other formats are not imported for it.

    Raises:
        NoAdapter: nobody reads the format.
    """
    theirs = next((adapter for adapter in _of_others() if adapter.name == log_format), None)
    if theirs is None and log_format not in _modules():
        raise NoAdapter(log_format, [*(adapter.name for adapter in _of_others()), *_modules()])
    found: Adapter = theirs or import_module(_modules()[log_format]).ADAPTER
    return found


def adapter_module(log_format: str) -> str:
    """Dotted name of the module that reads a format; what it imports is the rest of its adapter. None of ours is imported for it.

    Raises:
        NoAdapter: nobody reads the format.
    """
    theirs = next((type(adapter).__module__ for adapter in _of_others() if adapter.name == log_format), None)
    return theirs or _modules().get(log_format) or type(adapter_of(log_format)).__module__


@cache
def _modules() -> dict[str, str]:
    """Format → the module with its adapter, by names of files alone."""
    found = (module for module in iter_modules(__path__) if module.name not in _NO_FORMATS)
    return {m.name.replace("_", "-"): f"{__name__}.{m.name}{'.adapter' if m.ispkg else ''}" for m in found}


@cache
def _of_others() -> tuple[Adapter, ...]:
    found = [entry.load() for entry in entry_points(group="agentrecorder.adapters")]
    return tuple(adapter() if isinstance(adapter, type) else adapter for adapter in found)
