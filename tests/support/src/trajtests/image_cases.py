"""A real engine, and images made for a test."""

import os
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import docker
import pytest
from agentsandbox.images import build
from agentsandbox.images.ledger import Ledger
from docker.errors import DockerException

_MADE: list[str] = []


def silent(line: str) -> None:
    """Progress that nobody reads."""


@contextmanager
def engine() -> Iterator[Any]:
    """A client of the engine; skips where there is none, and fails in CI."""
    try:
        client = docker.DockerClient.from_env(timeout=120)
        client.ping()
    except (DockerException, OSError) as e:
        if os.environ.get("CI") == "true":
            pytest.fail(f"no docker in CI: {e}")
        pytest.skip(f"docker: {e}")
    try:
        yield client
    finally:
        client.close()


@contextmanager
def cleaned(client: Any, folder: Path | None = None, prefix: str = "") -> Iterator[None]:
    """Remove afterwards what :func:`made` made, layers of recipes on the record of ``folder``, and names that begin with ``prefix``."""
    try:
        yield
    finally:
        layers = {e.name for e in Ledger(folder).entries().values() if e.name.startswith("trajhub-env:")} if folder else set()
        mine = {name for name in names(client) if name in layers or (prefix and name.startswith(prefix))}
        for name in (*mine, *reversed(_MADE)):
            with suppress(DockerException):
                client.api.remove_image(name)
        _MADE.clear()


def names(client: Any) -> list[str]:
    """Tags of all images."""
    return [tag for image in client.api.images() for tag in image.get("RepoTags") or [] if tag != "<none>:<none>"]


def left_over(client: Any, mark: str) -> list[str]:
    """Ids of images made by a step with ``mark`` in it that belong to no named image."""
    kept = {entry["Id"] for name in names(client) for entry in _history(client, name)}
    found = []
    for image in set(client.api.images(all=True, quiet=True)) - kept:
        if any(mark in entry["CreatedBy"] for entry in _history(client, image)):
            found.append(image)
    return found


def _history(client: Any, image: str) -> list[dict[str, Any]]:
    """History of an image; none if it is gone meanwhile."""
    try:
        return list(client.api.history(image))
    except DockerException:
        return []


def made(client: Any, dockerfile: str, files: Mapping[str, str] | None = None) -> str:
    """Build an image of the test's own. Returns its name."""
    name = f"sandboxtest-{uuid.uuid4().hex[:12]}:1"
    _MADE.append(name)
    with tempfile.TemporaryDirectory() as folder:
        for path, text in {"Dockerfile": dockerfile, **(files or {})}.items():
            Path(folder, path).write_text(text)
        build.build(client, Path(folder), name, silent)
    return name
