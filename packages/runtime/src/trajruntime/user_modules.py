"""Modules of a user's own, named ``module:attribute``: their source files, found without running any, and what they hold."""

import hashlib
import importlib
import importlib.util
import sys
import threading
from pathlib import Path
from types import ModuleType

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


def source_file(module: str, folder: Path) -> Path | None:
    """The file that ``module`` is imported from: in ``folder``, else in the environment; ``None`` where neither has it."""
    parts = module.split(".")
    for root in [folder.joinpath(*parts[:-1]), *_installed(parts)]:
        for file in (root / f"{parts[-1]}.py", root / parts[-1] / "__init__.py"):
            if file.is_file():
                return file.resolve()
    return None


def source_digest(name: str, folder: Path) -> str:
    """SHA-256 of the source file of ``module:attribute``; ``missing`` where there is none."""
    file = source_file(name.partition(":")[0], folder)
    return "missing" if file is None else file_digest(file)


def file_digest(file: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _installed(parts: list[str]) -> list[Path]:
    """Folders of the environment in which the last part may lie. Finding a top-level module imports nothing."""
    try:
        top = importlib.util.find_spec(parts[0])
    except (ImportError, ValueError):
        return []
    if top is None:
        return []
    if len(parts) > 1:
        return [Path(place).joinpath(*parts[1:-1]) for place in top.submodule_search_locations or ()]
    if top.origin is None or not top.has_location:
        return []
    return [Path(top.origin).parent.parent if top.submodule_search_locations else Path(top.origin).parent]
