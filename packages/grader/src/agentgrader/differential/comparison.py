"""Answers of the gold patch beside those of a diff, and what is said of them."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace

from agentsandbox.errors import BoxLost
from agentsandbox.sandbox import Sandbox
from trajschema.outcome import ComparedFunction, Difference, Differential
from trajschema.task import Environment

from agentgrader.calls import Function, Pace, Recording, make_calls, whole_batches
from agentgrader.differential.answers import DETAILS, Answer, difference_of, evidence, told
from agentgrader.differential.gold import Alike, GoldSide
from agentgrader.differential.inputs import Call, Inputs
from agentgrader.differential.module_names import places_of, root_of
from agentgrader.differential.outside import TOP_LEVEL
from agentgrader.differential.targets import Target, Targets

_CANDIDATE = Pace(call_s=5.0, total_s=30.0, late=1)
"""A call may take the candidate 25 times as long as it may take the gold patch."""
_SAYS_NOTHING = "what it returns cannot be written down"
_UNREACHED = "no call that could be compared depends on it"
_OUTSIDE = "it is changed in a way that no call shows"
TWO_WAYS = "the gold patch answers in two ways"
Answered = Sequence[tuple[Call, Answer]]


class Candidate:
    """The box with the diff."""

    def __init__(
        self,
        box: Sandbox,
        environment: Environment,
        gold: GoldSide,
        asked: Sequence[Target],
        moved: Mapping[str, list[str]],
        paths: Sequence[str],
        noted: Mapping[str, list[tuple[int, int]]],
    ) -> None:
        self._box = box
        self._environment = environment
        self._gold = gold
        self._elsewhere = {t.function: t.elsewhere for t in asked}
        self._moved = moved
        self._exports = gold.recording().exports
        self._paths = paths
        self._noted = noted
        self.reached: set[int] = set()
        """Numbers of the ``noted`` blocks that calls reached of which there is an answer to compare."""

    def answers(self, calls: Sequence[Call]) -> dict[int, Answer]:
        """Answers by position."""
        requests = [c.request(self._places(c), self._exports.get(c.function, ())) for c in calls]
        setting = replace(self._gold.setting(calls, self._paths, self._moved), noted=self._noted, elsewhere=True)
        found: dict[int, Answer] = {}
        try:
            for r in make_calls(self._box, self._environment, requests, setting, _CANDIDATE, hash_seed=self._gold.hash_seed):
                found[r["call"]] = r
                self.reached |= {*r.get("reached", ())} if told(r) else set()
        except BoxLost:
            return {}
        return found

    def _places(self, call: Call) -> list[list[str]]:
        return places_of(self._elsewhere.get(call.function, ()), root_of(call.module, call.path))


@dataclass
class Found:
    """What came of a comparison, by position of the call."""

    differing: dict[int, Difference] = field(default_factory=dict)
    lost: dict[int, str] = field(default_factory=dict)
    """Why calls do not count."""


class Comparison:
    """Of the answers of the gold patch with those of a diff."""

    def __init__(
        self,
        answers: Answered,
        candidate: Candidate,
        gold: GoldSide,
        inputs: Inputs,
        paths: Sequence[str],
        asked: Mapping[Function, Target],
    ) -> None:
        self._answers = answers
        self._candidate = candidate
        self._gold = gold
        self._inputs = inputs
        self._paths = paths
        self._asked = asked

    def made(self, beside: Executor) -> Found:
        """Differences. The gold patch is asked again in ``beside``, the diff meanwhile here.

        What the gold patch answers in two ways is no difference, and of a function that does so now and then none is firm. Nor is one that
        is seen once alone: there the diff answers in two ways.
        """
        first = self._looked(self._answers)
        if not first.differing:
            return first
        asked = whole_batches(first.differing, len(self._answers))
        answers = [self._answers[i] for i in asked]
        asked_again = beside.submit(self._gold.again, answers, self._paths, self._inputs.ignored)
        again = self._looked(answers)
        alike = {asked[i]: same for i, same in asked_again.result().items()}
        wavering = {self._answers[i][0].function for i, same in alike.items() if not same}
        seen_again = {asked[i]: d for i, d in again.differing.items()}
        differing = {
            i: d.model_copy(update={"firm": d.firm and self._answers[i][0].function not in wavering})
            for i, d in seen_again.items()
            if i in first.differing and _stands(d, alike.get(i))
        }
        once = {
            i: d.model_copy(update={"firm": False})
            for i, d in {**first.differing, **seen_again}.items()
            if i not in differing and _stands(d, alike.get(i)) and d.what not in ("no answer", *DETAILS)
        }
        two_ways = {i: TWO_WAYS for i, d in first.differing.items() if i not in differing and not _stands(d, alike.get(i))}
        return Found(differing | once, {**first.lost, **two_ways})

    def _looked(self, answers: Answered) -> Found:
        theirs = self._candidate.answers([c for c, _ in answers])
        found = Found()
        reached = Counter(call.function for i, (call, _) in enumerate(answers) if i in theirs and call.origin == "mutated")
        for i, (call, mine) in enumerate(answers):
            other = theirs.get(i)
            excuse = self._asked[call.function].excused
            if call.retyped and "raised" in mine:
                found.lost[i] = "the gold patch refuses arguments of such types"
            elif other is None and call.origin == "mutated" and reached[call.function]:
                found.lost[i] = "not made under the diff, which took too long before"
            elif excuse and other is not None and "absent" in other:
                found.lost[i] = excuse
            else:
                difference = difference_of(call, mine, {"unmade": True} if other is None else other, self._inputs.ignored)
                if difference is not None:
                    within = call.origin == "recorded" or (other is not None and not call.retyped and self._within(call))
                    found.differing[i] = difference if within else difference.model_copy(update={"firm": False})
        return found

    def _within(self, call: Call) -> bool:
        """Whether it keeps within what tests give the function: a difference beyond that is not firm."""
        ranges = self._inputs.ranges.get(call.function)
        return ranges is not None and ranges.hold(call)


def _stands(difference: Difference, alike: Alike | None) -> bool:
    """Whether the gold patch, asked again, was as sure of its answer as a difference of this kind needs."""
    return bool(alike) and (difference.what not in DETAILS or alike == Alike.IN_DETAIL)


def said_of(
    chosen: Targets,
    asked: Sequence[Target],
    recording: Recording,
    inputs: Inputs,
    answers: Answered,
    unanswered: Sequence[tuple[Call, str]],
    found: Found,
    reaching: Collection[int] = (),
) -> Differential:
    """The opinion. ``unanswered`` are calls that the gold patch does not answer, with the reason; ``reaching`` the positions of those
    that show what it changes outside of functions: those that the faulty code answers otherwise.
    """
    counted_calls = {i for i, (_, mine) in enumerate(answers) if i in found.differing or (i not in found.lost and told(mine))}
    compared = Counter(answers[i][0].function for i in counted_calls)
    differing = Counter(answers[i][0].function for i in found.differing)
    silent = [*unanswered, *((answers[i][0], why) for i, why in found.lost.items())]
    lost = {call.function: why for call, why in reversed(silent)} | dict(inputs.left_out)
    functions = [_of(t, compared[t.function], differing[t.function], lost.get(t.function, _SAYS_NOTHING)) for t in asked]
    functions += [_of(t, 0, 0, why) for t, why in chosen.excluded if t.rank < 2]
    drawn = {t.function for t in asked if t.rank == 3}
    counted = Counter(why for call, why in silent if call.function not in drawn)
    reasons = [*chosen.reasons, *(f"{t.name}: {why}" for t, why in chosen.excluded), *inputs.reasons]
    fix = {t.function for t in (*chosen.functions, *(t for t, _ in chosen.excluded)) if t.changed_by in ("gold", "both")}
    alone = not fix and len(chosen.top_level) == 1
    for path, changed_by in chosen.top_level:
        shown = {i for i in counted_calls & {*reaching} if alone or answers[i][0].path == path}
        functions.append(_of(Target(path, TOP_LEVEL, changed_by), len(shown), len(shown & {*found.differing}), _UNREACHED))
    functions += [_of(Target(path, name, "diff"), 0, 0, _OUTSIDE) for path, name in chosen.altered]
    return Differential(
        functions=tuple(t.name for t in asked if t.rank < 3),
        by_function=tuple(functions),
        recorded=inputs.known,
        compared=sum(compared.values()),
        differing=len(found.differing),
        differences=tuple(evidence(d for _, d in sorted(found.differing.items()))),
        called_beside=sum(keeping and f not in fix for f, keeping in recording.seen.items()),
        not_compared=(*reasons, *(f"{n} calls: {why}" for why, n in counted.items())),
    )


def _of(target: Target, compared: int, differing: int, why: str) -> ComparedFunction:
    return ComparedFunction(
        name=target.name, changed_by=target.changed_by, compared=compared, differing=differing, not_compared="" if compared else why
    )
