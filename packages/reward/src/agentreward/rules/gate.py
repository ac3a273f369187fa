"""The gate: 0 for a step that is empty or repeats without effect, else 1."""

from collections.abc import Sequence

from trajschema.trajectory import Observation

from agentreward.rules.actions import Action
from agentreward.rules.facts import Mark
from agentreward.rules.history import History

OPEN = Mark(1.0, "gate.open")


def gate(actions: Sequence[tuple[Action, Observation | None]], history: History) -> Mark:
    """0 where every action is idle: it does nothing, or asks what was asked before, gets the same answer, and nothing had
    changed in between. A step without a call is empty, whatever it says. So is handing in when nothing was changed."""
    if not actions:
        return Mark(0.0, "gate.no_call")
    repeats = []
    for action, observation in actions:
        if action.kind == "noop":
            continue
        if action.kind == "submit" and history.last_change is None:
            continue
        repeat = history.repeat_of(action, observation)
        if repeat is None:
            return OPEN
        repeats.append(repeat)
    if repeats:
        return Mark(0.0, "gate.repeat", tuple(sorted(set(repeats))))
    return Mark(0.0, "gate.submits_nothing" if any(a.kind == "submit" for a, _ in actions) else "gate.nothing_done")
