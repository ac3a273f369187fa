"""Builds the image of boxes whose task names none (see `base_recipe`).

Built on the Debian image of a registry; where none can be had, by debootstrap, which needs a Debian mirror and nothing else.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docker.errors import ImageNotFound

from agentsandbox.errors import BackendUnavailable, ImageUnavailable
from agentsandbox.images.base_recipe import BASE_IMAGE, FINISH, PACKAGES, SUITE, recipe_name
from agentsandbox.images.build import build
from agentsandbox.images.engine import SPACE_REMEDY, is_full
from agentsandbox.images.pull import pull

PULL_SILENCE_S = 20
"""Seconds of silence after which a registry counts as unreachable."""
Progress = Callable[[str], None]


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
