"""Which repository goes to which split, so that no repository stands on two sides."""

import hashlib
from collections.abc import Iterable, Mapping

SPLITS = ("train", "validation", "test")
_STARTS = {"train": 0.0, "validation": 0.70, "test": 0.85}
"""Each split owns the points from its start up to the next one's: 70, 15 and 15 of 100 repositories, on average."""


def assign_splits(repositories: Iterable[str]) -> dict[str, str]:
    """Split by repository.

    A repository's split follows from a hash of its name alone, so it stays where it is when others join, and a model trained
    on an old release has not seen the test repositories of a new one. Small sets need an exception: an empty split is filled
    from the fullest one with the repository whose point lies nearest. Two repositories make train and test, one makes train.
    """
    points = {name: _point(name) for name in sorted(set(repositories))}
    if len(points) < 3:
        ordered = sorted(points, key=lambda name: points[name])
        return dict(zip(ordered, ("train", "test"), strict=False))
    splits = {name: _split_at(point) for name, point in points.items()}
    for empty in [s for s in SPLITS if s not in splits.values()]:
        splits[_nearest(empty, splits, points)] = empty
    return splits


def _point(name: str) -> float:
    return int.from_bytes(hashlib.sha256(f"trajhub-split:{name}".encode()).digest()[:8], "big") / 2**64


def _split_at(point: float) -> str:
    return max((s for s in SPLITS if _STARTS[s] <= point), key=lambda s: _STARTS[s])


def _nearest(empty: str, splits: Mapping[str, str], points: Mapping[str, float]) -> str:
    held = list(splits.values())
    fullest = max(SPLITS, key=held.count)
    return min((n for n in splits if splits[n] == fullest), key=lambda n: abs(points[n] - _STARTS[empty]))
