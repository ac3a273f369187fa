"""A claimed outcome checked against the steps, wherever rewards are computed: engine, graph and verifier.

We cannot run those tests again, so a claim is accepted unless the steps speak against it.

- Where they show tampering (:mod:`agentreward.rules.tampering`), the evidence is added to the outcome, and fusion treats it
  like a grader's: outcome 0 and total 0. So an honest fix stays above every cheat that was seen, by at least
  ``outcome_weight · claimed_weight``, and no process score can make up for a cheat. That holds for a run that admits failure
  too: otherwise a cheat could gain by claiming less.
- Where no step can have changed anything, a claim of success is not believed: outcome 0. So an empty run that claims success
  stays below an honest attempt that fails.

Both checks read only the steps, so claiming less never helps.
"""

from collections.abc import Iterable

from trajschema.outcome import Outcome
from trajschema.trajectory import Step

from agentreward.aggregate.weights import Weights
from agentreward.rules.tampering import detect_tampering


def examined(outcome: Outcome | None, steps: Iterable[Step], weights: Weights, task: str = "") -> Outcome | None:
    """``outcome`` with what ``steps`` say against it, if it is a claim and claims count. Any other outcome as it is.

    ``task`` is what the agent was told, where no step says so.
    """
    if outcome is None or outcome.verdict != "claimed" or weights.claimed == 0:
        return outcome
    seen = detect_tampering(steps, task)
    update: dict[str, object] = {}
    if seen.tampering:
        update["tamper"] = tuple(dict.fromkeys((*outcome.tamper, *seen.tampering)))
    if not seen.may_have_changed:
        update |= {"claimed_resolved": False, "reason": "no step changed anything"}
        # Contradictory counts stay as they are: such a record has no value whoever wrote it.
        update |= {"fail_to_pass_fixed": 0} if outcome.fail_to_pass_fixed <= outcome.fail_to_pass_total else {}
    return outcome.model_copy(update=update)
