"""The key that a partition should have: hashes of its code, of the configuration that it reads, and of its inputs."""

from collections.abc import Mapping
from dataclasses import dataclass

from trajschema.ids import content_id

from resources.incremental.code import Sources, own_sources
from resources.lake import ALL, Key, Lake, Stored
from resources.settings import Settings
from resources.stages import PerTaskCode, Stage

Listing = Mapping[str, Mapping[str, Stored]]
"""Stage → partition → file."""


def stage_code(stage: Stage, settings: Settings, sources: Sources | None = None) -> str:
    """Hash of a stage's code, 16 hexadecimal digits, with that of the plug-ins that the settings choose.

    Without that of plug-ins that only some partitions use: see :class:`CacheKeyBuilder`.
    """
    seen = sources or own_sources()
    own = seen.fingerprint(*stage.modules, without=stage.without)
    return own if stage.chosen_code is None else content_id([own, stage.chosen_code(settings, seen)], 16)


@dataclass(frozen=True)
class CacheKeyBuilder:
    """Makes the keys of a stage's partitions; holds what all of them share."""

    stage: Stage
    settings: Settings
    code: str
    config: str
    external_inputs: object
    per_task_code: PerTaskCode | None

    @classmethod
    def of(cls, stage: Stage, settings: Settings, lake: Lake, sources: Sources | None = None) -> "CacheKeyBuilder":
        """The builder for ``stage``, with settings and outside files as they are now; by default with this process's sources."""
        seen = sources or own_sources()
        config = content_id(stage.config(settings), 8)
        plug_ins = stage.per_task_code(lake, seen) if stage.per_task_code else None
        return cls(stage, settings, stage_code(stage, settings, seen)[:8], config, stage.external_inputs(settings), plug_ins)

    def key(self, partition: str, stored: Listing, *, settled: bool = True) -> Key:
        """The key that a partition has when it is computed from what is stored now.

        ``settled`` is false if an input is computed first: then the key may be compared with the stored one, never stored.
        """
        code, config = self.code, self.config
        if self.per_task_code is not None and (used := self.per_task_code(partition, stored, settled=settled)):
            code = content_id([code, used], 8)
        if self.stage.per_task_config is not None:
            config = content_id([config, self.stage.per_task_config(self.settings, partition)], 8)
        return Key(code, config, content_id([_inputs(self.stage, partition, stored), self.external_inputs], 8))

    def save(self) -> None:
        """Note what was read to make keys, so that it need not be read again; only with the lock held."""
        if self.per_task_code is not None:
            self.per_task_code.save()


def expected_key(stage: Stage, partition: str, settings: Settings, lake: Lake, stored: Listing) -> Key:
    """The key of one partition; for many of a stage, make its :class:`CacheKeyBuilder` once."""
    return CacheKeyBuilder.of(stage, settings, lake).key(partition, stored)


def _inputs(stage: Stage, partition: str, stored: Listing) -> object:
    if stage.per_task:
        return [[up, _digest(stored[up].get(partition))] for up in stage.reads]
    return [
        [up, [[name, item.digest] for name, item in sorted(stored[up].items()) if up != "task_pool" or name != ALL]] for up in stage.reads
    ]


def _digest(item: Stored | None) -> str | None:
    return item.digest if item else None
