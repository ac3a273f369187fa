"""One writer at a time: a lock file that names its owner, and is broken when that owner is dead."""

import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path


class Locked(Exception):
    """Another run is writing: names its owner and how to end or break it."""


@dataclass(frozen=True)
class Owner:
    """A process, told apart from a later one with the same number by its start."""

    pid: int
    started: str
    host: str
    since: float
    run_id: str = ""

    @classmethod
    def me(cls, run_id: str = "") -> "Owner":
        """This process."""
        return cls(os.getpid(), _start_of(os.getpid()), socket.gethostname(), time.time(), run_id)

    def same_process(self, other: "Owner") -> bool:
        """Whether both are one process."""
        return (self.pid, self.started, self.host) == (other.pid, other.started, other.host)

    def dead(self) -> bool:
        """True if the process is known to be gone; a process of another host counts as alive."""
        return self.host == socket.gethostname() and _start_of(self.pid) != self.started


class Lock:
    """The lock of a data folder. Taking it again in the same process is free."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def owner(self) -> Owner | None:
        """Who holds it; ``None`` if nobody does."""
        try:
            return Owner(**json.loads(self.file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            return Owner(0, "unknown", socket.gethostname(), 0.0)

    def take(self, run_id: str = "") -> Owner | None:
        """Hold the lock. Returns the dead owner whose lock was broken, if there was one.

        Raises:
            Locked: a living process holds it.
        """
        me = Owner.me(run_id)
        broken = None
        self.file.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(5):
            held = self.owner()
            if held is None:
                if self._create(me):
                    return broken
            elif held.same_process(me):
                return broken
            elif held.dead():
                broken = held
                self.file.unlink(missing_ok=True)
            else:
                break
        held = self.owner() or me
        raise Locked(
            f"{self.file}: process {held.pid} on {held.host} has been writing since {time.ctime(held.since)}; "
            "wait for it, or stop it, or (if that machine is gone) run `trajhub unlock`"
        )

    def release(self) -> None:
        """Give it up, if this process holds it."""
        held = self.owner()
        if held is not None and held.same_process(Owner.me()):
            self.file.unlink(missing_ok=True)

    def _create(self, owner: Owner) -> bool:
        temporary = self.file.with_name(f".{self.file.name}.{owner.pid}")
        temporary.write_text(json.dumps(asdict(owner)), encoding="utf-8")
        try:
            os.link(temporary, self.file)
            return True
        except FileExistsError:
            return False
        finally:
            temporary.unlink()


def _start_of(pid: int) -> str:
    """Start time of a process as the kernel counts it; empty if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        return "alive"
    return "alive"
