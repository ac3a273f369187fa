"""Fetch the wheels of a recipe on the host, so that the build needs no network and no index address enters an image."""

import os
import platform
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

from agentsandbox.errors import ImageUnavailable
from agentsandbox.images.engine import SPACE_REMEDY, is_full
from agentsandbox.images.recipe import Recipe, pinned_name, without_hashes

PIP = "pip==25.3 --hash=sha256:9655943313a94722b7774661c21049070f6bbb0a1516bf02f7c8d5d9201514cd"
"""The pip that installs the wheels in the build; it does not stay in the image."""
_LIMIT_S = 900
_LEGACY = {"x86_64": ("manylinux1", "manylinux2010", "manylinux2014"), "aarch64": ("manylinux2014",)}


def box_requirements() -> list[str]:
    """What every Python environment of a box holds: pytest, coverage and what they need, pinned with hashes."""
    text = resources.files("agentsandbox").joinpath("box-requirements.txt").read_text(encoding="utf-8")
    return [" ".join(entry.replace("\\\n", " ").split()) for entry in re.split(r"\n(?=\S)", text.strip())]


def fetch(recipe: Recipe, name: str, version: str, glibc: str, folder: Path) -> None:
    """Fill ``folder`` with the wheels of a recipe, of the box and of pip, and with ``requirements.txt``.

    ``version`` is the interpreter's, as ``3.11``; ``glibc`` the image's, as ``2.36``; ``name`` is used in errors.

    Raises:
        ImageUnavailable: pip cannot get them: no index, no wheel for that version, a wrong hash, versions that contradict.
    """
    folder.mkdir(parents=True)
    own = {pinned_name(line) for line in recipe.pip}
    box = [line for line in box_requirements() if pinned_name(line) not in own]
    target = [
        *("--only-binary", ":all:", "--implementation", "cp", "--python-version", version),
        *(option for abi in (f"cp{version.replace('.', '')}", "abi3", "none") for option in ("--abi", abi)),
        *(option for tag in _platforms(glibc) for option in ("--platform", tag)),
    ]
    hashed = any("--hash=" in line for line in recipe.pip)
    for lines, options in ((recipe.pip, ["--require-hashes"] if hashed else []), ((*box, PIP), ["--require-hashes", "--no-deps"])):
        if lines:
            _download(lines, [*options, *target], name, folder)
    (folder / "requirements.txt").write_text("".join(without_hashes(line) + "\n" for line in (*recipe.pip, *box)), encoding="utf-8")


def _platforms(glibc: str) -> list[str]:
    machine = platform.machine()
    major, _, minor = glibc.partition(".")
    modern = [f"manylinux_{major}_{n}_{machine}" for n in range(int(minor), 4, -1)]
    return [*modern, *(f"{tag}_{machine}" for tag in _LEGACY.get(machine, ())), f"linux_{machine}"]


def _download(lines: tuple[str, ...], options: list[str], name: str, folder: Path) -> None:
    wanted = folder.parent / "wanted.txt"
    wanted.write_text("\n".join(lines) + "\n", encoding="utf-8")
    argv = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--dest",
        str(folder),
        *options,
        "-r",
        str(wanted),
    ]
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    try:
        done = subprocess.run(argv, capture_output=True, text=True, errors="replace", env=env, timeout=_LIMIT_S, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as e:
        raise ImageUnavailable(
            name, "unreachable", f"no wheels for {name}: pip took more than {_LIMIT_S} s", "check the package index"
        ) from e
    if done.returncode:
        said = re.sub(r"\w+://\S+", "(address)", done.stderr or done.stdout)  # the address of an index may hold a password
        lines_said = [line for line in said.splitlines() if line.strip() and not line.startswith("WARNING")]
        if is_full(said):
            raise ImageUnavailable(name, "no_space", f"the disk is full: no wheels for {name}", SPACE_REMEDY)
        raise ImageUnavailable(
            name, "broken", f"no wheels for {name}: {' '.join(lines_said)[-600:]}", "see pip's message; only wheels are taken"
        )
