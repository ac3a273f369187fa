"""Answers to one call, one from each side: do they count as the same, and what is shown of it if not?"""

from collections.abc import Iterable, Mapping
from typing import Any

from trajschema.outcome import Difference

from agentgrader.differential.inputs import Call
from agentgrader.differential.values import Ignored, canonical, short, shown

Answer = Mapping[str, Any]
"""As :class:`agentgrader.probes.call_replay.Caller` sends it."""
EVIDENCE = 5
_ERROR = "builtins:Exception"
"""What all errors are that callers are meant to catch."""
_SPENT = ("builtins:MemoryError", "builtins:RecursionError")


def usable(answer: Answer) -> bool:
    """Whether an answer of the gold patch may be required of the diff: not if it ran out of memory or stack."""
    return not any(name in _SPENT for name in answer.get("raised", ()))


def told(answer: Answer) -> bool:
    """Whether there is something to compare: an error, or a value. One that cannot be written down may be anything, whatever came of the
    arguments."""
    return "raised" in answer or answer["result"][0] != "opaque"


def fingerprint(answer: Answer, ignored: Ignored) -> tuple[Any, ...]:
    """Equal for answers that count as the same in every respect."""
    result = canonical(answer["result"], ignored) if "result" in answer else ""
    return result, answer.get("raised"), [(i, canonical(e, ignored)) for i, e in answer.get("after", [])]


def difference_of(call: Call, gold: Answer, candidate: Answer, ignored: Ignored) -> Difference | None:
    """What sets two answers to one call apart. The candidate's comes out of its box and may be anything at all.

    It is firm but where both raise, and where the gold patch refuses a variation: what to do instead is rarely specified.
    """

    def differs(what: str, mine: str, theirs: str) -> Difference:
        refused = what == "raised" and "raised" in gold
        firm = not refused or (call.origin == "recorded" and "raised" not in candidate)
        said = {"gold": _plain(mine), "candidate": _plain(theirs), "what": what, "firm": firm}
        return Difference.model_validate(
            {"function": f"{call.path}::{call.key}", "arguments": _plain(_arguments(call)), "origin": call.origin, **said}
        )

    mine = _raised(gold) if "raised" in gold else shown(gold["result"])
    try:
        theirs = _raised(candidate) if "raised" in candidate else shown(candidate["result"]) if "result" in candidate else ""
        if not theirs:
            return differs("no answer", mine, _silence(candidate))
        sides = ((gold, mine), (candidate, theirs))
        if "raised" in gold and "raised" in candidate:
            as_promised = call.origin == "mutated" or gold["raised"][0] in candidate["raised"]
            if not as_promised or (_ERROR in gold["raised"]) != (_ERROR in candidate["raised"]):
                return differs("raised", mine, theirs)
            left = _left_otherwise(gold, candidate, ignored)
            return differs("argument", *left).model_copy(update={"firm": False}) if left else None
        if "raised" in gold or "raised" in candidate:
            return differs("raised", mine, theirs)
        if gold.get("awaited", False) != candidate.get("awaited", False):
            return differs("result", *(f"a coroutine of {said}" if side.get("awaited") else said for side, said in sides))
        if canonical(gold["result"], ignored) != canonical(candidate["result"], ignored):
            return differs("result", mine, theirs)
        left = _left_otherwise(gold, candidate, ignored)
        if left:
            return differs("argument", *left)
    except Exception:  # whatever it is that trips over it
        return differs("no answer", mine, "something else than an answer")
    return None


def _left_otherwise(gold: Answer, candidate: Answer, ignored: Ignored) -> tuple[str, str] | None:
    """The first argument that the two leave in other states, as each leaves it."""
    after = dict(candidate.get("after", []))
    for i, e in gold.get("after", []):
        if i not in after or canonical(e, ignored) != canonical(after[i], ignored):
            return shown(e), shown(after[i]) if i in after else "no answer"
    return None


def _silence(answer: Answer) -> str:
    """What there is instead of an answer."""
    for kind in ("absent", "unbuildable"):
        if kind in answer:
            return short(str(answer[kind])) or kind
    if "unmade" in answer:
        return "was not reached in time"
    return (
        "did not end in time"
        if "late" in answer
        else "something else than an answer"
        if "malformed" in answer
        else "ended the process or hung"
    )


def _plain(text: str) -> str:
    """Text that can be stored."""
    return text.encode("utf-8", "backslashreplace").decode()


def _raised(answer: Answer) -> str:
    return "raises " + short(str(answer["raised"][0]).removeprefix("builtins:").replace(":", "."))


def _arguments(call: Call) -> str:
    values = [shown(e) for e in (*call.plain, *(call.star or ()))]
    return short(", ".join([*values, *(f"{k}={shown(e)}" for k, e in (*call.named, *(call.stars or ())))]))


def evidence(differences: Iterable[Difference]) -> list[Difference]:
    """A few, of different functions first; of each function firm ones first, then calls of the tests."""
    ranked: list[tuple[int, bool, bool, Difference]] = []
    counts: dict[str, int] = {}
    for d in sorted(differences, key=lambda d: (not d.firm, d.origin == "mutated")):
        counts[d.function] = counts.get(d.function, 0) + 1
        ranked.append((counts[d.function], not d.firm, d.origin == "mutated", d))
    return [d for *_, d in sorted(ranked, key=lambda r: r[:3])[:EVIDENCE]]
