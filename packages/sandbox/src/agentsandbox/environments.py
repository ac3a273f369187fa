"""The Python environment of boxes without an image: a venv with pytest and coverage, made once from pinned wheels."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from trajschema.task import Environment

from agentsandbox.errors import BackendUnavailable

_INSTALL_LIMIT_S = 300
_LAYOUT = 1  # of the folder; a new one makes a new environment


@dataclass(frozen=True)
class PythonEnvironment:
    """A venv."""

    folder: Path
    recipe_sha256: str

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python3"


def requirements() -> str:
    """Pinned packages with hashes."""
    return resources.files("agentsandbox").joinpath("box-requirements.txt").read_text(encoding="utf-8")


def recipe_sha256() -> str:
    """Hash of interpreter version and requirements."""
    return hashlib.sha256(f"{_LAYOUT}\n{sys.version}\n{requirements()}".encode()).hexdigest()


def refuse_image(environment: Environment, backend: str) -> None:
    """Nothing, unless ``environment`` names an image, which boxes of ``backend`` have not.

    Raises:
        BackendUnavailable: it does.
    """
    if environment.image:
        raise BackendUnavailable(f"{backend} boxes have no images, and the task is for {environment.image}", "choose docker")


def ensure_environment(environments: Path, progress: Callable[[str], None] = lambda line: None) -> PythonEnvironment:
    """The venv of this recipe below ``environments``, made if it is not there. Safe with several processes.

    Raises:
        BackendUnavailable: it cannot be made: no venv module, or the packages cannot be had.
    """
    recipe = recipe_sha256()
    folder = environments.absolute() / f"python-{recipe[:12]}"
    if not (folder / "ready").exists():
        environments.mkdir(parents=True, exist_ok=True)
        with (environments / "python.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "ready").exists():
                progress("making the Python environment of the boxes")
                _make(folder)
    return PythonEnvironment(folder, recipe)


def _make(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    _run([sys.executable, "-m", "venv", str(folder)], "install Python's venv module (on Debian: python3-venv)")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
        f.write(requirements())
        f.flush()
        pip = [
            str(folder / "bin" / "python3"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "--only-binary",
            ":all:",
            "-r",
            f.name,
        ]
        _run(pip, "connect to a package index once; the environment is kept afterwards")
    _run([str(folder / "bin" / "python3"), "-m", "pip", "uninstall", "--quiet", "--yes", "setuptools", "pip"], "look at the message")
    for script in (folder / "bin").iterdir():
        text = script.read_bytes()
        if text.startswith(b"#!" + bytes(folder)):  # a box sees the environment at another path
            script.write_bytes(b"#!/usr/bin/env python3" + text[text.index(b"\n") :])
    (folder / "etc").mkdir()
    (folder / "etc" / "passwd").write_text("root:x:0:0::/:/bin/false\nagent:x:1000:1000::/home/agent:/bin/bash\n")
    (folder / "etc" / "group").write_text("root:x:0:\nagent:x:1000:\n")
    (folder / "ready").touch()


def _run(argv: list[str], remedy: str) -> None:
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    try:
        done = subprocess.run(argv, capture_output=True, text=True, errors="replace", env=env, timeout=_INSTALL_LIMIT_S)
    except (OSError, subprocess.TimeoutExpired) as e:
        raise BackendUnavailable(f"the box environment cannot be made: {e}", remedy) from e
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-600:]
        raise BackendUnavailable(f"the box environment cannot be made: {said}", remedy)
