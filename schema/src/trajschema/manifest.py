"""A manifest: every file of a release by hash, and what it was made by."""

from pydantic import Field

from trajschema.record import Part, Record


class ManifestFile(Part):
    """One file of the release."""

    path: str = Field(description="Relative to the release folder, `/` between parts.")
    sha256: str = Field(description="SHA-256 of the file, hexadecimal.")
    bytes: int = Field(ge=0, description="Size in bytes.")
    rows: int | None = Field(None, ge=0, description="Rows of a Parquet file.")


class Lineage(Part):
    """One stored partition that went into the release."""

    asset: str = Field(description="Stage that stored it.")
    partition: str = Field(description="Task, or `all`.")
    key: str = Field(description="Hash of code, configuration and inputs that made it.")
    digest: str = Field(description="Hash of its content.")


class Manifest(Record):
    """What a release holds. A verifier re-hashes the files and recomputes rewards and pairs from the scores."""

    release_id: str = Field(description="Hash of the files.")
    code: str = Field(description="Fingerprints of the assets' code, a JSON object in a string.")
    configuration: str = Field(description="Configuration that shaped the content (no secrets), a JSON object in a string.")
    files: tuple[ManifestFile, ...] = Field(description="Every file but the manifest itself.")
    lineage: tuple[Lineage, ...] = Field((), description="Every stored partition that went in.")
