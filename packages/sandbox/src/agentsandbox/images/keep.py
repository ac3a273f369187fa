"""See and remove images: the functions behind ``agentsandbox images list`` and ``prune``."""

from dataclasses import dataclass
from pathlib import Path

from agentsandbox.images.budget import evict, total, victims
from agentsandbox.images.engine import engine
from agentsandbox.images.inventory import Held, inventory
from agentsandbox.images.ledger import Ledger


@dataclass(frozen=True)
class Pruned:
    """What a pruning removed, or would remove. Sizes in bytes, shared layers counted once."""

    images: tuple[Held, ...]
    before: int
    after: int


def listed(folder: Path, foreign: bool = False) -> list[Held]:
    """Images of ours, those of other folders included, most recently used first; with ``foreign`` all of the engine.

    Raises:
        BackendUnavailable: no engine answers.
    """
    with engine() as client:
        return [image for image in inventory(client, Ledger(folder)) if foreign or image.origin != "foreign"]


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
