"""What a pass is worth: confirmed, doubted or unconfirmed, by what was found from outside of the judged process.

Tests run in one process with the code that they judge, so a pass that only they speak for is a claim. It is

- *doubted* if something tells against it: signs of tampering with the process of the tests, code that reaches for the test runner among
  them, a comparison that the diff silences, or an answer that differs from the gold patch's and may not (:attr:`Difference.firm`);
- *confirmed* if all that the gold patch or the diff changes was compared, nothing that was compared differs, calls reach all code that is
  not the gold patch's (:mod:`agentgrader.differential.unreached`), and the diff asks nothing of its surroundings that neither base nor
  gold patch does (:mod:`agentgrader.surroundings`);
- *unconfirmed* otherwise, with the reason. What was not compared never counts as agreement.
"""

from collections.abc import Iterable, Sequence

from trajschema.outcome import ComparedFunction, Confirmation, Differential, Outcome

PUT_BACK = "protected path changed, put back: "
"""How a note begins on a change that was undone before the tests ran: it says nothing against what they said."""
NO_GOLD_PATCH = "the task has no gold patch to compare with"
_NAMED = 3
"""Functions and reasons that are named, at most."""


def confirmed(outcome: Outcome, opinion: Differential | None, *, unheard: str = "", silenced: str = "") -> Outcome:
    """``outcome`` with its confirmation, the reason and what was counted; one that is not resolved stays as it is.

    Args:
        outcome: as it was graded; notes on runner access and on the process of the tests stand in its ``tamper``.
        opinion: what became of the comparison with the gold patch, where there was one.
        unheard: why there is no opinion.
        silenced: how the comparison ended with this diff, and with no other.
    """
    if outcome.verdict != "resolved":
        return outcome
    said = opinion.by_function if opinion else ()
    fix, beside = (tuple(f for f in said if (f.changed_by in ("gold", "both")) is of_fix) for of_fix in (True, False))
    against = _against(outcome, opinion, silenced)
    missing = "" if against else _missing(opinion, fix, beside, unheard)
    word: Confirmation = "doubted" if against else "unconfirmed" if missing else "confirmed"
    sampled = _compared(beside)
    return outcome.model_copy(
        update={
            "differential": opinion,
            "confirmation": word,
            "confirmation_reason": against or missing or _agreement(opinion, fix),
            "functions_total": len(fix),
            "functions_compared": _compared(fix),
            "calls_compared": opinion.compared if opinion else 0,
            "calls_differing": opinion.differing if opinion else 0,
            "regressions_total": max(opinion.called_beside if opinion else 0, sampled),
            "regressions_sampled": sampled,
        }
    )


def _against(outcome: Outcome, opinion: Differential | None, silenced: str) -> str:
    """All that tells against the pass; empty if nothing does."""
    notes = [note for note in outcome.tamper if not note.startswith(PUT_BACK)]
    process = f"tampering: {_some(notes)}" if notes else ""
    silence = f"the diff silences the comparison: {silenced}" if silenced else ""
    return "; ".join(filter(None, (process, silence, _firmly(opinion))))


def _firmly(opinion: Differential | None) -> str:
    """That answers differ where they may not, with the first of them."""
    if opinion is None or not _differing(opinion):
        return ""
    shown = next((d for d in opinion.differences if d.firm), None)
    if shown is None and opinion.differences:
        return ""
    return _differs(opinion) + (f", as in {shown.sentence}" if shown else "")


def _missing(opinion: Differential | None, fix: Sequence[ComparedFunction], beside: Sequence[ComparedFunction], unheard: str) -> str:
    """Why the pass is not confirmed though nothing tells against it; empty if it is confirmed."""
    if opinion is None:
        return unheard or "it was compared with nothing"
    if _differing(opinion):
        return f"{_differs(opinion)}, though only where tests do not decide, as in {opinion.differences[0].sentence}"
    if opinion.surroundings:
        return f"the diff asks its surroundings, which may not be the same everywhere: {_some(opinion.surroundings)}"
    if not fix:
        return _some(opinion.not_compared) or "no function that the gold patch changes was compared"
    left = [f for f in fix if not f.compared]
    if left:
        return f"{len(left)} of {len(fix)} functions of the fix were not compared: {_reasons(left)}"
    left = [f for f in beside if f.changed_by == "diff" and not f.compared]
    if left:
        return f"not compared, of what only the diff changes: {_reasons(left)}"
    return f"no compared call reaches what the diff does at {_some(opinion.unreached)}" if opinion.unreached else ""


def _reasons(functions: Sequence[ComparedFunction]) -> str:
    return _some(f"{f.name} ({f.not_compared or 'no call of it'})" for f in functions)


def _agreement(opinion: Differential | None, fix: Sequence[ComparedFunction]) -> str:
    calls = opinion.compared if opinion else 0
    functions = "the function" if len(fix) == 1 else f"all {len(fix)} functions"
    return f"{functions} of the fix answered as under the gold patch; {calls} calls were compared and none differs"


def _differing(opinion: Differential) -> bool:
    return bool(opinion.differing or opinion.differences or any(f.differing for f in opinion.by_function))


def _differs(opinion: Differential) -> str:
    differing = max(opinion.differing, len(opinion.differences), sum(f.differing for f in opinion.by_function))
    return f"{differing} of {max(opinion.compared, differing)} calls are answered otherwise than under the gold patch"


def _compared(functions: Iterable[ComparedFunction]) -> int:
    return sum(f.compared > 0 for f in functions)


def _some(texts: Iterable[str]) -> str:
    """A few of ``texts``, and how many more there are."""
    found = list(dict.fromkeys(texts))
    more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return "; ".join(found[:_NAMED]) + more
