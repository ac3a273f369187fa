"""The goals that a project sets itself, beside what there is: counted from listings and the label file, so that the answer is quick."""

from agentview.data import Goal

from resources.incremental.plan import Listing, tasks_of
from resources.lake import ALL, Lake
from resources.settings import Settings


def goals(settings: Settings, lake: Lake, stored: Listing) -> tuple[Goal, ...]:
    """The project's goals with what is stored; none where the settings state none."""
    if not settings.goals:
        return ()
    labels = settings.labels_file.read_bytes().splitlines() if settings.labels_file.exists() else []
    have = {
        "tasks": len(tasks_of(stored)),
        "rollouts": _rows(stored, "rollouts"),
        "trajectories": _rows(stored, "trajectories"),
        "pairs": _rows(stored, "preference_pairs"),
        "labels": sum(bool(line.strip()) for line in labels),
        "pearson_r": _pearson(lake, stored),
    }
    return tuple(Goal(goal.name, have[goal.measure], goal.at_least) for goal in settings.goals)


def _rows(stored: Listing, stage: str) -> int:
    return sum(item.rows for item in stored[stage].values())


def _pearson(lake: Lake, stored: Listing) -> float | None:
    item = stored["calibration_report"].get(ALL)
    if item is None:
        return None
    (row,) = lake.read(item, columns=["figures"]).to_pylist()
    return next((f["value"] for f in row["figures"] if f["name"] == "pearson_r" and f["slice"] == "all"), None)
