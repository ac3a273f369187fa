"""Non-redundancy by rule: was the action needed, after what had been done? Ranges, patterns and versions are told apart."""

from agentreward.rules.facts import Facts, RuleScore
from agentreward.rules.rubrics import rubric_rule

_NEW = RuleScore(1.0, "redundant.new")


@rubric_rule("non_redundancy")
def non_redundancy(f: Facts) -> RuleScore:
    """Was the action needed?"""
    kind = f.action.kind
    if kind == "noop":
        return RuleScore(0.0, "redundant.nothing_done")
    if f.repeat_of is not None:
        return RuleScore(0.0, "redundant.repeat", (f.repeat_of,))
    if f.shown_by is not None:
        return RuleScore(0.3, "redundant.lines_shown_before", (f.shown_by,))
    if kind == "test" and not f.untested_change and f.last_run is not None:
        return RuleScore(0.3, "redundant.no_change_since_last_run", (f.last_run,))
    if f.undoes is not None:
        return RuleScore(0.4, "redundant.takes_back_own_change", (f.undoes,))
    if f.same_call is not None:
        if kind in ("edit", "write", "revert", "mutate"):
            return RuleScore(0.1, "redundant.change_made_before", (f.same_call,))
        return RuleScore(0.9, "redundant.again_after_a_change", (f.same_call,))
    if f.failure and f.failure.kind not in ("no_match", "exit_code"):
        if f.failures_before:
            return RuleScore(0.4, "redundant.failed_like_before", (), f.failure.quote)
        return RuleScore(0.7, "redundant.brought_nothing", (), f.failure.quote)
    return _NEW
