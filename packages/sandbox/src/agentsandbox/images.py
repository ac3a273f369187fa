"""The container image of the boxes: built once from a recipe, found again by the recipe's hash.

``python -m agentsandbox.images`` builds it and prints its name, digest and the seconds that took.
"""

import fcntl
import hashlib
import io
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.errors import DockerException, ImageNotFound

from agentsandbox.errors import BackendUnavailable

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

PULL_LIMIT_S = 20.0
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Image:
    """An image that boxes are made of."""

    name: str
    digest: str
    """Id of the image: ``sha256:`` and 64 digits."""
    recipe_sha256: str
    """Hash of the recipe; empty for an image that somebody else made."""
    path: str
    """The image's PATH; empty if it sets none."""


def recipe_sha256() -> str:
    """Hash of what the image is made of."""
    return hashlib.sha256("\n".join((SUITE, *PACKAGES, *FINISH)).encode()).hexdigest()


def recipe_name() -> str:
    """Name and tag of the image of this recipe."""
    return f"trajhub-box:{recipe_sha256()[:12]}"


def ensure_image(reference: str | None = None, *, lock_folder: Path | None = None, progress: Progress = lambda line: None) -> Image:
    """The image ``reference``, pulled if need be; without one the recipe's image, built if need be.

    ``lock_folder`` holds a lock file, so that two processes do not build at the same time.

    Raises:
        BackendUnavailable: no engine, no such image, or no way to build one here.
    """
    try:
        client = docker.DockerClient.from_env(timeout=600)
    except DockerException as e:
        raise BackendUnavailable(f"no docker engine answers ({e})", "start docker, or choose another backend") from e
    try:
        if reference:
            return _given(client, reference, progress)
        return _ours(client) or _build_locked(client, lock_folder or Path(tempfile.gettempdir()), progress)
    except (DockerException, OSError) as e:
        raise BackendUnavailable(f"the image cannot be prepared: {e}", "check that the docker engine runs and has space") from e
    finally:
        client.close()


def _described(image: Any, name: str, recipe: str) -> Image:
    variables = dict(v.partition("=")[::2] for v in image.attrs["Config"].get("Env") or [])
    return Image(name, image.id, recipe, variables.get("PATH", ""))


def _given(client: Any, reference: str, progress: Progress) -> Image:
    try:
        image = client.images.get(reference)
    except ImageNotFound:
        progress(f"pulling {reference}")
        try:
            image = client.images.pull(reference)
        except DockerException as e:
            raise BackendUnavailable(f"there is no image {reference!r} and it cannot be pulled ({e})", "build or load that image") from e
    return _described(image, reference, recipe_sha256() if reference == recipe_name() else "")


def _ours(client: Any) -> Image | None:
    try:
        return _described(client.images.get(recipe_name()), recipe_name(), recipe_sha256())
    except ImageNotFound:
        return None


def _build_locked(client: Any, folder: Path, progress: Progress) -> Image:
    with _locked(folder):
        found = _ours(client)
        if found:
            return found
        started = time.monotonic()
        if _pulled(client, progress):
            _build_from_base(client, progress)
        else:
            _build_by_debootstrap(progress)
        progress(f"{recipe_name()} is ready after {time.monotonic() - started:.0f} s")
        image = _ours(client)
    if image is None:
        raise BackendUnavailable(f"the engine lost {recipe_name()}", "build it again")
    return image


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "image.lock").open("w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def _pulled(client: Any, progress: Progress) -> bool:
    """Whether the base image is there, or came within the limit."""
    try:
        client.images.get(BASE_IMAGE)
        return True
    except ImageNotFound:
        progress(f"pulling {BASE_IMAGE}")
    done: list[bool] = []

    def pull() -> None:
        try:
            client.images.pull(BASE_IMAGE)
            done.append(True)
        except (DockerException, OSError) as e:
            progress(f"{BASE_IMAGE} cannot be pulled: {e}")

    thread = threading.Thread(target=pull, daemon=True)
    thread.start()
    thread.join(PULL_LIMIT_S)
    return bool(done)


def _build_from_base(client: Any, progress: Progress) -> None:
    install = f"apt-get update && apt-get install -y --no-install-recommends {' '.join(PACKAGES)}"
    text = f"FROM {BASE_IMAGE}\nRUN {' && '.join((install, *FINISH))}\n"
    for event in client.api.build(fileobj=io.BytesIO(text.encode()), tag=recipe_name(), rm=True, forcerm=True, decode=True):
        if "error" in event:
            raise BackendUnavailable(f"the image cannot be built: {event['error'].strip()}", "see the message; apt needs a network")
        if event.get("stream", "").startswith(("Step", "Successfully")):
            progress(event["stream"].strip())


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
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(argv: list[str], stdin: Any = subprocess.DEVNULL) -> None:
    done = subprocess.run(argv, stdin=stdin, capture_output=True, text=True, errors="replace")
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-800:]
        raise BackendUnavailable(f"{argv[0]} failed with {done.returncode}: {said}", "see the message; debootstrap needs a Debian mirror")


def main() -> None:
    """Build the image if it is missing; print name, digest and seconds."""
    started = time.monotonic()
    image = ensure_image(progress=lambda line: print(line, flush=True))
    print(image.name, image.digest, f"{time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
