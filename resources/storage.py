"""What is kept in the data folder, as Dagster hands it to assets and checks."""

import atexit
from functools import cached_property
from pathlib import Path

import dagster as dg
from agenttasks.store import TaskStore
from pydantic import Field

from resources.lake import Lake
from resources.lock import Lock
from resources.settings import Settings


class LakeResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The lake, and the lock of its writer."""

    url: str = Field(description="Where partitions are stored: a folder, or any fsspec address.")
    lock_file: str = Field(description="Lock of the one process on this machine that writes.")

    @classmethod
    def of(cls, settings: Settings) -> "LakeResource":
        """The lake of a project."""
        return cls(url=settings.lake_url, lock_file=str(settings.lock_file))

    @cached_property
    def opened(self) -> Lake:
        """The lake itself."""
        return Lake(self.url)

    def hold(self, run_id: str) -> None:
        """Take the writer's lock until this process ends.

        Raises:
            Locked: another process is writing.
        """
        lock = Lock(Path(self.lock_file))
        lock.take(run_id)
        atexit.register(lock.release)


class TaskStoreResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Downloads, trees and certificates of tasks."""

    folder: str = Field(description="Folder of the store.")

    @property
    def opened(self) -> TaskStore:
        """The store itself."""
        return TaskStore(Path(self.folder))
