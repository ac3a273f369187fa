"""Whom the processes of a container belong to: an id of its own on the host, and its name in the container."""

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from docker.errors import APIError, NotFound
from docker.types import Mount

from agentsandbox import user_ids

_FILES = ("passwd", "group")
_MAPPING = ("name=rootless", "name=userns")
"""Security options of an engine whose containers have no ids but those that the system gave to one user."""


def maps_users(api: Any) -> bool:
    """Whether the engine runs containers in a user namespace of one user, to whom the kernel then counts all that they take."""
    return any(option.startswith(_MAPPING) for option in api.info().get("SecurityOptions") or ())


@dataclass(frozen=True)
class Names:
    """What an image has as /etc/passwd and /etc/group; empty where it has none."""

    passwd: str
    group: str


def names_of(api: Any, digest: str, labels: dict[str, str]) -> Names:
    """The names in an image. A container that is never started carries ``labels`` meanwhile.

    Raises:
        DockerException: the engine fails.
    """
    box = api.create_container(digest, entrypoint=["/"], command=[], labels=labels, network_disabled=True)["Id"]
    try:
        return Names(*(_read(api, box, f"/etc/{name}") for name in _FILES))
    finally:
        api.remove_container(box, force=True)


@contextmanager
def mounts(names: Names, number: int, prefix: str) -> Iterator[list[Any]]:
    """Mounts in which ``number`` has the name of the agent. Their files may go once the container runs."""
    with user_ids.named(prefix, number, names.passwd, names.group) as folder:
        yield [Mount(f"/etc/{name}", str(folder / name), type="bind", read_only=True) for name in _FILES]


def sees_no_files(problem: APIError) -> bool:
    """Whether the engine could not mount what lies on this machine, because its files are others: it runs beside this container."""
    return "source path does not exist" in str(problem)


def _read(api: Any, box: str, path: str) -> str:
    try:
        pieces, _ = api.get_archive(box, path)
    except NotFound:
        return ""
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as tar:
        member = next(iter(tar), None)
        found = tar.extractfile(member) if member and member.isreg() else None
        return found.read().decode("utf-8", "replace") if found else ""
