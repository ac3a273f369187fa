"""Which code made a partition: a hash of the sources in an asset's import closure, and of the locked libraries in it.

Read from the sources alone, without importing them, so that ``trajhub status`` is quick and what it says of a changed file is
true before that file ever runs. Imports of ``resources``, ``pipelines`` and ``trajruntime`` are wiring and do not count.
"""

import functools
import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
WIRING = ("resources", "pipelines", "dagster", "trajruntime")
_DATA_SUFFIXES = {".j2", ".json", ".toml", ".yaml", ".txt", ".css", ".js", ".cjs", ".mjs"}
_DISTRIBUTIONS = {"yaml": "pyyaml", "PIL": "pillow", "sklearn": "scikit-learn"}
_STATEMENT = re.compile(r"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#;]+)|import[ \t]+([^\n#;]+))", re.MULTILINE)
"""An import statement. A regular expression, because parsing every file would take most of the time of ``status``; a test
holds it against the syntax tree of every source file of the project."""
_FOR_TYPES = re.compile(r"^if TYPE_CHECKING:[ \t]*\n(?:[ \t]+[^\n]*\n|[ \t]*\n)+", re.MULTILINE)
"""What only a type checker runs: it cannot change what is made."""


def fingerprint(*modules: str, checkout: Path = CHECKOUT) -> str:
    """Hash (16 hexadecimal digits) of ``modules``, all they import within the checkout, and the locked versions of the rest.

    Raises:
        ModuleNotFoundError: the checkout has no source of a module.
    """
    files, libraries = closure(*modules, checkout=checkout)
    sha = hashlib.sha256()
    for file in files:
        sha.update(str(file.relative_to(checkout)).encode() + b"\0" + bytes.fromhex(_read(file).sha256))
    locked = locked_versions(checkout)
    for library in libraries:
        if library in locked:
            sha.update(f"{library}=={locked[library]}\n".encode())
    return sha.hexdigest()[:16]


def closure(*modules: str, checkout: Path = CHECKOUT) -> tuple[list[Path], list[str]]:
    """Sorted source files that ``modules`` reach by imports, data files beside them, and the libraries they name."""
    roots = source_roots(checkout)
    for module in modules:
        if _locate(module, roots) is None:
            raise ModuleNotFoundError(f"no source of {module!r} in {checkout}")
    seen: set[str] = set()
    files: set[Path] = set()
    libraries: set[str] = set()
    queue = list(modules)
    while queue:
        name = queue.pop()
        top, _, rest = name.partition(".")
        if name in seen or top in WIRING:
            continue
        seen.add(name)
        if top not in roots:
            if top not in sys.stdlib_module_names:
                libraries.add(_DISTRIBUTIONS.get(top, top).lower().replace("_", "-"))
            continue
        if rest:
            queue.append(name.rpartition(".")[0])
        file = _locate(name, roots)
        if file is not None:
            files.add(file)
            queue.extend(imports(_read(file).text, name, file.name == "__init__.py"))
    for folder in {file.parent for file in files}:
        files.update(p for p in folder.iterdir() if p.suffix in _DATA_SUFFIXES)
    return sorted(files), sorted(libraries)


def imports(source: str, module: str, is_package: bool) -> tuple[str, ...]:
    """Absolute names of all that ``source`` may import when it runs: modules, and names in modules that may be modules too."""
    found: list[str] = []
    for origin, names, plain in _STATEMENT.findall(_FOR_TYPES.sub("", source)):
        if plain:
            found.extend(part.split()[0] for part in plain.split(",") if part.strip())
            continue
        base = origin.lstrip(".")
        level = len(origin) - len(base)
        if level:
            package = module.split(".") if is_package else module.split(".")[:-1]
            base = ".".join([*package[: len(package) - level + 1], *([base] if base else [])])
        found.append(base)
        listed = "\n".join(line.partition("#")[0] for line in names.strip("()").splitlines())
        found.extend(f"{base}.{part.split()[0]}" for part in listed.split(",") if part.strip() and part.strip() != "*")
    return tuple(found)


def source_roots(checkout: Path = CHECKOUT) -> dict[str, Path]:
    """Top-level module of the project → folder that it lies in."""
    folders = [checkout, *sorted(checkout.glob("schema/src")), *sorted(checkout.glob("packages/*/src"))]
    return {p.stem: folder for folder in folders for p in folder.iterdir() if (p / "__init__.py").is_file() or p.suffix == ".py"}


def locked_versions(checkout: Path = CHECKOUT) -> dict[str, str]:
    """Distribution → version, from the lock file; versions for several Pythons are joined."""
    lock = checkout / "requirements.lock"
    if not lock.exists():
        return {}
    found: dict[str, str] = {}
    for name, version in re.findall(r"^([a-zA-Z0-9][\w.-]*)==([^\s\\;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE):
        found[name] = f"{found[name]}|{version}" if name in found else version
    return found


def _locate(module: str, roots: dict[str, Path]) -> Path | None:
    root = roots.get(module.partition(".")[0])
    if root is None:
        return None
    path = root.joinpath(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


@dataclass(frozen=True)
class _Source:
    text: str
    sha256: str


def _read(file: Path) -> _Source:
    stat = file.stat()
    return _read_as_of(file, stat.st_mtime_ns, stat.st_size)


@functools.lru_cache(maxsize=2048)
def _read_as_of(file: Path, _mtime_ns: int, _size: int) -> _Source:
    data = file.read_bytes()
    return _Source(data.decode("utf-8", "replace"), hashlib.sha256(data).hexdigest())
