"""The source file of an agent of one's own, found without running any of it."""

import hashlib
import importlib.util
from pathlib import Path


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
