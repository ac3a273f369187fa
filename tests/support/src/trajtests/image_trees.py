"""Take the code of a task out of its image, so that it can be loaded into a box."""

import io
import posixpath
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from agentsandbox.errors import ImageUnavailable
from agentsandbox.images.engine import engine
from agentsandbox.images.ensure import ensure_image
from agentsandbox.images.probe import labels
from docker.errors import NotFound


def tree_of(
    reference: str,
    workdir: str = "/testbed",
    *,
    folder: Path | None = None,
    progress: Callable[[str], None] = lambda line: None,
    label: str = "trajhub",
) -> bytes:
    """The folder ``workdir`` of an image as a tar archive for :meth:`agentsandbox.sandbox.Sandbox.load`.

    Everything that lies there, built files and ignored ones included, but nothing named ``.git``: no history comes along.
    Owners and times are left out, so one image gives one archive, byte for byte.

    Raises:
        ImageUnavailable: no such image, or no such folder in it.
        BackendUnavailable: no engine, or it fails.
    """
    image = ensure_image(reference, folder=folder, progress=progress, label=label)
    with engine(reference) as client:
        box = client.api.create_container(image.digest, command=["true"], labels=labels(label), network_disabled=True)["Id"]
        try:
            chunks, about = client.api.get_archive(box, workdir)
            if not about["mode"] & 1 << 31:  # Go's bit for a folder
                raise ImageUnavailable(reference, "unfit", f"{workdir} of {reference!r} is no folder", "name the folder of the repository")
            return _stripped(cast(Iterator[bytes], chunks), posixpath.basename(workdir))
        except NotFound as e:
            raise ImageUnavailable(reference, "unfit", f"{reference!r} has no folder {workdir}", "name the folder of the repository") from e
        finally:
            client.api.remove_container(box, force=True)


def _stripped(chunks: Iterator[bytes], top: str) -> bytes:
    """The archive without its top folder, git's files, owners and times; entries in order of path."""
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as source:
        kept = {inner: m for m in source if (inner := _inner(m.name, top)) and ".git" not in inner.split("/")}
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as target:
            for name, member in sorted(kept.items()):
                content = source.extractfile(member) if member.isreg() or member.islnk() else None
                if content or member.isdir() or member.issym():
                    data = content.read() if content else b""
                    target.addfile(_plain(member, name, len(data)), io.BytesIO(data))
        return buffer.getvalue()


def _inner(name: str, top: str) -> str:
    return name.removeprefix(f"{top}/") if name.startswith(f"{top}/") else ""


def _plain(member: tarfile.TarInfo, name: str, size: int) -> tarfile.TarInfo:
    """An entry with name, kind, mode and content only; a hard link becomes the file that it is."""
    plain = tarfile.TarInfo(name)
    plain.mode = member.mode & 0o777
    plain.type = tarfile.REGTYPE if member.islnk() else member.type
    plain.linkname = member.linkname if member.issym() else ""
    plain.size = size
    return plain
