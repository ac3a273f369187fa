"""What is stale, and why: compares the key that each partition should have with the one that it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from resources.incremental.keys import CacheKeyBuilder, Listing
from resources.lake import ALL, Failure, Key, Lake, Stored
from resources.settings import Settings
from resources.stages import STAGES, Stage

State = Literal["current", "stale", "missing", "failed"]


@dataclass(frozen=True)
class Partition:
    """One partition of a stage as it stands."""

    name: str
    state: State
    why: str
    stored: Stored | None


@dataclass(frozen=True)
class StagePlan:
    """All partitions of a stage."""

    stage: Stage
    partitions: tuple[Partition, ...]

    def count(self, state: State) -> int:
        """Partitions in ``state``."""
        return sum(p.state == state for p in self.partitions)

    @property
    def todo(self) -> tuple[str, ...]:
        """Partitions that a run would compute."""
        return tuple(p.name for p in self.partitions if p.state != "current")

    @property
    def rows(self) -> int:
        """Rows stored, stale ones included."""
        return sum(p.stored.rows for p in self.partitions if p.stored)


def listing(lake: Lake) -> dict[str, dict[str, Stored]]:
    """Stage → partition → file, from one listing a stage."""
    return {stage.name: lake.stored(stage.name) for stage in STAGES}


def tasks_of(stored: Listing) -> list[str]:
    """Members of the pool, in partition order."""
    return sorted(name for name in stored["task_pool"] if name != ALL)


def plan(settings: Settings, lake: Lake) -> list[StagePlan]:
    """Every stage with the state of every partition, in graph order."""
    stored = listing(lake)
    plans: list[StagePlan] = []
    waiting: dict[str, set[str]] = {}
    for stage in STAGES:
        names = tasks_of(stored) if stage.per_task else [ALL]
        failures = lake.failures(stage.name)
        key_builder = CacheKeyBuilder.of(stage, settings, lake)
        partitions = []
        for name in names:
            behind = [up for up in stage.reads if waiting[up] & ({name} if stage.per_task and ALL not in waiting[up] else waiting[up])]
            key = key_builder.key(name, stored, settled=not behind)
            partitions.append(_state(name, key, stored[stage.name].get(name), failures.get(name), behind))
        plans.append(StagePlan(stage, tuple(partitions)))
        waiting[stage.name] = set(plans[-1].todo)
    return plans


def _state(name: str, key: Key, item: Stored | None, failure: Failure | None, behind: Sequence[str]) -> Partition:
    if failure is not None:
        return Partition(name, "failed", failure.error, item)
    if item is None:
        return Partition(name, "missing", "never computed", None)
    if item.partial:
        return Partition(name, "failed", "infrastructure failed for some rows; they are retried", item)
    changed = key.differences(item.key)
    if changed:
        return Partition(name, "stale", f"{' and '.join(sorted(changed))} changed", item)
    if behind:
        return Partition(name, "stale", f"follows {', '.join(behind)}", item)
    return Partition(name, "current", "", item)
