"""Sizes of images, layers that several share counted once."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


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
