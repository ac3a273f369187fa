"""The default folder for what outlives a command."""

import os
from pathlib import Path


def default_folder() -> Path:
    """Folder below the user's cache: records of images, recipes, the Python environment of boxes without an image, the history."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "agentsandbox"
