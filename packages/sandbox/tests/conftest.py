"""Real backends and boxes."""

from trajtests.boxes import backend, best_backend, box, command_environ, environments, open_box, strong_backend, tar

__all__ = ["backend", "best_backend", "box", "command_environ", "environments", "open_box", "strong_backend", "tar"]
