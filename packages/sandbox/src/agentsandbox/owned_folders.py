"""Temporary folders that belong to a process: those of dead processes can be told from those in use, and removed."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from trajruntime.process_owner import parse_owner, this_process

from agentsandbox.server.archive import remove

_FILE = "owner"


def owned_folder(prefix: str) -> Path:
    """A new temporary folder that :func:`reap_folders` removes once this process is dead."""
    folder = Path(tempfile.mkdtemp(prefix=prefix)).resolve()
    (folder / _FILE).write_text(str(this_process()))
    return folder


@contextlib.contextmanager
def scratch(prefix: str) -> Iterator[Path]:
    """An owned folder that goes with the block, whatever lies in it; those that killed processes left go first."""
    reap_folders(prefix)
    folder = owned_folder(prefix)
    try:
        yield folder
    finally:
        remove_folder(folder)


def reap_folders(prefix: str) -> int:
    """Remove the folders of dead processes whose names begin with ``prefix``. Returns how many there were."""
    count = 0
    for folder in sorted(Path(tempfile.gettempdir()).glob(f"{prefix}*")):
        with contextlib.suppress(OSError):
            who = parse_owner((folder / _FILE).read_text())
            if who and who.is_dead():
                remove_folder(folder)
                count += 1
    return count


def remove_folder(folder: Path) -> None:
    """Remove a folder with all in it, whatever its permissions; one that is gone already is no error.

    If several threads remove the same folder, the one that renames it first removes it.
    """
    doomed = folder.with_name(f"{folder.name}-{os.urandom(4).hex()}")
    with contextlib.suppress(FileNotFoundError):
        folder.rename(doomed)
        remove(bytes(doomed))
