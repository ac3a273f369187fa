"""Answers by content: the same question to the same model is asked once."""

import json
from pathlib import Path
from typing import Any

from trajruntime import atomic


class AnswerCache:
    """A folder of JSON files, each named by the key of a question. Several processes may share it.

    A file that cannot be read counts as absent; the next answer replaces it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> dict[str, Any] | None:
        """The answer stored under ``key``."""
        try:
            found = json.loads(self._path(key).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) and isinstance(found.get("text"), str) else None

    def put(self, key: str, answer: dict[str, Any]) -> None:
        """Store ``answer``: written to a temporary name, then moved, so a reader never sees half of it."""
        atomic.write_text(self._path(key), json.dumps(answer, sort_keys=True))

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"
