"""Choose where boxes run: containers if an engine answers, else bubblewrap, else plain processes."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from agentsandbox.errors import BackendUnavailable
from agentsandbox.sandbox import Backend

Name = Literal["auto", "docker", "bubblewrap", "local"]
BY_STRENGTH: tuple[Literal["docker", "bubblewrap", "local"], ...] = ("docker", "bubblewrap", "local")


def choose(
    name: Name = "auto",
    *,
    image: str | None = None,
    environments: Path,
    label: str = "trajhub",
    allow_local: bool = False,
    progress: Callable[[str], None] | None = None,
    images_gb: float | None = None,
) -> Backend:
    """The backend ``name``; for ``auto`` the strongest one that works here.

    With ``progress``, what boxes are made of is prepared too, and ``auto`` skips a backend for which that fails.

    ``image`` is the container image for tasks that name none (docker only). ``environments`` is a folder where the Python
    environment of the other backends is kept. Boxes carry ``label``, so that :meth:`Backend.reap` finds its own.
    ``images_gb`` is the disk that container images may take (see :mod:`agentsandbox.images.budget`); unlimited by default.
    ``allow_local`` lets plain processes run code that is not trusted, too.

    Raises:
        BackendUnavailable: the named backend (for ``auto``: none) works here.
    """
    names = BY_STRENGTH if name == "auto" else (name,)
    problems = []
    for candidate in names:
        backend = _make(candidate, image, Path(environments), label, allow_local, images_gb)
        try:
            backend.check()
            if progress:
                backend.prepare(progress)
            return backend
        except BackendUnavailable as e:
            problems.append(e)
    if len(problems) == 1:
        raise problems[0]
    raise BackendUnavailable("; ".join(f"{n}: {p.what}" for n, p in zip(names, problems, strict=True)), problems[-1].remedy)


def _make(name: str, image: str | None, environments: Path, label: str, allow_local: bool, images_gb: float | None) -> Backend:
    if name == "docker":
        from agentsandbox.backends.docker import DockerBackend

        return DockerBackend(environments, image, label, images_gb)
    if name == "bubblewrap":
        from agentsandbox.backends.bubblewrap import BubblewrapBackend

        return BubblewrapBackend(environments, label)
    if name == "local":
        from agentsandbox.backends.local import LocalBackend

        return LocalBackend(environments, label, allow_local)
    raise BackendUnavailable(f"there is no backend {name!r}", f"choose one of auto, {', '.join(BY_STRENGTH)}")
