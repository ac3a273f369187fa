"""Phase gates as ``trajhub status`` shows them: counted from the listing and the label file, so that the answer is quick."""

import json

from agentview.data import Gate
from agentview.gates import phase_gates

from resources.incremental.plan import Listing, tasks_of
from resources.lake import ALL, Lake
from resources.settings import Settings


def gates(settings: Settings, lake: Lake, stored: Listing) -> tuple[Gate, ...]:
    """The page of gates for what is stored."""
    people = _human_pairs(settings)
    return phase_gates(
        tasks=len(tasks_of(stored)),
        trajectories=sum(item.rows for item in stored["trajectories"].values()),
        pairs=sum(item.rows for item in stored["preference_pairs"].values()),
        human_pairs=people,
        pearson_r=_pearson(lake, stored) if people else None,
    )


def _human_pairs(settings: Settings) -> int:
    if not settings.labels_file.exists():
        return 0
    count = 0
    for line in settings.labels_file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            count += json.loads(line)["unit"] == "pair"
        except (ValueError, KeyError, TypeError):
            continue
    return count


def _pearson(lake: Lake, stored: Listing) -> float | None:
    item = stored["calibration_report"].get(ALL)
    if item is None:
        return None
    (row,) = lake.read(item, columns=["figures"]).to_pylist()
    return next((f["value"] for f in row["figures"] if f["name"] == "pearson_r" and f["slice"] == "all"), None)
