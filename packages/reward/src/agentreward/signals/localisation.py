"""Did the run find the place? Reads the gold patch, so it is given beside the reward and never enters it."""

from collections.abc import Iterable
from typing import NamedTuple

from trajschema.trajectory import Step

from agentreward.rules.read.calls import answered
from agentreward.signals.patches import hunks_of

_SIGHT = frozenset({"read", "search", "edit", "write"})


class Localisation(NamedTuple):
    """``first_seen``: the step that looked at or changed a file of the fault first; ``recall``: share of those files, in [0, 1]."""

    first_seen: int | None
    recall: float


def localisation(steps: Iterable[Step], gold: str) -> Localisation | None:
    """How well a run found the files that the gold patch changes; ``None`` without a gold patch.

    A file counts as seen once an action of the agent read it, searched in it or changed it by name, through whatever tool; a search over
    a whole folder does not point at it. An action whose call failed shows nothing.
    """
    wanted = set(hunks_of(gold) or ())
    if not wanted:
        return None
    seen: set[str] = set()
    first: int | None = None
    for step in steps:
        if step.source != "agent":
            continue
        for action, observation in answered(step):
            if action.kind in _SIGHT and not (observation and observation.error):
                named = {path for path in wanted if action.path == path or action.path.endswith(f"/{path}")}
                first = step.step_id if named and first is None else first
                seen |= named
    return Localisation(first, len(seen) / len(wanted))
