"""The rule layer: what happened, read off calls and outputs.

``score_rules`` scores a recorded trajectory, ``RuleScorer`` scores step by step as they come; both give the same scores.
"""

from importlib import import_module
from typing import Any

_EXPORTS = {"score_rules": "agentreward.rules.scorer", "RuleScorer": "agentreward.rules.scorer", "ScoredStep": "agentreward.rules.scorer"}


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        return getattr(import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
