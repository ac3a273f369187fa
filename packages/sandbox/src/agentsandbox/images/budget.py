"""Keep our images within a budget: the least recently used go first.

Never one that a container uses, that another image is built on, or that this folder has no record of.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.errors import APIError, NotFound

from agentsandbox.images.engine import engine
from agentsandbox.images.inventory import Held, inventory, is_below, together
from agentsandbox.images.ledger import Ledger

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Pruned:
    """What a pruning removed, or would remove. Sizes in bytes, shared layers counted once."""

    images: tuple[Held, ...]
    before: int
    after: int


def total(images: Sequence[Held]) -> int:
    """Bytes that our images take, shared layers counted once."""
    return together(image.layers for image in images if image.ours)


def victims(images: Sequence[Held], budget: int, keep: str = "") -> list[Held]:
    """Images to remove, in this order, so that what is left takes at most ``budget`` bytes, or as near as can be.

    ``keep`` is the id of one that stays.
    """
    left = list(images)
    chosen: list[Held] = []
    while total(left) > budget:
        free = [i for i in left if i.ours and not i.in_use and i.digest != keep and not any(is_below(i, o) for o in left)]
        if not free:
            break
        chosen.append(min(free, key=lambda i: i.last_use))
        left.remove(chosen[-1])
    return chosen


def evict(client: Any, ledger: Ledger, budget_gb: float, keep: str = "", progress: Progress = lambda line: None) -> list[Held]:
    """Remove our images until they take at most ``budget_gb`` (10⁹ bytes). Returns those removed.

    Raises:
        DockerException: the engine fails. An image that came into use meanwhile stays.
    """
    removed = []
    known = set(ledger.entries())
    images = inventory(client, ledger)
    ledger.forget(known.difference(image.digest for image in images))
    for image in victims(images, int(budget_gb * 1e9), keep):
        if _removed(client, image):
            progress(f"removed {', '.join(image.names)}: not used for long, and images take more than {budget_gb:g} GB")
            removed.append(image)
    ledger.forget(image.digest for image in removed)
    return removed


def prune(folder: Path, budget_gb: float = 0.0, *, dry_run: bool = False) -> Pruned:
    """Remove the least recently used images that ``folder`` has a record of until at most ``budget_gb`` (10⁹ bytes) is left.

    Raises:
        BackendUnavailable: no engine answers.
    """
    with engine() as client:
        ledger = Ledger(folder)
        images = inventory(client, ledger)
        gone = victims(images, int(budget_gb * 1e9)) if dry_run else evict(client, ledger, budget_gb)
        names = {image.digest for image in gone}
        return Pruned(tuple(gone), total(images), total([i for i in images if i.digest not in names]))


def _removed(client: Any, image: Held) -> bool:
    for name in image.names:
        try:
            client.api.remove_image(name)
        except NotFound:
            continue
        except APIError as e:
            if e.status_code == 409:  # a container came meanwhile
                return False
            raise
    return True
