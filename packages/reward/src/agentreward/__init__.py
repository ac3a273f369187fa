"""How well a code agent worked, step by step.

:class:`RewardEngine` scores a run. :mod:`agentreward.rules` scores what happened, :mod:`agentreward.judge` asks a model,
:mod:`agentreward.aggregate` makes one reward of both and the outcome, :mod:`agentreward.preferences` pairs runs,
:mod:`agentreward.calibration` compares with people, :mod:`agentreward.explain` says where a reward comes from. Names below are imported
when they are asked for, so that no extra is needed before it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentreward.calibration.ratings import CalibrationResult, calibrate
    from agentreward.config import RewardConfig
    from agentreward.preferences import PreferencePair, build_preferences
    from agentreward.result import StepReward, TrajectoryReward
    from agentreward.reward import RewardEngine
    from agentreward.rubrics import Rubric, RubricSet
    from agentreward.rules.registry import register_rule

_HOME = {
    "CalibrationResult": "calibration.ratings",
    "PreferencePair": "preferences",
    "RewardConfig": "config",
    "RewardEngine": "reward",
    "Rubric": "rubrics",
    "RubricSet": "rubrics",
    "StepReward": "result",
    "TrajectoryReward": "result",
    "build_preferences": "preferences",
    "calibrate": "calibration.ratings",
    "register_rule": "rules.registry",
}
__all__ = [
    "CalibrationResult",
    "PreferencePair",
    "RewardConfig",
    "RewardEngine",
    "Rubric",
    "RubricSet",
    "StepReward",
    "TrajectoryReward",
    "build_preferences",
    "calibrate",
    "register_rule",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"agentreward.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
