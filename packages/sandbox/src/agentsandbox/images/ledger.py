"""What is known about images beyond what the engine says: who added them, when they were last used, what is in them."""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from trajruntime import atomic
from trajruntime.file_lock import locked

_USE_EVERY_S = 60.0

Origin = Literal["built", "pulled", "elsewhere", "foreign"]
"""Who added an image: built or pulled by us; built by us, but recorded in another folder; or by somebody else."""


@dataclass(frozen=True)
class Entry:
    """One image."""

    name: str
    """Reference or name that it was asked for by."""
    origin: Origin = "foreign"
    last_use: float = 0.0
    """Seconds since 1970."""
    python: str = ""
    """Interpreter for the server; empty until somebody looked."""
    older: str = ""
    """The image's own interpreter, where it is too old for the server."""
    path: str = ""
    """PATH for the agent."""


class Ledger:
    """A JSON file, image id → entry. Safe with several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "images.json"
        self._noted: dict[str, float] = {}

    def entries(self) -> dict[str, Entry]:
        """All of them. A file that cannot be read counts as empty: its content can be found out again."""
        try:
            raw = json.loads(self._file.read_text(encoding="utf-8"))
            return {digest: Entry(**values) for digest, values in raw.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def note(self, digest: str, asked: str, /, **changes: Any) -> Entry:
        """Record that an image was used now, named ``asked`` if it is new, with fields of :class:`Entry` that change. Returns the entry."""

        def change(entries: dict[str, Entry]) -> None:
            old = entries.get(digest) or Entry(asked)
            entries[digest] = replace(old, **{"last_use": time.time(), **changes})

        return self._change(change)[digest]

    def used(self, digest: str, name: str) -> None:
        """Record that an image was used now; does nothing if it did so within the last minute."""
        now = time.monotonic()
        if now - self._noted.get(digest, -_USE_EVERY_S) >= _USE_EVERY_S:
            self._noted[digest] = now
            self.note(digest, name)

    def forget(self, digests: Iterable[str]) -> None:
        """Drop entries of images that are gone."""
        gone = set(digests)
        if gone:
            self._change(lambda entries: [entries.pop(d, None) for d in gone])

    def _change(self, change: Callable[[dict[str, Entry]], object]) -> dict[str, Entry]:
        with locked(self.folder, "ledger"):
            entries = self.entries()
            change(entries)
            atomic.write_text(self._file, json.dumps({d: asdict(e) for d, e in sorted(entries.items())}, indent=1))
            return entries
