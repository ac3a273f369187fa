"""Reading a manifest, and what lies in a release beside it."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError
from trajschema.ids import content_id
from trajschema.manifest import Manifest, ManifestFile
from trajschema.record import UnknownSchemaVersion

from agentrelease.errors import NotARelease

MANIFEST = "manifest.json"


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a release.

    Raises:
        NotARelease: there is none, or it is not one of ours.
    """
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, NotADirectoryError) as problem:
        raise NotARelease(folder, f"it has no {MANIFEST}") from problem
    except (ValidationError, UnknownSchemaVersion) as problem:
        raise NotARelease(folder, f"its {MANIFEST} cannot be read ({problem})") from problem


def unlisted(folder: Path, manifest: Manifest) -> list[str]:
    """Files in the folder that the manifest does not list, relative to it."""
    listed = {file.path for file in manifest.files} | {MANIFEST}
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return [path for path in found if path not in listed]


def release_id(files: Sequence[ManifestFile]) -> str:
    """Content id of a release: the hash of its files' paths and hashes."""
    return content_id(sorted([file.path, file.sha256] for file in files))
