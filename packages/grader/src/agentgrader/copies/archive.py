"""A tree as an archive, with some of its files replaced."""

import io
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

_COMPILED = (".pyc", ".pyo")


def contents(archive: bytes, paths: Iterable[str]) -> dict[str, bytes]:
    """What these files hold, of those that are there."""
    wanted = set(paths)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {name: data for member in tar if (name := _name(member)) in wanted and (data := _data(tar, member)) is not None}


def with_files(archive: bytes, texts: Mapping[str, str]) -> bytes:
    """The tree with other ``texts`` in its files, and without what else holds the old ones: its history, and byte code."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar, tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as made:
        for member, data in _kept(tar):
            name = _name(member)
            if name in texts:
                data = texts[name].encode("utf-8", "surrogateescape")
                member.type = tarfile.REGTYPE
            member.size = len(data or b"")
            made.addfile(member, None if data is None else io.BytesIO(data))
    return out.getvalue()


def _kept(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, bytes | None]]:
    for member in tar:
        parts = PurePosixPath(_name(member)).parts
        if ".git" not in parts and "__pycache__" not in parts and not member.name.endswith(_COMPILED):
            yield member, _data(tar, member) if member.isreg() else None


def _data(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes | None:
    file = tar.extractfile(member) if member.isreg() or member.islnk() else None
    return file.read() if file else None


def _name(member: tarfile.TarInfo) -> str:
    return member.name.removeprefix("./")
