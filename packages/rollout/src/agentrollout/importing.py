"""What ``module:attribute`` names, imported from the project's folder or from the environment as its source is now."""

import importlib
import sys
import threading
from pathlib import Path
from types import ModuleType

from agentrollout.source import file_digest, source_file

_REMEDY = "name it module:attribute, with the module beside trajhub.yaml or installed"

_importing = threading.Lock()
_imported: dict[str, str] = {}
"""Module → digest of the source that was imported."""


class Unimportable(ValueError):
    """A name leads to no module, or the module cannot be imported."""

    def __init__(self, name: str, why: str, remedy: str) -> None:
        super().__init__(f"{name!r}: {why}; remedy: {remedy}")
        self.name, self.why, self.remedy = name, why, remedy


def imported(name: str, folder: Path) -> tuple[object, Path]:
    """The attribute that ``name``, a ``module:attribute``, leads to (``None`` where there is none), and the source file of the module.
    ``folder`` is searched first.

    Raises:
        Unimportable: there is no such module, or importing it fails.
    """
    module, _, attribute = name.partition(":")
    if not all(part.isidentifier() for part in [*module.split("."), attribute]):
        raise Unimportable(name, "that is no module and attribute", _REMEDY)
    file = source_file(module, folder)
    if file is None:
        raise Unimportable(name, f"there is no module {module!r} in {folder} or in the environment", _REMEDY)
    return getattr(_module(name, module, file, folder), attribute, None), file


def _module(name: str, module: str, file: Path, folder: Path) -> ModuleType:
    """The module as ``file`` is now; an edited one is imported again."""
    with _importing:
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
        importlib.invalidate_caches()
        digest = file_digest(file)
        try:
            found = importlib.import_module(module)
            if _imported.setdefault(module, digest) != digest:
                found = importlib.reload(found)
        except Exception as error:  # whatever a module does wrong while it is imported
            why = f"{file} cannot be imported: {type(error).__name__}: {error}"
            raise Unimportable(name, why, "mend it, and install what it imports") from error
        _imported[module] = digest
    if Path(found.__file__ or "").resolve() != file:
        raise Unimportable(name, f"{file} is hidden by {found.__file__ or 'a built-in module'}", "give the module another name")
    return found
