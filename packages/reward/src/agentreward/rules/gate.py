"""The gate: 0 for a step that is empty or repeats without effect, else 1."""

from collections.abc import Sequence

from agentreward.rules.facts import Facts, RuleScore

OPEN = RuleScore(1.0, "gate.open")


def is_idle(f: Facts) -> bool:
    """Whether the action does nothing, hands in nothing, or asks what was asked before, gets the same answer, and nothing had
    changed in between."""
    return f.repeat_of is not None or f.action.kind == "noop" or (f.action.kind == "submit" and f.last_change is None)


def gate(facts: Sequence[Facts]) -> RuleScore:
    """0 where every action is idle. A step without a call is empty, whatever it says."""
    if not facts:
        return RuleScore(0.0, "gate.no_call")
    for f in facts:
        if not is_idle(f):
            return OPEN
    repeats = {f.repeat_of for f in facts if f.repeat_of is not None}
    if repeats:
        return RuleScore(0.0, "gate.repeat", tuple(sorted(repeats)))
    return RuleScore(0.0, "gate.submits_nothing" if any([f.action.kind == "submit" for f in facts]) else "gate.nothing_done")
