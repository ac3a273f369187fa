"""How far rewards agree with what people said of the same runs.

``calibrate`` and ``CalibrationResult`` are imported when they are asked for: they need the extra ``stats``, reading labels does not.
"""

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    if name in ("calibrate", "CalibrationResult"):
        return getattr(import_module("agentreward.calibration.ratings"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
