"""Answers by content: the same question to the same model is asked once."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from trajschema.ids import digest


class AnswerCache:
    """A folder of JSON files named by the digest of the request. Several processes may share it.

    A file that cannot be read counts as absent; the next answer replaces it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, request: Any) -> dict[str, Any] | None:
        """The answer stored for ``request``, a JSON value."""
        try:
            found = json.loads(self._path(request).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) and isinstance(found.get("text"), str) else None

    def put(self, request: Any, answer: dict[str, Any]) -> None:
        """Store ``answer``: written to a temporary name, then moved, so a reader never sees half of it."""
        path = self._path(request)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(answer, file, sort_keys=True)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _path(self, request: Any) -> Path:
        key = digest(request)
        return self.folder / key[:2] / f"{key}.json"
