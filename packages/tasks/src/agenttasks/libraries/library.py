"""The table of pinned libraries that faults are put into."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from trajschema.task import Environment, TaskSource

from agenttasks.errors import UnknownLibrary

_START_UP = (
    "conftest.py",
    "**/conftest.py",
    "pytest.ini",
    ".pytest.ini",
    "tox.ini",
    "setup.cfg",
    "pyproject.toml",
    "sitecustomize.py",
    "**/sitecustomize.py",
    "usercustomize.py",
    "**/usercustomize.py",
    "*.pth",
    "**/*.pth",
)
"""Files that test runners and the interpreter read by themselves; a grader restores them."""


@dataclass(frozen=True)
class Library:
    """A released library, pinned by hash. Paths are relative to the root of its source archive, ``/`` between parts."""

    name: str
    version: str
    sha256: str
    """Of the source archive, hexadecimal; of the packed tree where there is no archive."""
    licence: str
    """SPDX expression."""
    repository: str
    tag: str
    sources: tuple[str, ...]
    """Files and folders that may get a fault."""
    tests: tuple[str, ...]
    """Files and folders that are run."""
    also: tuple[str, ...] = ()
    """Files kept beside sources and tests."""
    exclude: tuple[str, ...] = ()
    """Glob patterns of what is left out."""
    python_path: tuple[str, ...] = (".",)
    commit: str = ""
    timeout_s: float = 60.0
    packed: bool = False
    """Whether it is a folder that was packed into the store (see :mod:`agenttasks.libraries.local`), and no released archive."""

    @property
    def release(self) -> str:
        """Name and version as a person writes them: of a commit the first twelve digits."""
        version = self.version[:12] if self.packed else self.version
        return f"{self.name} {version}".rstrip()

    @property
    def pytest_ini(self) -> str:
        """Test configuration of the tree: the upstream one asks for plugins that a box does not have."""
        return "[pytest]\ntestpaths = " + " ".join(self.tests) + "\n"

    def environment(self) -> Environment:
        """What a box needs to run the library's tests."""
        return Environment(test_paths=self.tests, python_path=self.python_path, timeout_s=self.timeout_s)

    def source(self, operators: tuple[str, ...]) -> TaskSource:
        """Where a task with these faults comes from."""
        return TaskSource(
            kind="injected",
            package="" if self.packed else self.name,
            version=self.version,
            sha256=self.sha256,
            licence=self.licence,
            repository=self.repository,
            tag=self.tag,
            commit=self.commit,
            operators=operators,
        )

    def protected_paths(self) -> tuple[str, ...]:
        """Globs of tests and of start-up files, which a grader restores before it runs the tests."""
        tests = tuple(path if path.endswith(".py") else f"{path}/**" for path in self.tests)
        return (*tests, *_START_UP)


def read_libraries(text: str) -> Mapping[str, Library]:
    """Libraries of a TOML table, by name, in its order.

    Raises:
        TypeError: an entry lacks a field or has an unknown one.
        tomllib.TOMLDecodeError: it is not TOML.
    """
    found = [_library(entry) for entry in tomllib.loads(text)["library"]]
    return MappingProxyType({entry.name: entry for entry in found})


def _library(entry: Mapping[str, Any]) -> Library:
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return Library(**fields)


@cache
def libraries() -> Mapping[str, Library]:
    """The libraries that come with the package."""
    return read_libraries(files("agenttasks.libraries").joinpath("libraries.toml").read_text("utf-8"))


def library(name: str) -> Library:
    """The pinned library of that name.

    Raises:
        UnknownLibrary: the table does not hold it.
    """
    try:
        return libraries()[name]
    except KeyError:
        raise UnknownLibrary(name, ", ".join(libraries())) from None
