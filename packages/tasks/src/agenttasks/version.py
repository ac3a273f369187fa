"""Version of the validator: a fingerprint of the code that decides what is a task."""

from functools import cache
from importlib.resources import files

from trajschema.ids import digest


@cache
def validator_version() -> str:
    """First 16 hexadecimal digits of the hash of this package's sources."""
    sources = sorted((entry.name, entry.read_text("utf-8")) for entry in files("agenttasks").iterdir() if entry.name.endswith(".py"))
    return digest(sources)[:16]
