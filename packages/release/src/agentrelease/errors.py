"""What can be wrong with a release or with what it is made from."""

from pathlib import Path


class ReleaseError(Exception):
    """A release cannot be built, read or checked. The message names the input and the remedy."""


class BadTable(ReleaseError):
    """A table handed to the builder does not follow its record."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"table {name!r}: {why}; make it with trajschema.arrow.to_table, or with the columns of arrow_schema")


class MissingConfiguration(ReleaseError):
    """The configuration lacks a part that a verifier needs."""

    def __init__(self, key: str, wanted: str) -> None:
        super().__init__(f"configuration[{key!r}] is missing or wrong: a verifier needs {wanted} to recompute what the release says")


class NotARelease(ReleaseError):
    """A folder is not a release, so it is neither read nor replaced."""

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(f"{folder} is not a release: {why}; name another folder, or move what is there away")
