"""Write a whole file or none: under a name of its own beside the target, then moved into place."""

import os
from pathlib import Path
from uuid import uuid4


def write_bytes(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Make ``path`` a file that holds ``data``; a reader sees what was there before, or all of it. Missing folders are made.

    ``durable`` has the bytes on the disk before the name is, so that they outlive a crash of the machine.

    Raises:
        OSError: it cannot be written; nothing is left behind, and what was there stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name[:100]}.{uuid4().hex}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str, *, durable: bool = False) -> None:
    """Like :func:`write_bytes`, of ``text`` as UTF-8."""
    write_bytes(path, text.encode("utf-8"), durable=durable)
