"""Which images the engine holds, and what is known of each."""

import calendar
import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docker.errors import NotFound

from agentsandbox.images import base_recipe, recipe
from agentsandbox.images.engine import engine
from agentsandbox.images.ledger import Entry, Ledger, Origin

_OURS = (f"{base_recipe.REPOSITORY}:", f"{recipe.REPOSITORY}:")


@dataclass(frozen=True)
class Held:
    """An image that the engine holds."""

    digest: str
    names: tuple[str, ...]
    """All its tags; where it has none, the reference that it was pulled by."""
    origin: Origin
    recipe_sha256: str
    """Hash of the layer of a recipe that it is; empty for others."""
    last_use: float
    """Seconds since 1970; when it was made, where no use is known."""
    in_use: bool
    """Whether a container is made of it, running or not."""
    layers: Mapping[str, int] = field(repr=False)
    """Layer → bytes."""
    chain: tuple[str, ...] = field(repr=False)
    """Content hashes of all layers, lowest first."""

    @property
    def ours(self) -> bool:
        """Whether it counts against the budget of this folder and may be removed."""
        return self.origin in ("built", "pulled")

    @property
    def size(self) -> int:
        """Bytes, layers shared with others included."""
        return sum(self.layers.values())


def inventory(client: Any, ledger: Ledger) -> list[Held]:
    """All images of the engine, most recently used first.

    Raises:
        DockerException: the engine fails.
    """
    entries = ledger.entries()
    used = {box["ImageID"] for box in client.api.containers(all=True)}
    found = []
    for image in client.api.images():
        held = _held(client, image, entries.get(image["Id"]), image["Id"] in used)
        if held:
            found.append(held)
    return sorted(found, key=lambda h: (-h.last_use, h.names))


def listed(folder: Path, foreign: bool = False) -> list[Held]:
    """Our images, those of other folders included, most recently used first; with ``foreign`` all of the engine.

    Raises:
        BackendUnavailable: no engine answers.
    """
    with engine() as client:
        return [image for image in inventory(client, Ledger(folder)) if foreign or image.origin != "foreign"]


def is_below(lower: Held, upper: Held) -> bool:
    """Whether an image is built on another."""
    return len(lower.chain) < len(upper.chain) and upper.chain[: len(lower.chain)] == lower.chain


def _held(client: Any, image: Mapping[str, Any], entry: Entry | None, in_use: bool) -> Held | None:
    try:
        attributes = client.api.inspect_image(image["Id"])
        history = client.api.history(image["Id"])
    except NotFound:
        return None  # removed meanwhile
    tags = tuple(sorted(tag for tag in image.get("RepoTags") or [] if tag != "<none>:<none>"))
    names = tags or ((entry.name,) if entry and entry.name in (image.get("RepoDigests") or []) else ())
    chain = tuple((attributes.get("RootFS") or {}).get("Layers") or ())
    return Held(
        image["Id"],
        names,
        _origin(names, entry),
        (image.get("Labels") or {}).get(recipe.LABEL, ""),
        entry.last_use if entry else _made(attributes),
        in_use,
        layer_sizes(chain, history),
        chain,
    )


def _origin(names: tuple[str, ...], entry: Entry | None) -> Origin:
    """Ours if all its names are: a name that somebody else gave makes it foreign."""
    if names and all(name.startswith(_OURS) for name in names):
        return "built" if entry else "elsewhere"
    if entry and entry.origin == "pulled" and names == (entry.name,):
        return "pulled"
    return "foreign"


def _made(attributes: Mapping[str, Any]) -> float:
    tagged = str((attributes.get("Metadata") or {}).get("LastTagTime") or "")
    text = tagged if tagged > "1971" else str(attributes.get("Created") or "")
    try:
        return float(calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")))
    except ValueError:
        return 0.0


def layer_sizes(chain: Sequence[str], history: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Layer → bytes of one image, for layers that are not empty.

    ``chain`` holds the content hashes of its layers, lowest first; ``history`` its history, newest first, as the engine gives
    it, which has sizes but does not say to which layer they belong. The n-th size that is not 0 belongs to the n-th layer or,
    where layers are empty, to one above. So it is told by the hashes up to the n-th and all sizes up to it: what two images
    share gets one key.
    """
    sizes = [entry["Size"] for entry in reversed(history) if entry["Size"]]
    keys = (json.dumps([chain[:n], sizes[:n]]) for n in range(1, len(sizes) + 1))
    return {hashlib.sha256(key.encode()).hexdigest(): size for key, size in zip(keys, sizes, strict=True)}


def together(images: Iterable[Mapping[str, int]]) -> int:
    """Bytes of several images, given as layer → bytes."""
    every: dict[str, int] = {}
    for layers in images:
        every.update(layers)
    return sum(every.values())
