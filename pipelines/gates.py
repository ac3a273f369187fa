"""Phase gates of the roadmap: what each phase wants, and what there is."""

import json
from dataclasses import dataclass

from resources.lake import ALL, Lake
from resources.plan import Listing, tasks_of
from resources.settings import Settings


@dataclass(frozen=True)
class Gate:
    """One line of the page: ``have`` is missing where nothing has been measured."""

    phase: int
    name: str
    have: float | None
    want: float
    note: str = ""

    @property
    def met(self) -> bool:
        """Whether the gate is open."""
        return self.have is not None and self.have >= self.want


def gates(settings: Settings, lake: Lake, stored: Listing) -> list[Gate]:
    """The page, from the listing and the label file alone."""
    tasks = len(tasks_of(stored))
    runs = sum(item.rows for item in stored["trajectories"].values())
    pairs = sum(item.rows for item in stored["preference_pairs"].values())
    people = _human_pairs(settings)
    r = _pearson(lake, stored) if people else None
    untrained = "no training run is recorded"
    return [
        Gate(1, "tasks", tasks, 100),
        Gate(1, "trajectories", runs, 200),
        Gate(1, "pairs judged by people", people, 30),
        Gate(1, "training effect, points", None, 3, untrained),
        Gate(2, "pairs judged by people", people, 200),
        Gate(2, "Pearson r, rewards and people", r, 0.8, "" if r is not None else "too few labels"),
        Gate(3, "tasks", tasks, 500),
        Gate(3, "trajectories", runs, 3000),
        Gate(3, "preference pairs", pairs, 1000),
    ]


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
