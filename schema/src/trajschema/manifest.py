"""A manifest: every file of a release by hash, and what it was made by."""

from pydantic import Field

from trajschema.record import Part, Record


class ManifestFile(Part):
    """One file of the release."""

    path: str = Field(description="Relative to the release folder, `/` between parts.")
    sha256: str
    bytes: int = Field(ge=0)
    rows: int | None = Field(None, ge=0, description="Rows of a Parquet file.")


class Lineage(Part):
    """One stored partition that went into the release."""

    asset: str
    partition: str
    key: str = Field(description="Hash of code, configuration and inputs that made it.")
    digest: str = Field(description="Hash of its content.")


class Manifest(Record):
    """What a release holds. A verifier re-hashes the files and recomputes rewards and pairs from the scores."""

    release_id: str = Field(description="Hash of the files.")
    code: str = Field(description="Fingerprints of the assets' code, a JSON object in a string.")
    configuration: str = Field(description="Configuration that shaped the content (no secrets), a JSON object in a string.")
    files: tuple[ManifestFile, ...]
    lineage: tuple[Lineage, ...] = ()
