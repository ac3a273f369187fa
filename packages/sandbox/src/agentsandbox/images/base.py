"""The image of boxes whose task brings none: a Debian with Python, pytest and git.

Built on the Debian image of a registry; where none can be had, by debootstrap, which needs a Debian mirror and nothing else.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docker.errors import ImageNotFound

from agentsandbox.errors import BackendUnavailable, ImageUnavailable
from agentsandbox.images.build import build
from agentsandbox.images.engine import SPACE_REMEDY, is_full
from agentsandbox.images.pull import pull

REPOSITORY = "trajhub-box"
SUITE = "bookworm"
BASE_IMAGE = "debian:bookworm-slim"
PACKAGES = ("python3", "python3-pytest", "python3-coverage", "git", "ripgrep", "patch", "ca-certificates")
FINISH = (
    "ln -sf python3 /usr/bin/python",
    "ln -sf pytest-3 /usr/bin/pytest",
    "rm -rf /usr/lib/python3/dist-packages/more_itertools*",  # pytest does without; a library that tasks are made from
    "echo agent:x:1000:1000::/home/agent:/bin/bash >> /etc/passwd",
    "echo agent:x:1000: >> /etc/group",
    "mkdir -p /testbed /home/agent /var/base",
    "rm -rf /var/lib/apt/lists /var/cache/apt/archives /var/log/*",
)
"""Commands run in the image after the packages are in."""

PULL_SILENCE_S = 20
"""A registry that says nothing for so long counts as out of reach."""
Progress = Callable[[str], None]


def recipe_sha256() -> str:
    """Hash of what the image is made of."""
    return hashlib.sha256("\n".join((SUITE, *PACKAGES, *FINISH)).encode()).hexdigest()


def recipe_name() -> str:
    """Name and tag of the image of this recipe."""
    return f"{REPOSITORY}:{recipe_sha256()[:12]}"


def build_base(client: Any, progress: Progress) -> None:
    """Make the image of this recipe.

    Raises:
        BackendUnavailable: there is no way to make it here; says what is missing.
        ImageUnavailable: a step fails, or the disk is full. Nothing of the attempt remains.
    """
    if _debian(client, progress):
        with tempfile.TemporaryDirectory(prefix="trajhub-image-") as folder:
            install = f"apt-get update && apt-get install -y --no-install-recommends {' '.join(PACKAGES)}"
            Path(folder, "Dockerfile").write_text(f"FROM {BASE_IMAGE}\nRUN {' && '.join((install, *FINISH))}\n")
            build(client, Path(folder), recipe_name(), progress, network=True)
    else:
        _build_by_debootstrap(progress)


def _debian(client: Any, progress: Progress) -> bool:
    """Whether the base image is there, or can be pulled."""
    try:
        client.images.get(BASE_IMAGE)
    except ImageNotFound:
        progress(f"pulling {BASE_IMAGE}")
        try:
            pull(BASE_IMAGE, progress, silence_s=PULL_SILENCE_S, tries=1)
        except ImageUnavailable as e:
            if e.problem == "no_space":
                raise
            progress(e.what)
            return False
    return True


def _build_by_debootstrap(progress: Progress) -> None:
    problem = "not run as root" if os.geteuid() else "" if shutil.which("debootstrap") else "debootstrap is not installed"
    if problem:
        raise BackendUnavailable(
            f"{BASE_IMAGE} cannot be pulled, and an image cannot be made without it: {problem}",
            f"connect to a registry, load an image named {recipe_name()}, be root with debootstrap installed, or choose another backend",
        )
    folder = Path(tempfile.mkdtemp(prefix="trajhub-image-"))
    try:
        progress(f"debootstrap {SUITE} with {', '.join(PACKAGES)} (about a minute)")
        root = folder / "root"
        _run(["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(root)])
        _run(["chroot", str(root), "sh", "-ec", "; ".join(FINISH)])
        progress("importing the image")
        tar = subprocess.Popen(["tar", "--numeric-owner", "-C", str(root), "-c", "."], stdout=subprocess.PIPE)
        _run(["docker", "import", "-", recipe_name()], stdin=tar.stdout)
        if tar.wait():
            raise BackendUnavailable("tar failed on the new image", "check the space on the disk")
    except OSError as e:
        if is_full(e):
            raise _full() from e
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(argv: list[str], stdin: Any = subprocess.DEVNULL) -> None:
    done = subprocess.run(argv, stdin=stdin, capture_output=True, text=True, errors="replace")
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-800:]
        if is_full(said):
            raise _full()
        raise BackendUnavailable(f"{argv[0]} failed with {done.returncode}: {said}", "see the message; debootstrap needs a Debian mirror")


def _full() -> ImageUnavailable:
    return ImageUnavailable(recipe_name(), "no_space", f"the disk is full: {recipe_name()} cannot be built", SPACE_REMEDY)
