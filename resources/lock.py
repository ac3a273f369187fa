"""One writer at a time: a lock file that names its owner, and is broken when that owner is dead."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from trajruntime.process_owner import ProcessOwner, parse_owner, this_process


class Locked(Exception):
    """Another run is writing: names its owner and how to end or break it."""


@dataclass(frozen=True)
class Writer:
    """Who writes: a process, since when (seconds since 1970), and the Dagster run that it works for."""

    owner: ProcessOwner
    since: float
    run_id: str = ""

    def to_json(self) -> str:
        """What the lock file holds."""
        return json.dumps({"owner": str(self.owner), "since": self.since, "run_id": self.run_id})


UNKNOWN = Writer(ProcessOwner("unknown", 0, 0.0), 0.0)


class Lock:
    """The lock of a data folder. Taking it again in the same process is free."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def writer(self) -> Writer | None:
        """Who holds it; ``None`` if nobody does, ``UNKNOWN`` if the file does not say."""
        try:
            held = json.loads(self.file.read_text(encoding="utf-8"))
            owner = parse_owner(held["owner"])
            return Writer(owner, float(held["since"]), str(held["run_id"])) if owner else UNKNOWN
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError):
            return UNKNOWN

    def take(self, run_id: str = "") -> Writer | None:
        """Hold the lock. Returns the dead writer whose lock was broken, if there was one.

        Raises:
            Locked: a living process holds it.
        """
        me = Writer(this_process(), time.time(), run_id)
        broken = None
        self.file.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(5):
            held = self.writer()
            if held is None:
                if self._create(me):
                    return broken
            elif held.owner.same_process(me.owner):
                return broken
            elif held is UNKNOWN or held.owner.is_dead():
                broken = held
                self.file.unlink(missing_ok=True)
            else:
                break
        held = self.writer() or me
        raise Locked(
            f"{self.file}: process {held.owner.pid} on {held.owner.host} has been writing since {time.ctime(held.since)}; "
            "wait for it, or stop it, or (if that machine is gone) run `trajhub unlock`"
        )

    def release(self) -> None:
        """Give it up, if this process holds it."""
        held = self.writer()
        if held is not None and held.owner.same_process(this_process()):
            self.file.unlink(missing_ok=True)

    def _create(self, writer: Writer) -> bool:
        temporary = self.file.with_name(f".{self.file.name}.{writer.owner.pid}")
        temporary.write_text(writer.to_json(), encoding="utf-8")
        try:
            os.link(temporary, self.file)
            return True
        except FileExistsError:
            return False
        finally:
            temporary.unlink()
