"""The syntax of files that were parsed before, by the hash of their bytes: parsing all of them takes a second.

Kept in the user's cache folder, for all checkouts together. What is missing there is parsed again, so the file may be deleted at
any time, and two processes that save at once lose at most what one of them parsed.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from trajruntime import atomic

from resources.incremental import syntax
from resources.incremental.syntax import Syntax, read_syntax

MOST = 3_000
"""Most files kept: above this, entries that this process did not use are dropped."""


class SyntaxCache:
    """A file of JSON; read when first asked, written by :meth:`save`, and of no effect where it cannot be written."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._known: dict[str, Any] | None = None
        self._used: dict[str, Any] = {}
        self._saved = True
        self._rules = Path(syntax.__file__).read_bytes()

    def of(self, source: bytes, *, wording: bool) -> Syntax:
        """See :func:`resources.incremental.syntax.read_syntax`."""
        key = hashlib.sha256(b"%d\0%b\0%b" % (wording, source, self._rules)).hexdigest()[:40]
        if self._known is None:
            self._known = self._read()
        if key not in self._known:
            made = read_syntax(source, wording=wording)
            self._known[key] = [made.digest, made.imports, made.files]
            self._saved = False
        self._used[key] = digest, imports, files = self._known[key]
        return Syntax(digest, tuple((level, module, name) for level, module, name in imports), tuple(files))

    def save(self) -> None:
        """Keep what was parsed since the last time."""
        if self._saved or self._known is None:
            return
        self._saved = True
        kept = self._known if len(self._known) <= MOST else self._used
        try:
            atomic.write_text(self.file, json.dumps(kept))
        except OSError:
            return

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self.file.read_bytes())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


SYNTAX = SyntaxCache(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trajhub" / "syntax.json")
