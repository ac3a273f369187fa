"""What the package raises. Each error names the input and what to do."""

from typing import Any


class RewardError(Exception):
    """Something is wrong with what was given. The message says what, and the remedy."""


class InvalidRun(RewardError):
    """A value is no run that can be scored."""


class InvalidRubrics(RewardError):
    """A rubric set cannot be read, or a rubric of it cannot be judged."""


class InvalidConfig(RewardError):
    """A field of the configuration has no value that can be used."""


class InvalidScores(RewardError):
    """Scores that were given are no numbers in range, or do not belong together."""


class MissingExtra(RewardError, ImportError):
    """A part of the package needs a library that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs a library that is not installed; install agentreward[{extra}]")


def short(value: Any) -> str:
    """What a message shows of a value that it refuses."""
    try:
        text = repr(value)
    except RecursionError:
        text = f"a {type(value).__name__} too deep to show"
    return text if len(text) <= 60 else f"{text[:57]}..."
