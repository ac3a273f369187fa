"""Answers by content: the same question to the same model is asked once."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any


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
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(answer, file, sort_keys=True)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"
