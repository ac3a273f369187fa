"""What a task's image is made of, and the layers that follow from it.

Layers are named by a hash over everything below and in them, so recipes that begin alike share what they have in common.
Code of a task is never part of an image: it is loaded into the box.
"""

import hashlib
import json
import posixpath
import re
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

REPOSITORY = "trajhub-env"
"""Repository part of the names of all layers."""
LABEL = "agentsandbox.recipe"
"""Label that holds a layer's hash."""
DEFAULT_WORKDIR = "/testbed"
ENV = "/opt/env"
"""Where the Python environment of a recipe lies in the image."""

_APT = re.compile(r"[a-z0-9][a-z0-9+.-]+(=[A-Za-z0-9.+~:-]+)?")
_PIN = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(\[[A-Za-z0-9._,-]+\])?==(?P<version>[A-Za-z0-9.+!_-]+)(?P<hashes>(\s+--hash=sha256:[0-9a-f]{64})*)"
)
_PYTHON = re.compile(r"3\.\d{1,2}")
_LAYOUT = 1  # of the layers; a new one makes new images
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Recipe:
    """What a task needs besides its code.

    Raises:
        ValueError: a field cannot be used; names it and says what is expected.
    """

    base: str = ""
    """Reference of the image below; empty for ours, a Debian with Python, git and pytest."""
    apt: tuple[str, ...] = ()
    """Debian packages, ``name`` or ``name=version``. Only this layer is built with a network."""
    python: str = ""
    """Version of the interpreter, as ``3.11``; empty for the base's own."""
    pip: tuple[str, ...] = ()
    """Requirements, ``name==version`` with any number of ``--hash=sha256:…``: all with hashes, what they need included, or none."""
    commands: tuple[str, ...] = ()
    """Shell commands, run as root in the workdir, without a network."""
    workdir: str = DEFAULT_WORKDIR
    """Absolute folder of the task's repository."""

    def __post_init__(self) -> None:
        for field in ("apt", "pip", "commands"):
            object.__setattr__(self, field, tuple(" ".join(v.split()) if field == "pip" else v for v in getattr(self, field)))
        _all(self.apt, _APT, "apt", "a Debian package as name or name=version")
        _all(self.pip, _PIN, "pip", "a requirement as name==version, with --hash=sha256:… or without")
        _all((self.python,) if self.python else (), _PYTHON, "python", "a version as 3.11")
        hashed = ["--hash=" in line for line in self.pip]
        if any(hashed) and not all(hashed):
            raise ValueError(f"pip: {self.pip[hashed.index(False)]!r} has no hash, but others have; give all or none")
        if any(not c.strip() for c in self.commands):
            raise ValueError("commands: an empty one; leave it out")
        if not re.fullmatch(r"/[A-Za-z0-9._/-]+", self.workdir) or posixpath.normpath(self.workdir) != self.workdir:
            raise ValueError(f"workdir: {self.workdir!r} is no plain absolute path")
        if not re.fullmatch(r"[A-Za-z0-9._:/@-]*", self.base):
            raise ValueError(f"base: {self.base!r} is no image reference")

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what :meth:`to_json` writes; fields may be missing.

        Raises:
            ValueError: no JSON object, an unknown field, or a field that cannot be used.
        """
        raw = json.loads(text)
        if not isinstance(raw, dict):
            raise ValueError("a recipe is a JSON object")
        known: dict[str, Any] = asdict(cls())
        for name, value in raw.items():
            if name not in known:
                raise ValueError(f"a recipe has no field {name!r}; it has {', '.join(known)}")
            many = isinstance(known[name], tuple)
            if not (isinstance(value, list) and all(isinstance(v, str) for v in value) if many else isinstance(value, str)):
                raise ValueError(f"{name}: {'a list of strings' if many else 'a string'} is expected")
        values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()}
        return cls(**values)

    def to_json(self) -> str:
        """The recipe as one line of JSON."""
        return json.dumps(asdict(self), sort_keys=True)


@dataclass(frozen=True)
class Layer:
    """A part of a recipe that is an image of its own, on top of the one before."""

    kind: Literal["system", "python", "task"]
    sha256: str
    """Hash over everything below and in it."""

    @property
    def name(self) -> str:
        """Name and tag of the image."""
        return f"{REPOSITORY}:{self.sha256[:12]}"


def layers(recipe: Recipe, base: str) -> tuple[Layer, ...]:
    """Layers of a recipe on the image named ``base``, lowest first; none if nothing is asked for."""
    found: list[Layer] = []
    key = hashlib.sha256(f"{_LAYOUT}\n{base}".encode()).hexdigest()
    wanted: tuple[tuple[Literal["system", "python", "task"], list[Any]], ...] = (
        ("system", [*recipe.apt]),
        ("python", [recipe.python, *recipe.pip] if recipe.python or recipe.pip else []),
        ("task", [recipe.workdir, *recipe.commands] if recipe.commands or recipe.workdir != DEFAULT_WORKDIR else []),
    )
    for kind, parts in wanted:
        if parts:
            key = hashlib.sha256(json.dumps([key, kind, parts]).encode()).hexdigest()
            found.append(Layer(kind, key))
    return tuple(found)


def dockerfile(recipe: Recipe, layer: Layer, below: str, python: str = "python3") -> str:
    """Dockerfile of a layer on the image named ``below``. ``python`` is the interpreter of the Python environment.

    The context of the python layer holds a folder ``wheels`` with all wheels, pip's among them, and ``requirements.txt``.
    """
    label = f"LABEL {LABEL}={layer.sha256}\n"
    if layer.kind == "system":
        run = (
            "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "
            f"{' '.join(recipe.apt)} && rm -rf /var/lib/apt/lists /var/cache/apt /var/log/*"
        )
        return f"FROM {below}\nUSER root\n{_run(run)}{label}"
    if layer.kind == "python":
        run = (
            f"{python} -m venv --without-pip {ENV} && cd /wheels && PYTHONPATH=$(echo /wheels/pip-*.whl) {ENV}/bin/python -m pip install "
            "--quiet --no-index --find-links . --no-cache-dir --disable-pip-version-check --root-user-action ignore -r requirements.txt "
            f"&& sha256sum *.whl > {ENV}/wheels.sha256"
        )
        return (
            f"FROM {below} AS wheels\nUSER root\nCOPY wheels /wheels\n{_run(run)}"
            f"FROM {below}\nCOPY --from=wheels {ENV} {ENV}\nENV PATH={ENV}/bin:${{PATH:-{_PATH}}}\n{label}"
        )
    return f"FROM {below}\nUSER root\nWORKDIR {recipe.workdir}\n{''.join(map(_run, recipe.commands))}{label}"


def pinned_name(requirement: str) -> str:
    """Normal form of a requirement's name."""
    match = _PIN.fullmatch(requirement)
    return re.sub(r"[-_.]+", "-", match["name"] if match else requirement).lower()


def without_hashes(requirement: str) -> str:
    """``name==version`` of a requirement."""
    return requirement.partition(" --hash=")[0]


def _run(command: str) -> str:
    return f"RUN {json.dumps(['/bin/sh', '-ec', command])}\n"


def _all(values: tuple[str, ...], pattern: re.Pattern[str], field: str, expected: str) -> None:
    for value in values:
        if not pattern.fullmatch(value):
            raise ValueError(f"{field}: {value!r} is not {expected}")
