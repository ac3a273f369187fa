"""What must not be written down."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SHORTEST = 6
"""Values shorter than this are not redacted: replacing them would change unrelated text."""


@dataclass(frozen=True)
class Secrets:
    """Values of environment variables by name. Each is replaced by its variable's name in brackets."""

    values: Mapping[str, str]

    @classmethod
    def of(cls, names: Iterable[str]) -> "Secrets":
        """What the variables ``names`` hold now; those that are not set hold no secret."""
        return cls({name: os.environ[name] for name in names if len(os.environ.get(name, "")) >= SHORTEST})

    def redact(self, text: str) -> str:
        """``text`` without them."""
        for name, value in self.values.items():
            text = text.replace(value, f"[{name}]")
        return text

    def redact_bytes(self, data: bytes) -> bytes:
        """The same for bytes."""
        for name, value in self.values.items():
            data = data.replace(value.encode(), f"[{name}]".encode())
        return data
