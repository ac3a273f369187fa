"""Small projects for end-to-end tests: a folder with its own settings and data, run through the real command."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from resources.lake import Lake
from trajtests import forked
from trajtests.own_library import MYLIB, make_mylib

CHECKOUT = Path(__file__).resolve().parents[4]
WARM = CHECKOUT / ".trajhub" / "tests"
"""Downloads, certificates and box environments that tests share; kept between runs."""
SOURCES = ("assets", "pipelines", "resources", "schema", "packages", "requirements.lock", "workspace.yaml", "pyproject.toml")
REAL: dict[str, Any] = {"libraries": ["inflection", "cachetools"], "repositories": []}
"""Tasks from real libraries in place of the small one."""
SMALL: dict[str, Any] = {
    "tasks": {"libraries": [], "repositories": [MYLIB], "count": 3, "seed": 1},
    "agents": {
        "run": [{"name": "oracle"}, {"name": "noop"}, {"name": "localising"}],
        "max_steps": 10,
    },
    "sandbox": {"backend": "bubblewrap" if shutil.which("bwrap") else "auto"},
}
"""Of the backends that isolate, the one whose boxes open in a moment."""


@dataclass
class Project:
    """A project folder; ``code`` is the checkout whose sources run."""

    folder: Path
    code: Path = CHECKOUT
    environment: dict[str, str] = field(default_factory=dict)

    def configure(self, **settings: Any) -> None:
        """Write ``trajhub.yaml``: the small project with these sections replaced or extended."""
        merged = {**SMALL}
        for name, value in settings.items():
            merged[name] = {**merged.get(name, {}), **value} if isinstance(value, dict) else value
        (self.folder / "trajhub.yaml").write_text(yaml.safe_dump(merged), encoding="utf-8")

    @property
    def data(self) -> Path:
        return self.folder / ".trajhub"

    @property
    def lake(self) -> Lake:
        return Lake(str(self.data / "lake"))

    def environ(self) -> dict[str, str]:
        """The environment of a command: the sources of ``code`` first, no key, no settings of the tester."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("TRAJHUB") and k not in ("ANTHROPIC_API_KEY", "DAGSTER_HOME")}
        roots = [self.code, self.code / "schema" / "src", *sorted(self.code.glob("packages/*/src"))]
        return {**clean, "PYTHONPATH": os.pathsep.join(map(str, roots)), "COLUMNS": "160", **self.environment}

    def start_command(self, *arguments: str) -> list[str]:
        """``trajhub …`` as a program and its arguments."""
        return [sys.executable, "-m", "pipelines.command", *arguments]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin ``trajhub …``."""
        command = self.start_command(*arguments)
        return subprocess.Popen(command, cwd=self.folder, env=self.environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def trajhub(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """``trajhub …`` to its end."""
        if self.code == CHECKOUT:
            return forked.run_module("pipelines.command", arguments, folder=self.folder, environment=self.environ())
        process = self.start(*arguments)
        out, err = process.communicate(timeout=280)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def run(self, *, ok: bool = True) -> dict[str, Any]:
        """``trajhub run --json``: what it says at the end."""
        done = self.trajhub("run", "--json")
        assert (done.returncode == 0) is ok, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def computed(self, summary: dict[str, Any]) -> dict[str, int]:
        """Stage → partitions computed, those with none left out."""
        return {stage: counts["computed"] for stage, counts in summary["stages"].items() if counts["computed"]}


def make_project(folder: Path, **settings: Any) -> Project:
    """A project in ``folder`` that shares the warm store. Its tasks are from a small library there, unless ``settings`` say otherwise."""
    project = Project(folder)
    project.data.mkdir(parents=True)
    make_mylib(folder / MYLIB["path"])
    for shared in ("store", "environments"):
        (WARM / shared).mkdir(parents=True, exist_ok=True)
        (project.data / shared).symlink_to(WARM / shared)
    project.configure(**settings)
    return project


def copy_checkout(target: Path) -> Path:
    """A copy of the sources, in the new folder ``target``."""
    target.mkdir()
    for name in SOURCES:
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__", "tests", "*.egg-info", "dist"))
        else:
            shutil.copy(source, target / name)
    return target
