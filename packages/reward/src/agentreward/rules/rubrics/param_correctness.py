"""Parameter correctness by rule: did the arguments do what they were meant to?"""

from agentreward.rules.facts import Facts, RuleScore
from agentreward.rules.rubrics import rubric_rule

_ACCEPTED = RuleScore(1.0, "params.accepted")
_FAILED = {
    "malformed": 0.05,
    "bad_arguments": 0.1,
    "no_command": 0.1,
    "no_such_path": 0.15,
    "not_applied": 0.15,
    "tests_not_run": 0.2,
    "timeout": 0.3,
    "no_match": 0.5,
    "exit_code": 0.4,
}


@rubric_rule("param_correctness")
def param_correctness(f: Facts) -> RuleScore:
    """Were the arguments right? A failing test is no wrong argument."""
    if f.action.kind == "noop":
        return RuleScore(0.0, "params.nothing_done")
    if f.failure is None:
        return _ACCEPTED
    score = _FAILED[f.failure.kind]
    if f.failures_before:
        return RuleScore(score / 2, f"params.{f.failure.kind}_again", (), f.failure.quote)
    return RuleScore(score, f"params.{f.failure.kind}", (), f.failure.quote)
