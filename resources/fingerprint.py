"""Which code made a partition: a hash of the sources in an asset's import closure, and of the locked libraries in it.

Read from the sources alone, without importing them, so that ``trajhub status`` is quick and what it says of a changed file is
true before that file ever runs. Imports of ``resources`` and ``pipelines`` are wiring and do not count.
"""

import ast
import functools
import hashlib
import re
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
WIRING = ("resources", "pipelines", "dagster")
_DATA_SUFFIXES = {".j2", ".json", ".toml", ".yaml", ".txt", ".css"}
_DISTRIBUTIONS = {"yaml": "pyyaml", "PIL": "pillow", "sklearn": "scikit-learn"}


def source_roots(checkout: Path = CHECKOUT) -> list[Path]:
    """Folders that top-level modules of the project lie in."""
    return [checkout, checkout / "schema" / "src", *sorted(checkout.glob("packages/*/src"))]


def fingerprint(module: str, checkout: Path = CHECKOUT) -> str:
    """Hash (16 hexadecimal digits) of ``module``, all it imports within the checkout, and the locked versions of the rest.

    Raises:
        ModuleNotFoundError: the checkout has no source of ``module``.
    """
    files, libraries = closure(module, checkout)
    sha = hashlib.sha256()
    for file in files:
        sha.update(str(file.relative_to(checkout)).encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    locked = locked_versions(checkout)
    for library in libraries:
        if library in locked:
            sha.update(f"{library}=={locked[library]}\n".encode())
    return sha.hexdigest()[:16]


def closure(module: str, checkout: Path = CHECKOUT) -> tuple[list[Path], list[str]]:
    """Sorted source files that ``module`` reaches by imports, data files beside them, and the libraries it names."""
    roots = source_roots(checkout)
    if _locate(module, roots) is None:
        raise ModuleNotFoundError(f"no source of {module!r} in {checkout}")
    seen: set[str] = set()
    files: set[Path] = set()
    libraries: set[str] = set()
    queue = [module]
    while queue:
        name = queue.pop()
        if name in seen or name.split(".")[0] in WIRING:
            continue
        seen.add(name)
        file = _locate(name, roots)
        if file is None:
            parent = name.rpartition(".")[0]
            if parent and _locate(parent, roots) is not None:
                queue.append(parent)
            elif name.split(".")[0] not in sys.stdlib_module_names:
                top = name.split(".")[0]
                libraries.add(_DISTRIBUTIONS.get(top, top).lower().replace("_", "-"))
            continue
        files.add(file)
        files.update(p for p in file.parent.iterdir() if p.suffix in _DATA_SUFFIXES and file.parent.name not in ("schema",))
        parts = name.split(".")
        queue.extend(".".join(parts[:i]) for i in range(1, len(parts)))
        stat = file.stat()
        queue.extend(_imports(file, name, stat.st_mtime_ns, stat.st_size))
    return sorted(files), sorted(libraries)


def locked_versions(checkout: Path = CHECKOUT) -> dict[str, str]:
    """Distribution → version, from the lock file; versions for several Pythons are joined."""
    lock = checkout / "requirements.lock"
    if not lock.exists():
        return {}
    found: dict[str, str] = {}
    for name, version in re.findall(r"^([a-zA-Z0-9][\w.-]*)==([^\s\\;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE):
        found[name] = f"{found[name]}|{version}" if name in found else version
    return found


def _locate(module: str, roots: list[Path]) -> Path | None:
    relative = Path(*module.split("."))
    for root in roots:
        for candidate in (root / relative.with_suffix(".py"), root / relative / "__init__.py"):
            if candidate.is_file():
                return candidate
    return None


@functools.lru_cache(maxsize=1024)
def _imports(file: Path, module: str, _mtime_ns: int, _size: int) -> tuple[str, ...]:
    found: list[str] = []
    for node in ast.walk(ast.parse(file.read_bytes(), filename=str(file))):
        if isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
                package = package[: len(package) - node.level + 1]
                base = ".".join([*package, base] if base else package)
            found.append(base)
            found.extend(f"{base}.{alias.name}" for alias in node.names if alias.name != "*")
    return tuple(found)
