"""Goal progress by rule. At 0.5 and above a step advances: it changed code anew, or tests got better than ever before.

Below 0.5 lie steps that look, check, fail or end; they may be good work, but cannot by themselves bring the task closer.
"""

from collections.abc import Sequence

from agentreward.rules.facts import Facts, RuleScore, steps
from agentreward.rules.read.actions import is_document, is_test_config, is_test_path
from agentreward.rules.rubrics import rubric_rule

_COPIED = 0.2
_LOOKING = frozenset({"read", "list", "search", "inspect"})


@rubric_rule("goal_progress")
def goal_progress(f: Facts) -> RuleScore:
    """Did this action bring the task closer to done? A copy of an earlier step never does."""
    if f.copy_of is not None:
        given = goal_progress(f._replace(copy_of=None))
        return given if given.score <= _COPIED else RuleScore(_COPIED, "progress.copied_step", (f.copy_of,))
    kind = f.action.kind
    if kind == "noop":
        return RuleScore(0.0, "progress.nothing_done")
    if f.repeat_of is not None:
        return RuleScore(0.0, "progress.repeat", (f.repeat_of,))
    if f.failure:
        score = {"no_match": 0.2, "exit_code": 0.25 if kind == "run" else 0.1}.get(f.failure.kind, 0.1)
        return RuleScore(score, f"progress.failed_{f.failure.kind}", (), f.failure.quote)
    if kind == "test":
        return _tested(f)
    if f.counts:
        return _ran(f)
    if kind in ("edit", "write"):
        return _changed(f)
    if kind in _LOOKING:
        known = steps(f.path_seen, f.query_seen)
        return RuleScore(0.4, "progress.looked_where_pointed", known) if known else RuleScore(0.3, "progress.looked")
    if kind == "submit":
        return _submitted(f)
    if kind == "revert":
        return RuleScore(0.3, "progress.took_back", steps(f.undoes)) if f.undoes else RuleScore(0.2, "progress.reset")
    return RuleScore({"run": 0.35, "mutate": 0.4, "make": 0.2, "history": 0.05}.get(kind, 0.3), f"progress.{kind}")


def step_progress(facts: Sequence[Facts], found: Sequence[RuleScore]) -> float:
    """Progress of a step with several actions: that of the best one, unless tests in the same step say otherwise.

    A change counts on credit until it is tested. Where the step itself tests it and nothing got better, the credit is gone.
    """
    best = max(m.score for m in found)
    trends = {f.trend for f in facts if f.repeat_of is None and not _passes_as_before(f)}
    if "better" in trends:
        return best
    return min(best, 0.15 if "worse" in trends else 0.4 if "same" in trends else 1.0)


def _passes_as_before(f: Facts) -> bool:
    """A program that runs like before says nothing of a change."""
    return f.action.kind == "run" and f.trend == "same" and f.counts is not None and f.counts.green


def _tested(f: Facts) -> RuleScore:
    quote = f.counts.line if f.counts else None
    if f.trend == "better" and f.counts and f.code_changed:
        if f.counts.green:
            return RuleScore(1.0, "tests.all_pass_now", steps(f.best_step, f.last_change), quote)
        share = (f.best_failed - f.counts.failed) / f.best_failed if f.best_failed > f.counts.failed else 0.0
        return RuleScore(0.5 + 0.45 * share, "tests.better", steps(f.best_step, f.last_change), quote)
    if f.trend == "worse":
        return RuleScore(0.05, "tests.worse", steps(f.best_step, f.last_change), quote)
    if not f.untested_change:
        return RuleScore(0.1, "tests.no_change_since", steps(f.last_run), quote)
    if f.trend == "better":
        return RuleScore(0.2, "tests.better_by_no_change_of_code", steps(f.best_step, f.last_change), quote)
    if f.trend == "same":
        return RuleScore(0.2, "tests.same", steps(f.best_step, f.last_change), quote)
    return RuleScore(0.4, "tests.first_look", (), quote)


def _ran(f: Facts) -> RuleScore:
    """A program, such as the reproduction of a bug. One that passes at first sight may just show nothing, and one that changes files shows
    nobody what it did to them: neither is progress yet."""
    quote = f.counts.line if f.counts else None
    if f.trend == "better" and f.code_changed:
        return RuleScore(0.85, "run.passes_now", steps(f.best_step, f.last_change), quote)
    if f.trend == "worse":
        return RuleScore(0.1, "run.fails_now", steps(f.best_step, f.last_change), quote)
    if f.counts and f.counts.failed:
        return RuleScore(0.35 if f.trend == "first" else 0.2, f"run.fails_{f.trend}", steps(f.best_step), quote)
    return RuleScore(0.35, "progress.run")


def _changed(f: Facts) -> RuleScore:
    path = f.action.path
    if is_test_config(f.action):
        return RuleScore(0.05, "edit.test_configuration", (), path)
    if f.same_call is not None:
        return RuleScore(0.15, "edit.again", (f.same_call,), path)
    if f.undoes is not None:
        return RuleScore(0.2, "edit.took_back", (f.undoes,), path)
    if is_test_path(path):
        return RuleScore(0.4, "edit.tests", (), path)
    if is_document(path):
        return RuleScore(0.4, "edit.documents", (), path)
    if f.no_code:
        return RuleScore(0.3, "edit.no_code", (), path)
    if not f.source_file:
        return RuleScore(0.35, "edit.throw_away_file", (), path)
    if not f.text_seen and f.path_seen is None:
        return RuleScore(0.5 if f.changes_before == 0 else 0.4, "edit.blind", (), path)
    return _seen(f)


def _seen(f: Facts) -> RuleScore:
    """A change of what is known. It promises most where something was seen to fail, and less each time that the same file is changed
    again, since what was done to it before did not do. In the end it no longer advances: else one change could be sold in many parts."""
    if f.failing is not None:
        best, rule, known = 0.9, "edit.failure_had_been_seen", steps(f.failing, f.path_seen, *(f.text_seen or ()))
    elif f.text_seen:
        best, rule, known = 0.75, "edit.text_had_been_seen", f.text_seen
    else:
        best, rule, known = 0.65, "edit.file_had_been_seen", steps(f.path_seen)
    return RuleScore(max(0.4, best - 0.1 * f.changes_before), rule, known, f.action.path)


def _submitted(f: Facts) -> RuleScore:
    if f.last_change is None:
        return RuleScore(0.0, "submit.nothing_changed")
    if f.failing and not f.verified:
        return RuleScore(0.3, "submit.failures_open", steps(f.failing, f.last_change))
    if f.unproved:
        return RuleScore(0.1, "submit.unproved_change", steps(f.last_change))
    return RuleScore(0.45, "submit.after_change", steps(f.last_change))
