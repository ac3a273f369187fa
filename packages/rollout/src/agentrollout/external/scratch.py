"""Folders for one session. Those that a killed process left are removed when the next one is made."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agentsandbox import owned_folders

PREFIX = "trajhub-agent-"


@contextmanager
def scratch() -> Iterator[Path]:
    """A new folder that only this user can enter; it goes with the block, whatever lies in it."""
    owned_folders.reap_folders(PREFIX)
    folder = owned_folders.owned_folder(PREFIX)
    try:
        yield folder
    finally:
        owned_folders.remove_folder(folder)
