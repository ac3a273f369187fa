"""Answers to one call, one from each side: do they count as the same, and what is shown of it if not?"""

from collections.abc import Iterable, Mapping
from typing import Any

from trajschema.outcome import Difference

from agentgrader.differential.inputs import Call
from agentgrader.differential.values import Ignored, canonical, short, shown, without_addresses
from agentgrader.probes.deserialize import everything

Answer = Mapping[str, Any]
"""As :class:`agentgrader.probes.call_replay.Caller` sends it."""
EVIDENCE = 5
_ERROR = "builtins:Exception"
"""What all errors are that callers are meant to catch."""
DETAILS = frozenset({"text", "printed", "again", "order or sharing", "state"})
"""Differences that rarely matter, and are never firm: in what an error says, in what is printed, in whether the same call made once more
returns the same, in the order of a dictionary, in what is one object, in how far an iterator was read, in what modules hold afterwards."""
_AGAIN = {"new": "a new value each time", "same": "the very same object once more", "other": "something else once more"}
_SPENT = ("builtins:MemoryError", "builtins:RecursionError")


def usable(answer: Answer) -> bool:
    """Whether an answer of the gold patch may be required of the diff: not if it ran out of memory or stack."""
    return not any(name in _SPENT for name in answer.get("raised", ()))


def told(answer: Answer) -> bool:
    """Whether there is something to compare: an error, or a value. One that cannot be written down, or holds what cannot be, may be
    anything, whatever came of the arguments."""
    return "raised" in answer or ("result" in answer and all(part[0] != "opaque" for part in everything(answer["result"])))


def fingerprint(answer: Answer, ignored: Ignored, detailed: bool = False) -> tuple[Any, ...]:
    """Equal for answers that count as the same; ``detailed``: in every detail too."""
    result = canonical(answer["result"], ignored, detailed) if "result" in answer else ""
    plain = result, answer.get("raised"), [(i, canonical(e, ignored, detailed)) for i, e in answer.get("after", [])]
    said = canonical(answer["said"], ignored) if "said" in answer else ""
    return (*plain, said, without_addresses(answer.get("printed", "")), answer.get("again"), answer.get("held")) if detailed else plain


def difference_of(call: Call, gold: Answer, candidate: Answer, ignored: Ignored) -> Difference | None:
    """What sets two answers to one call apart. The candidate's comes out of its box and may be anything at all.

    It is firm but where both raise, where the gold patch refuses a variation (what to do instead is rarely specified), and in
    :data:`DETAILS`.
    """

    def differs(what: str, mine: str, theirs: str) -> Difference:
        refused = what == "raised" and "raised" in gold
        firm = what not in DETAILS and (not refused or (call.origin == "recorded" and "raised" not in candidate))
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
            if left:
                return differs("argument", *left).model_copy(update={"firm": False})
            other = _detail(gold, candidate, ignored)
            return differs(*other) if other else None
        if "raised" in gold or "raised" in candidate:
            return differs("raised", mine, theirs)
        if gold.get("awaited", False) != candidate.get("awaited", False):
            return differs("result", *(f"a coroutine of {said}" if side.get("awaited") else said for side, said in sides))
        if canonical(gold["result"], ignored) != canonical(candidate["result"], ignored):
            return differs("result", mine, theirs)
        left = _left_otherwise(gold, candidate, ignored)
        if left:
            return differs("argument", *left)
        other = _detail(gold, candidate, ignored)
        if other:
            return differs(*other)
    except Exception:  # whatever it is that trips over it
        return differs("no answer", mine, "something else than an answer")
    return None


def _left_otherwise(gold: Answer, candidate: Answer, ignored: Ignored, detailed: bool = False) -> tuple[str, str] | None:
    """The first argument that the two leave in other states, as each leaves it. How much of an iterator is left is a detail."""
    after = dict(candidate.get("after", []))
    for i, e in gold.get("after", []):
        if e[0] == "iterator" and not detailed and i in after:
            continue
        if i not in after or canonical(e, ignored, detailed) != canonical(after[i], ignored, detailed):
            return shown(e), shown(after[i]) if i in after else "no answer"
    return None


def _detail(gold: Answer, candidate: Answer, ignored: Ignored) -> tuple[str, str, str] | None:
    """What differs, and on each side, in answers that count as the same otherwise."""
    if "said" in gold:
        said = candidate.get("said", ["none"])
        if gold["raised"][0] in candidate["raised"] and said[0] == gold["said"][0] == "object":
            said = [*said[:1], gold["said"][1], *said[2:]]  # a subclass will do
        if canonical(gold["said"], ignored) != canonical(said, ignored):
            return "text", _said(gold), _said(candidate)
    printed = without_addresses(gold.get("printed", "")), without_addresses(candidate.get("printed", ""))
    if printed[0] != printed[1]:
        return "printed", short(repr(printed[0])), short(repr(printed[1]))
    again = gold.get("again"), candidate.get("again")
    if None not in again and again[0] != again[1]:
        return "again", _AGAIN[str(again[0])], _AGAIN[str(again[1])]
    if "result" in gold and canonical(gold["result"], ignored, True) != canonical(candidate["result"], ignored, True):
        return "order or sharing", shown(gold["result"]), shown(candidate["result"])
    left = _left_otherwise(gold, candidate, ignored, True)
    if left:
        return "order or sharing", left[0], left[1]
    theirs = candidate.get("held", {})
    other = [name for name, digest in gold.get("held", {}).items() if theirs.get(name, digest) != digest]
    return ("state", "its own", short(f"another {', '.join(other)}")) if other else None


def _said(answer: Answer) -> str:
    return f"raises {shown(answer['said'])}" if "said" in answer else f"{_raised(answer)} in the midst of something"


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
