"""What is stale, and why: compares the key that each partition should have with the one that it has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from trajschema.ids import content_id

from resources.incremental.code import fingerprint
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


Listing = Mapping[str, Mapping[str, Stored]]


def listing(lake: Lake) -> dict[str, dict[str, Stored]]:
    """Stage → partition → file, from one listing a stage."""
    return {stage.name: lake.stored(stage.name) for stage in STAGES}


def tasks_of(stored: Listing) -> list[str]:
    """Members of the pool, in partition order."""
    return sorted(name for name in stored["task_pool"] if name != ALL)


@dataclass(frozen=True)
class CacheKeyBuilder:
    """Makes the keys of a stage's partitions; holds what all of them share."""

    stage: Stage
    settings: Settings
    code: str
    config: str
    external_inputs: object

    @classmethod
    def of(cls, stage: Stage, settings: Settings) -> "CacheKeyBuilder":
        """The builder for ``stage`` as sources, settings and outside files are now."""
        return cls(stage, settings, fingerprint(*stage.modules)[:8], content_id(stage.config(settings), 8), stage.external_inputs(settings))

    def key(self, partition: str, stored: Listing) -> Key:
        """The key that a partition has when it is computed from what is stored now."""
        config = self.config
        if self.stage.per_task_config is not None:
            config = content_id([config, self.stage.per_task_config(self.settings, partition)], 8)
        return Key(self.code, config, content_id([_inputs(self.stage, partition, stored), self.external_inputs], 8))


def expected_key(stage: Stage, partition: str, settings: Settings, stored: Listing) -> Key:
    """The key of one partition; for many of a stage, make its :class:`CacheKeyBuilder` once."""
    return CacheKeyBuilder.of(stage, settings).key(partition, stored)


def _inputs(stage: Stage, partition: str, stored: Listing) -> object:
    if stage.per_task:
        return [[up, _digest(stored[up].get(partition))] for up in stage.reads]
    return [
        [up, [[name, item.digest] for name, item in sorted(stored[up].items()) if up != "task_pool" or name != ALL]] for up in stage.reads
    ]


def _digest(item: Stored | None) -> str | None:
    return item.digest if item else None


def plan(settings: Settings, lake: Lake) -> list[StagePlan]:
    """Every stage with the state of every partition, in graph order."""
    stored = listing(lake)
    plans: list[StagePlan] = []
    waiting: dict[str, set[str]] = {}
    for stage in STAGES:
        names = tasks_of(stored) if stage.per_task else [ALL]
        failures = lake.failures(stage.name)
        key_builder = CacheKeyBuilder.of(stage, settings)
        partitions = []
        for name in names:
            key = key_builder.key(name, stored)
            behind = [up for up in stage.reads if waiting[up] & ({name} if stage.per_task and ALL not in waiting[up] else waiting[up])]
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
