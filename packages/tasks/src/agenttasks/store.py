"""The task store: source archives, trees by content, and records of what was measured and validated.

Every write goes to a temporary name and is moved, so a reader never sees half a file and a killed run leaves none behind.
"""

import json
from pathlib import Path
from typing import Any

from trajruntime import atomic
from trajschema.ids import sha256_bytes
from trajschema.task import Task

from agenttasks.errors import StoreCorrupt, TreeMissing


class TaskStore:
    """A folder with ``downloads/``, ``trees/`` and ``records/``. Safe for many writers: equal keys have equal content."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def put_tree(self, tar: bytes) -> str:
        """Keep a tar archive; returns its key, the SHA-256 of the bytes."""
        key = sha256_bytes(tar)
        path = self._tree(key)
        if not path.exists():
            atomic.write_bytes(path, tar)
        return key

    def tree(self, task: Task) -> bytes:
        """The tar archive that ``task.base_archive`` names.

        Raises:
            TreeMissing: it was never stored here.
            StoreCorrupt: the file does not have the content that its name says.
        """
        return self.tree_bytes(task.base_archive)

    def tree_bytes(self, key: str) -> bytes:
        """The tar archive with that key. Raises like :meth:`tree`."""
        path = self._tree(key)
        try:
            data = path.read_bytes()
        except OSError:
            raise TreeMissing(key, str(self.root)) from None
        if sha256_bytes(data) != key:
            raise StoreCorrupt(str(path))
        return data

    def download(self, name: str) -> Path:
        """Where a downloaded archive of that file name lies, whether or not it is there."""
        return self.root / "downloads" / name

    def put_record(self, kind: str, key: str, value: Any) -> None:
        """Keep a JSON value under (kind, key); a later one replaces it."""
        atomic.write_bytes(self._record(kind, key), json.dumps(value, sort_keys=True, separators=(",", ":")).encode())

    def record(self, kind: str, key: str) -> Any | None:
        """The JSON value kept under (kind, key); ``None`` where there is none, or where it cannot be read and is to be made again."""
        try:
            return json.loads(self._record(kind, key).read_bytes())
        except (OSError, ValueError):
            return None

    def _tree(self, key: str) -> Path:
        return self.root / "trees" / f"{key}.tar"

    def _record(self, kind: str, key: str) -> Path:
        return self.root / "records" / kind / key[:2] / f"{key}.json"
