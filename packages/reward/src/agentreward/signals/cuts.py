"""Runs that were cut off, and turns that are not to be learnt from."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from trajschema.rollout import ExitStatus
from trajschema.trajectory import Step

_KINDS = (
    ("", re.compile(r"malformed|cost|dollar", re.IGNORECASE)),
    ("length", re.compile(r"context|token|length|window", re.IGNORECASE)),
    ("time", re.compile(r"second|minute|hour|time(?!error)", re.IGNORECASE)),
    ("steps", re.compile(r"step|turn|call|iteration|message", re.IGNORECASE)),
)
"""Words of a reason → the limit that it names; the first match counts."""
_NOT_LEARNT = frozenset({"malformed", "copied_context", "synthetic"})
_CACHE = 0.2
"""Part of the limit over which the penalty grows: DAPO's 4,096 of 20,480 tokens."""


class Cut(NamedTuple):
    """Which limit cut a run off. ``any`` covers other limits too, such as money."""

    any: bool
    time: bool
    length: bool
    steps: bool


def compact_filter(exit: ExitStatus, reason: str) -> Cut | None:
    """Which limit ended a run; ``None`` where it is not known how the run ended.

    Compact filtering (DeepSWE, 2025) keeps runs that hit the time limit, the context length or the step limit out of the loss,
    so that a policy is not taught by runs that were never finished.
    """
    if exit in ("unknown", "infrastructure"):
        return None
    if exit != "limit":
        return Cut(False, False, False, False)
    kind = next((kind for kind, words in _KINDS if words.search(reason)), "")
    return Cut(True, kind == "time", kind == "length", kind == "steps")


def soft_overlong(length: float, limit: float) -> float:
    """Penalty in [-1, 0] for a run near its limit, in whatever unit both are (DAPO: Yu et al. 2025, section 3.4).

    0 up to four fifths of ``limit``, then falling evenly to -1 at the limit, and -1 beyond it.

    Raises:
        ValueError: ``limit`` is not above 0.
    """
    if limit <= 0:
        raise ValueError(f"a limit is above 0, not {limit}")
    cache = _CACHE * limit
    return max(-1.0, min(0.0, (limit - cache - length) / cache))


def loss_mask(steps: Iterable[Step]) -> tuple[int, ...]:
    """1 for each turn to learn from, 0 for the rest, one a step in order.

    0: turns of the user and the system; turns of the agent that its environment could not read, which are masked and not dropped, so
    that the following ones keep their context (Golubev et al. 2025, Nebius); turns that were not taken in this run.
    """
    return tuple(int(s.source == "agent" and not _NOT_LEARNT & set(s.flags)) for s in steps)
