"""What the runners for JavaScript share."""

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any
from urllib.parse import unquote, urlsplit

from agentsandbox.errors import SandboxError
from agentsandbox.messages import CommandResult

from agentgrader.copies.copy import Copy, Part
from agentgrader.copies.javascript import SEPARATOR, in_parts, rewritten
from agentgrader.frameworks.framework import Framework, Job

PROTECTED = (
    "**/*.test.*",
    "**/*.spec.*",
    "**/test/**",
    "**/tests/**",
    "**/__tests__/**",
    "**/__mocks__/**",
    "**/__snapshots__/**",
    "**/*.snap",
    "**/package.json",
    "**/node_modules/**",
    "**/tsconfig*.json",
    "**/babel.config.*",
    "**/.babelrc*",
    "**/.swcrc",
    "**/.npmrc",
    "**/.yarnrc*",
    "**/.pnp.*",
    "**/.node-version",
    "**/.nvmrc",
    "**/.env",
    "**/.env.*",
)
"""Tests, mocks and snapshots; and what decides which code they run: ``package.json`` holds the runner's settings, scripts and
``imports``, a compiler's settings can rewrite any module, ``.npmrc`` and ``.yarnrc`` can put options on every node process, a
version file can put another node in its box. A gold patch that changes one of these loses that part."""

_LAUNCHERS = (("npx", "--no-install"), ("npx",), ("pnpm", "exec"), ("yarn", "run"), ("yarn",), ("node",))


class JavaScript(Framework):
    """A runner of JavaScript. A test id is ``path::suite > test``, and what follows the path names the function."""

    endings = (".py", ".js", ".cjs", ".mjs", ".jsx", ".ts", ".cts", ".mts", ".tsx")

    def function(self, test: str) -> str:
        return test.partition("::")[2]

    def copy_name(self, function: str, letters: str) -> str:
        return letters

    def renamed(self, test: str, function: str, name: str) -> str:
        path, _, titles = test.partition("::")
        if titles.endswith(name):
            return test
        return f"{path}::{''.join(titles.rpartition(SEPARATOR)[:2])}{name}"

    def rewrite(self, source: bytes, path: str, wanted: Mapping[str, Copy]) -> tuple[str, list[str]]:
        return rewritten(source, path, wanted)

    def parts(self, source: bytes, path: str, functions: Sequence[str]) -> tuple[str, dict[str, Part]]:
        return in_parts(source, path, functions)


def script(name: str, settings: Any) -> str:
    """A script of this package with its settings put in."""
    text = resources.files("agentgrader.frameworks").joinpath(name).read_text(encoding="utf-8")
    return text.replace("__SETTINGS__", json.dumps(settings))


def planting(name: str, settings: Any) -> str:
    """A set-up file that plants canaries, for jest or vitest: both have the same functions for it."""
    plant = resources.files("agentgrader.frameworks").joinpath("plant.js").read_text(encoding="utf-8")
    return script(name, settings).replace("__PLANT__", plant)


def starts(command: tuple[str, ...], program: str) -> bool:
    """Whether a command runs ``program``: alone, by its path, or through npx, pnpm, yarn or node."""
    for launcher in _LAUNCHERS:
        if command[: len(launcher)] == launcher:
            command = command[len(launcher) :]
            break
    name = command[0].rpartition("/")[2] if command else ""
    return name in (program, f"{program}.js", f"{program}.mjs")


def refuse(job: Job, options: tuple[str, ...]) -> None:
    """Refuse what cannot be graded.

    Raises:
        SandboxError: the test command has one of the ``options``, or lines are asked for.
    """
    if job.lines_of:
        raise SandboxError("the lines of each test are not recorded for JavaScript", "ask for them with pytest or unittest")
    for word in job.command:
        if word.partition("=")[0] in options:
            raise SandboxError(f"the test command's option {word} cannot be graded", "leave it out; name files or test ids instead")


def begun(ended: CommandResult, name: str) -> None:
    """Make sure that the runner came as far as its reporter.

    Raises:
        SandboxError: it did not: it is not installed, or does not take its options.
    """
    if not ended.begun and not ended.timed_out:
        said = ended.output.strip()[-500:]
        raise SandboxError(
            f"{name} did not start (status {ended.exit_code}): {said}", "check that the box has it, and the task's test command"
        )


def relative(path: str, workdir: str) -> str:
    """A path of a report as an id has it; node 18 names ES modules by their URL."""
    if path.startswith("file://"):
        path = unquote(urlsplit(path).path)
    return path[len(workdir) + 1 :] if path.startswith(workdir + "/") else path
