"""How many stored passes are confirmed, doubted and unconfirmed. Each partition is counted once, and its counts are kept in a note."""

import json
from collections import Counter
from collections.abc import Mapping

from trajschema.outcome import CONFIRMATIONS, Confirmation, Outcome, confirmation_counts

from resources.lake import CorruptPartition, Lake, Stored

_NOTE = ".confirmations.json"
Passes = Mapping[Confirmation, int]


def stored_passes(lake: Lake, stored: Mapping[str, Stored], *, keep: bool = False) -> Passes:
    """Passes by confirmation over the partitions ``stored`` of ``outcomes``; one that cannot be read counts nothing.

    ``keep`` writes the note, for whoever holds the lock.
    """
    known = _known(lake)
    counts = {item.path: known.get(item.path) or _counted(lake, item) for item in stored.values()}
    if keep and counts != known:
        lake.write_note("outcomes", _NOTE, json.dumps(counts))
    total: Counter[str] = Counter()
    for of_one in counts.values():
        total.update(of_one)
    return {word: total[word] for word in CONFIRMATIONS}


def _known(lake: Lake) -> dict[str, dict[str, int]]:
    """Path of a partition, which holds the hash of its content → its counts."""
    try:
        return dict(json.loads(lake.note("outcomes", _NOTE) or "{}"))
    except ValueError:
        return {}


def _counted(lake: Lake, item: Stored) -> dict[str, int]:
    try:
        rows = lake.read(item, columns=["verdict", "confirmation"]).to_pylist()
    except CorruptPartition:
        return {}
    return dict(confirmation_counts(Outcome.model_construct(**row) for row in rows))
