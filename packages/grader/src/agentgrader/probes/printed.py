"""What is printed, kept in memory."""

from __future__ import annotations

import io
import sys

_MOST = 20_000


class Printed:
    """Takes the place of standard output from now on."""

    def __init__(self) -> None:
        self._bytes = _Standing()
        self._text = io.TextIOWrapper(self._bytes, encoding="utf-8", errors="backslashreplace", write_through=True)
        sys.stdout = sys.__stdout__ = self._text  # type: ignore[misc]

    def new(self) -> str:
        """What was printed since this was asked last; of much, the first part."""
        try:
            said = self._bytes.getvalue()
            if said:
                self._bytes.seek(0)
                self._bytes.truncate()
        except ValueError:  # it was closed
            return ""
        return said[:_MOST].decode("utf-8", "replace")


class _Standing(io.BytesIO):
    """Has the number of what it stands for."""

    def fileno(self) -> int:
        return 1
