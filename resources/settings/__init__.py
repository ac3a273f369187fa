"""``trajhub.yaml``: everything that can be set, with its default and its meaning.

Environment variables override the file: ``TRAJHUB__SANDBOX__BACKEND=local``. Secrets come from the environment only.
"""

from resources.settings.file import FILE_VARIABLE, SettingsError, load, settings_file
from resources.settings.project import Settings
from resources.settings.sections import Judge, Pairs, Sandbox

__all__ = ["FILE_VARIABLE", "Judge", "Pairs", "Sandbox", "Settings", "SettingsError", "load", "settings_file"]
