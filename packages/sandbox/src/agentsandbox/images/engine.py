"""The container engine, its errors as ours."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import docker
from docker.errors import DockerException

from agentsandbox.errors import BackendUnavailable, ImageUnavailable

_SILENCE_S = 600
_NO_SPACE = "no space left on device"
SPACE_REMEDY = "free some: `agentsandbox images prune` removes what has not been used for long"


@contextmanager
def engine(reference: str = "") -> Iterator[Any]:
    """A client of the engine, to do something with the image ``reference``.

    Raises:
        ImageUnavailable: the disk is full.
        BackendUnavailable: no engine answers, or it fails.
    """
    try:
        client = docker.DockerClient.from_env(timeout=_SILENCE_S)
    except DockerException as e:
        raise BackendUnavailable(f"no docker engine answers ({e})", "start docker, or choose another backend") from e
    try:
        yield client
    except (DockerException, OSError) as e:
        if is_full(e):
            raise ImageUnavailable(reference, "no_space", f"the disk is full, for {reference or 'an image'}: {e}", SPACE_REMEDY) from e
        raise BackendUnavailable(f"the engine cannot prepare {reference or 'an image'}: {e}", "check that it runs and has space") from e
    finally:
        client.close()


def is_full(error: BaseException | str) -> bool:
    """Whether an error, or what a program said, means that a disk is full."""
    return (isinstance(error, OSError) and error.errno == errno.ENOSPC) or _NO_SPACE in str(error).lower()
