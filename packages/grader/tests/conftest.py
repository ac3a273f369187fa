"""Real backends and boxes."""

from trajtests.boxes import backend, box, command_environ, environments, open_box, quick_backend, strong_backend, tar

__all__ = ["backend", "box", "command_environ", "environments", "open_box", "quick_backend", "strong_backend", "tar"]
