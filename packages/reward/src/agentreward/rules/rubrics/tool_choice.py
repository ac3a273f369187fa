"""Tool choice by rule: could this kind of action serve its purpose, given what was known?"""

from typing import get_args

from agentreward.rules.facts import Facts, RuleScore, steps
from agentreward.rules.read.actions import Kind, is_test_config
from agentreward.rules.rubrics import rubric_rule

_SCORES = {"mutate": 0.7, "make": 0.6, "other": 0.7, "run": 0.8, "revert": 0.8}
_PLAIN = {kind: RuleScore(_SCORES.get(kind, 1.0), f"tool.{kind}") for kind in get_args(Kind)}
_TOO_MUCH = RuleScore(0.7, "tool.read_too_much_at_once")


@rubric_rule("tool_choice")
def tool_choice(f: Facts) -> RuleScore:
    """Was this the right kind of action?"""
    action, kind = f.action, f.action.kind
    if kind == "noop":
        return RuleScore(0.0, "tool.noop")
    if kind == "malformed":
        return RuleScore(0.05, "tool.malformed")
    if action.interactive:
        return RuleScore(0.1, "tool.interactive_program", (), action.key[:80])
    if f.repeat_of is not None:
        return RuleScore(0.1, "tool.repeat", (f.repeat_of,))
    if f.failure and f.failure.kind == "no_command":
        return RuleScore(0.05, "tool.no_such_command", (), f.failure.quote)
    if f.failure and f.failure.kind == "timeout":
        return RuleScore(0.3, "tool.ran_out_of_time", (), f.failure.quote)
    if f.failure and f.failure.kind not in ("no_match", "exit_code"):
        return RuleScore(0.5, "tool.without_effect", (), f.failure.quote)
    if kind == "history":
        return RuleScore(0.2, "tool.looked_into_commits", (), action.key[:80])
    if kind == "test":
        return (
            RuleScore(1.0, "tool.tested_a_change", steps(f.last_change))
            if f.untested_change
            else RuleScore(0.2, "tool.nothing_to_test", steps(f.last_run))
        )
    if kind in ("edit", "write"):
        return _change(f)
    if kind == "read":
        return _TOO_MUCH if f.cut else _PLAIN[kind]
    if kind == "submit" and f.failing and not f.verified:
        return RuleScore(0.5, "tool.submit_too_early", steps(f.last_change))
    if kind == "submit" and f.unproved:
        return RuleScore(0.1, "tool.submit_untried", steps(f.last_change))
    if kind == "submit":
        if f.last_change is None:
            return RuleScore(0.0, "tool.nothing_to_submit")
        return RuleScore(1.0, "tool.submit", steps(f.last_change))
    return _PLAIN[kind]


def _change(f: Facts) -> RuleScore:
    if is_test_config(f.action):
        return RuleScore(0.1, "tool.changed_test_configuration", (), f.action.path)
    if f.action.kind == "write" and f.path_seen is not None and f.same_call is None and f.source_file:
        return RuleScore(0.6, "tool.rewrote_a_known_file", (f.path_seen,), f.action.path)
    if f.action.kind == "edit" and f.path_seen is None and f.action.path:
        return RuleScore(0.5, "tool.edit_before_looking", (), f.action.path)
    if f.action.shell:
        return RuleScore(0.8, "tool.changed_through_the_shell", (), f.action.path)
    return RuleScore(1.0, "tool.edit")
