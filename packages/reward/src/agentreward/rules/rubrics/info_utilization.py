"""Use of information by rule. The credit lands on the step that uses what was seen, never on the one that saw it first:
at that moment nobody can know, and so scoring online equals scoring at the end."""

from agentreward.rules.facts import Facts, RuleScore, steps
from agentreward.rules.rubrics import rubric_rule


@rubric_rule("info_utilization")
def info_utilization(f: Facts) -> RuleScore:
    """Did the action rest on what earlier steps and the task had shown?"""
    kind = f.action.kind
    if kind == "noop":
        return RuleScore(0.0, "info.noop")
    if kind == "malformed":
        return RuleScore(0.05, "info.malformed")
    if f.repeat_of is not None:
        return RuleScore(0.0, "info.answer_was_known", (f.repeat_of,))
    if f.failure and f.failures_before and f.failure.kind != "no_match":
        return RuleScore(0.1, "info.ignored_an_earlier_failure", (), f.failure.quote)
    if kind in ("edit", "write"):
        return _change(f)
    if kind == "test":
        if not f.untested_change:
            return RuleScore(0.2, "info.result_was_known", steps(f.last_run))
        if f.last_change is None:
            return RuleScore(0.8, "info.looked_at_tests")
        return RuleScore(1.0, "info.tested_a_change", steps(f.last_change))
    if kind == "submit":
        if f.failing and not f.verified:
            return RuleScore(0.2, "info.submitted_with_failures_open", steps(f.failing))
        if f.unproved:
            return RuleScore(0.1, "info.submitted_an_unproved_change", steps(f.last_change))
        if f.last_change is None:
            return RuleScore(0.1, "info.nothing_to_submit")
        return RuleScore(0.9, "info.submit", steps(f.last_change))
    if kind == "revert":
        return RuleScore(0.7, "info.took_back_own_change", (f.undoes,)) if f.undoes is not None else RuleScore(0.4, "info.reset")
    if f.shown_by is not None:
        return RuleScore(0.3, "info.lines_were_known", (f.shown_by,))
    known = steps(f.path_seen, f.query_seen)
    return RuleScore(0.9, "info.followed_a_pointer", known) if known else RuleScore(0.5, "info.guess")


def _change(f: Facts) -> RuleScore:
    if f.undoes is not None:
        return RuleScore(0.5, "info.took_back_own_change", (f.undoes,))
    if f.text_seen:
        return RuleScore(1.0, "info.edited_what_was_seen", f.text_seen)
    if f.path_seen is not None and f.failing and f.source_file:
        return RuleScore(1.0, "info.edited_after_a_failure", steps(f.failing, f.path_seen))
    if f.path_seen is not None:
        return RuleScore(0.7, "info.edited_a_known_file", (f.path_seen,))
    if not f.action.path:
        return RuleScore(0.5, "info.changed_files_not_named")
    return RuleScore(0.5, "info.new_file") if f.action.kind == "write" else RuleScore(0.2, "info.edited_unseen")
