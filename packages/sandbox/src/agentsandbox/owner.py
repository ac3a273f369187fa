"""Who made a box: so that boxes of dead processes can be told from those in use."""

import contextlib
import functools
import os
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

from agentsandbox.server.archive import remove

_FILE = "owner"


@dataclass(frozen=True)
class Owner:
    """A process: its host (with the boot it belongs to), its id, and when it started in clock ticks after boot."""

    host: str
    pid: int
    started: int

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}:{self.started}"


def parse(text: str) -> Owner | None:
    """The owner in a label; nothing if the label is not one of ours."""
    host, _, rest = text.partition(":")
    pid, _, started = rest.partition(":")
    return Owner(host, int(pid), int(started)) if pid.isdigit() and started.isdigit() else None


def this_process() -> Owner:
    """The process that runs this."""
    return Owner(_host(), os.getpid(), _started(os.getpid()) or 0)


def is_dead(owner: Owner) -> bool:
    """Whether the owner is known to be gone. A process of another host is not known to be."""
    return owner.host == _host() and _started(owner.pid) != owner.started


@functools.cache
def _host() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id")
    name = socket.gethostname().replace(":", "-")
    return f"{name}-{boot.read_text().strip()[:8]}" if boot.exists() else name


def _started(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def owned_folder(prefix: str) -> Path:
    """A new temporary folder that :func:`reap_folders` removes once this process is dead."""
    folder = Path(tempfile.mkdtemp(prefix=prefix)).resolve()
    (folder / _FILE).write_text(str(this_process()))
    return folder


def reap_folders(prefix: str) -> int:
    """Remove the folders of dead processes whose names begin with ``prefix``. Returns how many there were."""
    count = 0
    for folder in sorted(Path(tempfile.gettempdir()).glob(f"{prefix}*")):
        with contextlib.suppress(OSError):
            who = parse((folder / _FILE).read_text())
            if who and is_dead(who):
                remove_folder(folder)
                count += 1
    return count


def remove_folder(folder: Path) -> None:
    """Remove a folder with all in it, whatever its permissions; one that is gone already is no error.

    Of several threads that want the same folder gone, the one that renames it removes it.
    """
    doomed = folder.with_name(f"{folder.name}-{os.urandom(4).hex()}")
    with contextlib.suppress(FileNotFoundError):
        folder.rename(doomed)
        remove(bytes(doomed))
