"""What an outcome is worth."""

from typing import NamedTuple

from trajschema.outcome import Outcome, Verdict

from agentreward.aggregate.weights import Weights


class OutcomeValue(NamedTuple):
    """A value in [0, 1], or none with the reason. ``tampered`` voids the total."""

    value: float | None
    verdict: Verdict
    missing_reason: str | None
    tampered: bool = False


def outcome_value(outcome: Outcome | None, weights: Weights) -> OutcomeValue:
    """Resolved is 1. Unresolved is ``partial`` times the share of FAIL_TO_PASS fixed, and 0 once a passing test broke.

    - A pass that is doubted counts as unresolved with nothing fixed: 0. One that is not confirmed has the value ``weights.unconfirmed``.
    - Evidence of tampering beats the verdict: the value is 0, whatever is said or claimed.
    - ``claimed`` has the value of the claimed result, times ``weights.claimed``, and is missing where that weight is 0: nobody
      here has seen those tests.
    - ``error`` and ``not_evaluated`` are missing, with the outcome's reason.
    - Counts that contradict each other (5 of 2 fixed) are missing: such a record has no value.
    """
    if outcome is None:
        return OutcomeValue(None, "not_evaluated", "no outcome")
    verdict = outcome.verdict
    if verdict in ("error", "not_evaluated"):
        return OutcomeValue(None, verdict, f"outcome {verdict}: {outcome.reason or 'no reason given'}")
    if outcome.tamper:
        return OutcomeValue(0.0, "claimed" if verdict == "claimed" else "unresolved", None, tampered=True)
    if verdict == "claimed" and weights.claimed == 0:
        return OutcomeValue(None, verdict, "outcome only claimed by the log, and claims count for nothing (weight claimed is 0)")
    fixed, total = outcome.fail_to_pass_fixed, outcome.fail_to_pass_total
    if fixed > total or outcome.pass_to_pass_broken > outcome.pass_to_pass_total:
        return OutcomeValue(None, verdict, f"outcome counts contradict: {fixed} of {total} fixed")
    if outcome.passed_as == "doubted":
        return OutcomeValue(0.0, "unresolved", None)
    if verdict == "resolved":
        return OutcomeValue(1.0 if outcome.passed_as == "confirmed" else weights.unconfirmed, verdict, None)
    trust = weights.claimed if verdict == "claimed" else 1.0
    if verdict == "claimed" and outcome.claimed_resolved:
        return OutcomeValue(trust, verdict, None)
    if outcome.pass_to_pass_broken or not total:
        return OutcomeValue(0.0, verdict, None)
    return OutcomeValue(trust * weights.partial * (fixed / total), verdict, None)


def counted_as(outcome: Outcome, weights: Weights) -> tuple[str, ...]:
    """A sentence on what a pass counts as, and why, where that is not what its verdict says or nothing confirms it."""
    if outcome.passed_as in (None, "confirmed"):
        return ()
    why = outcome.confirmation_reason or "it was graded before confirmations were asked for"
    if outcome.passed_as == "doubted":
        return (f"the pass is doubted and counts as unresolved: {why}",)
    return (f"the pass is unconfirmed and counts {weights.unconfirmed:g}: {why}",)
