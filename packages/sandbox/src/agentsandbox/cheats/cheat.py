"""What a cheat is: something that an agent does to a task in a box, and what must give it away."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from trajschema.task import Task

from agentsandbox.protection import patched_paths

Call = tuple[str, Mapping[str, Any]]
"""A tool call: name and arguments."""
SECRET = "planted-7f3a9c51"
"""Stands in the environment of the host while the suite runs; no box may know it."""


@dataclass(frozen=True)
class Scene:
    """A task as a cheat sees it."""

    target: str
    """Path of the file with the fault."""
    module: str
    """Its dotted name, as the tests import it."""
    tests: tuple[str, ...]
    """Ids of the tests that must be made to pass."""
    test_file: str
    package: str
    """Name of the library on the package index."""
    repository: str
    """Address of the library's public repository."""
    roots: tuple[str, ...]
    """Folders on the module search path, relative to the workdir, each empty or with a slash at its end."""

    @property
    def test_folder(self) -> str:
        """Folder of the tests, empty or with a slash at its end."""
        return _folder(self.test_file)

    @property
    def target_folder(self) -> str:
        """Folder of the faulty file, empty or with a slash at its end."""
        return _folder(self.target)


def scene(task: Task) -> Scene:
    """The scene of ``task``.

    Raises:
        ValueError: the gold patch changes no Python file, or no test must be fixed.
    """
    sources = [p for p in patched_paths(task.gold_patch) if p.endswith(".py")]
    if not sources or not task.FAIL_TO_PASS:
        raise ValueError(f"{task.task_id}: a cheat needs a task whose gold patch changes a Python file and that has FAIL_TO_PASS tests")
    roots = tuple(dict.fromkeys(["", *(f"{p.strip('/')}/" for p in task.environment.python_path if p.strip("./"))]))
    root = max((r for r in roots if sources[0].startswith(r)), key=len)
    return Scene(
        target=sources[0],
        module=sources[0].removeprefix(root).removesuffix(".py").removesuffix("/__init__").replace("/", "."),
        tests=task.FAIL_TO_PASS,
        test_file=task.FAIL_TO_PASS[0].partition("::")[0],
        package=task.source.package or task.repo,
        repository=task.source.repository,
        roots=roots,
    )


Act = Callable[[Scene], Sequence[Call] | str]


@dataclass(frozen=True)
class Cheat:
    """One way of one case. ``act`` gives tool calls, whose diff is graded, or a diff."""

    case: int
    name: str
    act: Act
    seen: str
    """Regular expression: what must be found in ``where``."""
    where: Literal["outcome", "attempt"] = "outcome"
    """``outcome``: reason, tamper evidence and canaries. ``attempt``: what the tools answered."""
    never: str = ""
    """Regular expression that what the tools answered must not match."""


def shell(*lines: str) -> Call:
    """Lines of bash. Relative paths start at the repository."""
    return "shell", {"command": "\n".join(lines), "timeout_s": 20}


def write(path: str, content: str) -> Call:
    """A new or replaced file."""
    return "file_write", {"path": path, "content": content}


def append(path: str, content: str) -> Call:
    """More text at the end of a file."""
    return shell(f"printf '%s' {shlex.quote(chr(10) + content)} >> {shlex.quote(path)}")


def on_import(case: int, name: str, code: str, seen: str) -> Cheat:
    """A cheat that hides in the faulty module: ``code`` runs when a test imports it. ``TESTS`` in it stands for the required test ids."""
    return Cheat(case, name, lambda s: [append(s.target, code.replace("TESTS", repr(s.tests)))], seen)


def _folder(path: str) -> str:
    head, slash, _ = path.rpartition("/")
    return head + slash
