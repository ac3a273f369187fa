"""Build an image from a folder with a Dockerfile, and leave nothing else behind."""

import contextlib
import os
import re
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from docker.errors import APIError, DockerException
from trajruntime.file_lock import locked

from agentsandbox.errors import ImageUnavailable
from agentsandbox.images.engine import SPACE_REMEDY, is_full

Progress = Callable[[str], None]
_MADE = re.compile(r" ---> ([0-9a-f]{12})\n")


def build(client: Any, context: Path, name: str, progress: Progress, *, network: bool = False) -> None:
    """Build ``context`` and call the result ``name``. Steps run without a network unless ``network``.

    One build at a time: otherwise the leftovers of this build could not be told from images of another.

    Raises:
        ImageUnavailable: a step fails, or the disk is full. No image, container or layer of the attempt remains.
    """
    with locked(Path(tempfile.gettempdir(), f"agentsandbox-{os.getuid()}"), "build"):
        problem, said = _built(client, context, name, progress, network)
    if problem:
        if is_full(problem):
            raise ImageUnavailable(name, "no_space", f"the disk is full: {name} cannot be built", SPACE_REMEDY)
        tail = " ".join(" ".join(said).split())[-500:]
        raise ImageUnavailable(
            name, "broken", f"{name} cannot be built: {problem} ({tail})", "see the message; apt needs a network, all else has none"
        )


def _built(client: Any, context: Path, name: str, progress: Progress, network: bool) -> tuple[str, list[str]]:
    """What went wrong (empty if nothing did), and the last lines of output."""
    before = _ids(client)
    made: list[str] = []
    said: list[str] = []
    problem = ""
    try:
        options = {"network_mode": "default" if network else "none", "rm": True, "forcerm": True, "decode": True}
        for event in client.api.build(path=str(context), tag=name, **options):
            problem = problem or str(event.get("error", "")).strip()
            text = str(event.get("stream", ""))
            made += _MADE.findall(text)
            said = [*said, text.strip()][-12:] if text.strip() and not text.startswith(" --->") else said
            if text.startswith("Step"):
                progress(f"{name}: {text.strip()[:120]}")
    except APIError as e:
        problem = str(e.explanation or e)
    finally:
        keep = before | _kept(client, name)
        _remove(client, (i for i in reversed(made) if not any(known.startswith(f"sha256:{i}") for known in keep)))
    return problem, said


def _ids(client: Any) -> set[str]:
    return set(client.api.images(all=True, quiet=True))


def _kept(client: Any, name: str) -> set[str]:
    """Ids of an image and of those below it; none if it is not there."""
    try:
        return {entry["Id"] for entry in client.api.history(name)}
    except (DockerException, OSError):
        return set()


def _remove(client: Any, ids: Iterable[str]) -> None:
    """Remove images that nobody uses; one that is used stays."""
    for image in dict.fromkeys(ids):
        with contextlib.suppress(DockerException, OSError):
            client.api.remove_image(image, noprune=True)
