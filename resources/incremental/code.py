"""Which code made a partition: a hash of what the sources in a stage's import closure do, and of the libraries that shape it.

Read from the sources alone, without importing them, so that ``trajhub status`` is quick and what it says of a changed file is
true before that file ever runs.
"""

import functools
import hashlib
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from resources.incremental.syntax import DATA_FILE, Syntax
from resources.incremental.syntax_cache import SYNTAX

CHECKOUT = Path(__file__).resolve().parents[2]
WIRING = ("resources", "pipelines", "trajruntime", "agentsandbox.images", "agentsandbox.cli", "agentgrader.cli")
"""Code that decides when, where and how something is made, not what: left out unless a stage lists it in ``resource_code``."""
REGISTRIES = ("agentrecorder.adapters", "agentrecorder.convert", "agentrollout.embedded")
"""Indexes of plug-ins: left out, because each plug-in that a partition uses is hashed by itself (see `resources.stages`)."""
FOLDERS = ("agentreward.rules.rubrics",)
"""Packages that import every module in them, whatever it is called."""
WORDS_COUNT = (
    "agentsandbox.server",
    "agentgrader.probes",
    "agentrecorder.adapters",
    "agentrecorder.rollout_log",
    "agentrecorder.containers.source",
)
"""Modules whose error messages an agent reads, or that appear in a trajectory; of all others the messages are left out."""
NO_SHAPE = {
    "pyarrow": "stores values as they are",
    "pydantic": "checks values and leaves them as they are",
    "orjson": "reads the same values as any JSON parser",
    "docker": "how the engine is asked; what a box is, stands in the recipe of its image",
    "pytest": "the box brings its own",
    "-pytest": "the box brings its own",
    "coverage": "the box brings its own",
    "anthropic": "how a service is asked; requests and answers are ours",
    "openai": "how a service is asked; requests and answers are ours",
    "mcp": "carries requests",
    "anyio": "carries requests",
    "dagster": "runs the stages",
}
"""Libraries whose version changes nothing that is stored, and why. Those not named here count by their locked version.

``-pytest`` is the module ``_pytest``: names are looked up with dashes for underscores.
"""
_DISTRIBUTIONS = {"yaml": "pyyaml", "PIL": "pillow", "sklearn": "scikit-learn"}


def fingerprint(*modules: str, without: tuple[str, ...] = ()) -> str:
    """:meth:`Sources.fingerprint` of the code that this process runs."""
    return own_sources().fingerprint(*modules, without=without)


@dataclass(frozen=True)
class Closure:
    """What modules reach: modules of the checkout by imports, data files of their packages by name, libraries by distribution."""

    modules: dict[str, Path]
    data: tuple[Path, ...]
    libraries: tuple[str, ...]


class Sources:
    """The source files of a checkout as they are now. Make new ones to see later edits."""

    def __init__(self, checkout: Path = CHECKOUT) -> None:
        self.checkout = checkout
        self.files: dict[str, Path] = {}
        """Module → file."""
        self.data: dict[tuple[str, str], Path] = {}
        """Top-level package, name → data file."""
        for top, root in source_roots(checkout).items():
            self._look(top, root)
        self._read: dict[str, tuple[Syntax, list[str]]] = {}
        self._made: dict[tuple[tuple[str, ...], tuple[str, ...]], str] = {}
        self._tops = {name.partition(".")[0] for name in self.files}

    def fingerprint(self, *modules: str, without: tuple[str, ...] = ()) -> str:
        """Hash (16 hexadecimal digits) of ``modules``, all they import within the checkout, and the locked libraries that count.

        Raises:
            ModuleNotFoundError: the checkout has no source of a module.
        """
        if (modules, without) in self._made:
            return self._made[modules, without]
        found = self.closure(*modules, without=without)
        lines = [f"{name} {self._syntax(name).digest}" for name in sorted(found.modules)]
        lines += [f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in found.data]
        lines += [f"{name}=={self.locked[name]}" for name in found.libraries if name in self.locked and name not in NO_SHAPE]
        SYNTAX.save()
        self._made[modules, without] = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
        return self._made[modules, without]

    def closure(self, *modules: str, without: tuple[str, ...] = ()) -> Closure:
        """What ``modules`` reach. ``without``: packages whose modules are not followed, unless they are among ``modules``.

        Raises:
            ModuleNotFoundError: see :meth:`fingerprint`.
        """
        for module in modules:
            if module not in self.files:
                raise ModuleNotFoundError(f"no source of {module!r} in {self.checkout}")
        seen: set[str] = set()
        found: dict[str, Path] = {}
        libraries: set[str] = set()
        queue = list(modules)
        while queue:
            name = queue.pop()
            if name in seen:
                continue
            seen.add(name)
            top = name.partition(".")[0]
            if top in sys.stdlib_module_names:
                continue
            if top not in self._tops:
                libraries.add(_DISTRIBUTIONS.get(top, top).lower().replace("_", "-"))
            elif name in modules or not (name in REGISTRIES or _below(name, (*WIRING, *without))):
                queue.extend([name.rpartition(".")[0]] if "." in name else [])
                if name in self.files:
                    found[name] = self.files[name]
                    queue.extend(self.imports(name))
                    queue.extend(module for module in self.files if name in FOLDERS and module.startswith(f"{name}."))
        return Closure(found, tuple(sorted(self._data_of(found))), tuple(sorted(libraries)))

    @functools.cached_property
    def locked(self) -> dict[str, str]:
        """Distribution → version, from the lock file; versions for several Pythons are joined."""
        lock = self.checkout / "requirements.lock"
        text = lock.read_text(encoding="utf-8") if lock.exists() else ""
        found: dict[str, str] = {}
        for name, version in re.findall(r"^([a-zA-Z0-9][\w.-]*)==([^\s\\;]+)", text, re.MULTILINE):
            found[name] = f"{found[name]}|{version}" if name in found else version
        return found

    def _data_of(self, modules: Iterable[str]) -> set[Path]:
        """Data files that ``modules`` name, or that such a file names."""
        found: set[Path] = set()
        queue = [(module.partition(".")[0], name) for module in modules for name in self._syntax(module).files]
        while queue:
            top, name = queue.pop()
            file = self.data.get((top, name))
            if file is not None and file not in found:
                found.add(file)
                queue.extend((top, other) for other in DATA_FILE.findall(file.read_text(encoding="utf-8", errors="replace")))
        return found

    def _look(self, top: str, root: Path) -> None:
        if (root / f"{top}.py").is_file():
            self.files[top] = root / f"{top}.py"
        for folder, below, names in os.walk(root / top):
            below[:] = [name for name in below if name != "__pycache__"]
            package = ".".join(Path(folder).relative_to(root).parts)
            for name in names:
                if name.endswith(".py"):
                    self.files[package if name == "__init__.py" else f"{package}.{name[:-3]}"] = Path(folder, name)
                elif DATA_FILE.fullmatch(name):
                    self.data[top, name] = Path(folder, name)

    def imports(self, module: str) -> list[str]:
        """Absolute names of all that ``module`` may import when it runs: modules, and names in modules that may be modules too."""
        return self._seen(module)[1]

    def _syntax(self, module: str) -> Syntax:
        return self._seen(module)[0]

    def _seen(self, module: str) -> tuple[Syntax, list[str]]:
        if module not in self._read:
            file = self.files[module]
            stat = file.stat()
            syntax = _syntax_as_of(file, stat.st_mtime_ns, stat.st_size, _below(module, WORDS_COUNT))
            package = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
            found: dict[str, None] = {}
            for level, origin, name in syntax.imports:
                above = package[: len(package) - level + 1] if level else []
                base = ".".join([*above, *([origin] if origin else [])])
                found.update(dict.fromkeys([base, f"{base}.{name}"] if name and name != "*" else [base]))
            self._read[module] = syntax, list(found)
        return self._read[module]


@functools.cache
def own_sources() -> Sources:
    """The sources of this process: as they were when it first asked, because that is the code that it runs."""
    return Sources()


def source_roots(checkout: Path = CHECKOUT) -> dict[str, Path]:
    """Top-level module of the project → folder that it lies in."""
    folders = [checkout, *sorted(checkout.glob("schema/src")), *sorted(checkout.glob("packages/*/src"))]
    return {p.stem: folder for folder in folders for p in folder.iterdir() if (p / "__init__.py").is_file() or p.suffix == ".py"}


def _below(name: str, packages: tuple[str, ...]) -> bool:
    return f"{name}.".startswith(_prefixes(packages))


@functools.cache
def _prefixes(packages: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{package}." for package in packages)


@functools.lru_cache(maxsize=4096)
def _syntax_as_of(file: Path, _mtime_ns: int, _size: int, wording: bool) -> Syntax:
    return SYNTAX.of(file.read_bytes(), wording=wording)
