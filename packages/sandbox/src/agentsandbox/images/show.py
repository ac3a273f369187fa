"""Images as text for a terminal."""

import time
from collections.abc import Sequence

from agentsandbox.images.budget import Pruned, total
from agentsandbox.images.ensure import Image
from agentsandbox.images.inventory import Held

_HEAD = ("NAME", "SIZE", "LAST USE", "ORIGIN", "IN USE", "RECIPE", "ID")


def table(images: Sequence[Held], now: float | None = None) -> str:
    """One line an image, and the sum of ours."""
    moment = time.time() if now is None else now
    rows = [_HEAD, *(_row(image, moment) for image in images)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, f"of this folder: {size(total(images))}, shared layers counted once"])


def pruned(result: Pruned, dry_run: bool) -> str:
    """What went, or would go."""
    verb = "would remove" if dry_run else "removed"
    lines = [f"{verb} {', '.join(image.names)}" for image in result.images] or ["nothing to remove"]
    return "\n".join([*lines, f"{size(result.before)} → {size(result.after)}"])


def line(image: Image) -> str:
    """Name and id."""
    return f"{image.name} {image.digest}"


def size(count: int) -> str:
    """Bytes with a unit, powers of 1000."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} GB"


def ago(seconds: float) -> str:
    """A span in its largest unit."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit} ago"
    return "now"


def _row(image: Held, now: float) -> tuple[str, ...]:
    return (
        ", ".join(image.names) or "-",
        size(image.size),
        ago(now - image.last_use),
        image.origin,
        "yes" if image.in_use else "no",
        image.recipe_sha256[:12] or "-",
        image.digest.removeprefix("sha256:")[:12],
    )
