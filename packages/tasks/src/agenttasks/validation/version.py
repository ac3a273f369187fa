"""Version of the validator: a fingerprint of the code that decides what is a task."""

from functools import cache
from importlib.resources import files
from pathlib import Path

from trajschema.ids import digest


@cache
def validator_version() -> str:
    """First 16 hexadecimal digits of the hash of this package's sources."""
    root = Path(str(files("agenttasks")))
    return digest(sorted((str(file.relative_to(root)), file.read_text("utf-8")) for file in root.rglob("*.py")))[:16]
