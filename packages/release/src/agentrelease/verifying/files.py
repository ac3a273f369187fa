"""Checks on the files of a release: hashes, sizes, rows, strangers, and the card's list."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from trajschema.ids import sha256_bytes
from trajschema.manifest import Manifest, ManifestFile

from agentrelease.manifest import release_id, unlisted


def manifest_problems(manifest: Manifest) -> Iterator[str]:
    """The release id must follow from the files, each listed once."""
    if manifest.release_id != release_id(manifest.files):
        yield f"release id {manifest.release_id} does not follow from the files ({release_id(manifest.files)} does)"
    paths = [file.path for file in manifest.files]
    yield from (f"{path} is listed twice" for path in sorted({p for p in paths if paths.count(p) > 1}))


def file_problems(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Every listed file must be there with its hash, size and rows, and nothing else may be."""
    for file in manifest.files:
        yield from _file_problems(folder, file)
    yield from (f"{path} is not in the manifest" for path in unlisted(folder, manifest))


def _file_problems(folder: Path, file: ManifestFile) -> Iterator[str]:
    path = folder / file.path
    parts = PurePosixPath(file.path).parts
    if file.path.startswith("/") or ".." in parts or path.is_symlink():
        yield f"{file.path} leads out of the release"
    elif not path.is_file():
        yield f"{file.path} is missing"
    elif sha256_bytes(path.read_bytes()) != file.sha256:
        yield f"{file.path} does not have its hash"
    elif path.stat().st_size != file.bytes or (path.suffix == ".parquet" and _rows(path) != file.rows):
        yield f"{file.path} does not have the size that the manifest says"


def _rows(path: Path) -> int | None:
    try:
        rows: int = pq.read_metadata(path).num_rows
    except (pa.ArrowException, OSError):
        return None
    return rows


def card_problems(folder: Path, manifest: Manifest) -> Iterator[str]:
    """The card must hand a loader exactly the Parquet files of the manifest."""
    try:
        named = set(_card_files((folder / "README.md").read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, LookupError, TypeError) as problem:
        yield f"README.md has no readable front matter ({problem})"
        return
    listed = {file.path for file in manifest.files if file.path.endswith(".parquet")}
    yield from (f"README.md leaves out {path}" for path in sorted(listed - named))
    yield from (f"README.md names {path}, which is not in the manifest" for path in sorted(named - listed))


def _card_files(text: str) -> Iterator[str]:
    front: dict[str, Any] = yaml.safe_load(text.split("---\n")[1])
    for config in front["configs"]:
        yield from (str(entry["path"]) for entry in config["data_files"])
