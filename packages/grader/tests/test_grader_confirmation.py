"""Confirmed, doubted or unconfirmed: the rule over made-up opinions, and what a failing comparison costs."""

from collections.abc import Callable

import pytest
from agentgrader.confirmation import PUT_BACK, confirmed
from agentgrader.opinions import Opinions
from agentgrader.outcomes import Grading
from agentsandbox.errors import BoxLost
from hypothesis import given
from hypothesis import strategies as st
from trajschema.outcome import ComparedFunction, Difference, Differential, Outcome, confirmation_counts
from trajschema.rollout import Rollout
from trajschema.task import Environment, Task, TaskSource
from trajtests.rollouts import rollout_of

PASS = Outcome(rollout_id="r", task_id="tiny-1", verdict="resolved", reason="every required test passed")
FIX = ComparedFunction(name="a.py::f", changed_by="both", compared=5)
WORDS = st.text("abc xyz", min_size=1, max_size=8)


def difference(*, firm: bool = True, what: str = "result") -> Difference:
    return Difference(function="a.py::f", arguments="1", origin="recorded", what=what, gold="2", candidate="3", firm=firm)  # type: ignore[arg-type]


def opinion(*functions: ComparedFunction, differences: tuple[Difference, ...] = (), not_compared: tuple[str, ...] = ()) -> Differential:
    names = tuple(f.name for f in functions)
    calls, differing = sum(f.compared for f in functions), len(differences)
    return Differential(
        functions=names,
        by_function=functions,
        recorded=calls,
        compared=calls,
        differing=differing,
        differences=differences,
        not_compared=not_compared,
    )


@st.composite
def functions(draw: st.DrawFn) -> ComparedFunction:
    compared = draw(st.integers(0, 3))
    return ComparedFunction(
        name=draw(WORDS),
        changed_by=draw(st.sampled_from(["gold", "diff", "both", "neither"])),
        compared=compared,
        differing=draw(st.integers(0, compared)),
        not_compared="" if compared else draw(WORDS),
    )


DIFFERENCES = st.builds(difference, firm=st.booleans(), what=st.sampled_from(["result", "raised", "argument", "no answer"]))
OPINIONS = st.builds(
    lambda found, differences, hidden, reasons: opinion(*found, differences=tuple(differences), not_compared=tuple(reasons)).model_copy(
        update={"differing": len(differences) + hidden}
    ),
    st.lists(functions(), max_size=5),
    st.lists(DIFFERENCES, max_size=3),
    st.integers(0, 2),
    st.lists(WORDS, max_size=2),
)
NOTES = st.lists(st.one_of(WORDS, WORDS.map(lambda path: PUT_BACK + path)), max_size=3).map(tuple)


@given(st.none() | OPINIONS, NOTES, st.just("") | WORDS, st.just("") | WORDS)
def test_a_pass_is_confirmed_only_by_a_whole_comparison_without_a_difference(
    said: Differential | None, tamper: tuple[str, ...], unheard: str, silenced: str
) -> None:
    judged = confirmed(PASS.model_copy(update={"tamper": tamper}), said, unheard=unheard, silenced=silenced)
    of_fix = [f for f in said.by_function if f.changed_by in ("gold", "both")] if said else []
    differs = said is not None and bool(said.differing or said.differences or any(f.differing for f in said.by_function))
    process = any(not note.startswith(PUT_BACK) for note in tamper)
    whole = bool(of_fix) and all(f.compared for f in said.by_function if f.changed_by != "neither") if said else False
    firm = said is not None and any(d.firm for d in said.differences)
    if process or silenced or firm:
        assert judged.confirmation == "doubted"
    assert (judged.confirmation == "confirmed") == (whole and not differs and not process and not silenced)
    assert judged.confirmation_reason
    assert judged.verdict == "resolved", "the verdict is the tests' own"
    assert judged.tamper == tamper
    assert (judged.functions_total, judged.functions_compared) == (len(of_fix), sum(f.compared > 0 for f in of_fix))
    assert judged.regressions_sampled <= judged.regressions_total
    assert confirmed(judged, said, unheard=unheard, silenced=silenced) == judged, "asked again, it says the same"


@given(OPINIONS, st.sampled_from(["unresolved", "error", "not_evaluated", "claimed"]))
def test_what_is_not_resolved_has_no_confirmation(said: Differential, verdict: str) -> None:
    outcome = PASS.model_copy(update={"verdict": verdict})
    assert confirmed(outcome, said) == outcome


@given(OPINIONS, DIFFERENCES)
def test_another_difference_never_makes_a_pass_look_better(said: Differential, more: Difference) -> None:
    order = ["doubted", "unconfirmed", "confirmed"]
    worse = said.model_copy(update={"differences": (*said.differences, more), "differing": said.differing + 1})
    one, other = (confirmed(PASS, s).confirmation or "" for s in (said, worse))
    # of differences that are counted and not shown nothing is known, so they tell against a pass until one is shown
    assert order.index(other) <= order.index(one) or not said.differences


@pytest.mark.parametrize(
    ("said", "word", "reason"),
    [
        (None, "unconfirmed", "no gold patch"),
        (opinion(not_compared=("calls are not recorded from jest",)), "unconfirmed", "calls are not recorded from jest"),
        (opinion(), "unconfirmed", "no function that the gold patch changes was compared"),
        (opinion(FIX.model_copy(update={"changed_by": "diff"})), "unconfirmed", "no function that the gold patch changes"),
        (opinion(FIX, FIX.model_copy(update={"compared": 0, "not_compared": "a coroutine"})), "unconfirmed", "(a coroutine)"),
        (opinion(FIX, differences=(difference(firm=False),)), "unconfirmed", "a.py::f(1): 3, gold patch 2"),
        (opinion(FIX, differences=(difference(firm=False), difference(what="no answer"))), "doubted", "2 of 5 calls"),
        (opinion(FIX), "confirmed", "5 calls were compared and none differs"),
        (opinion(FIX).model_copy(update={"surroundings": ("a.py:3: the clock: time.time",)}), "unconfirmed", "a.py:3: the clock"),
    ],
)
def test_the_reason_says_what_was_found(said: Differential | None, word: str, reason: str) -> None:
    judged = confirmed(PASS, said, unheard="" if said else "the task has no gold patch")
    assert judged.confirmation == word
    assert reason in judged.confirmation_reason


def test_a_restored_file_is_no_doubt_and_a_note_on_the_process_is() -> None:
    notes = (f"{PUT_BACK}conftest.py", "canary-1 must be failed and is passed")
    restored, spoiled = (PASS.model_copy(update={"tamper": (note,)}) for note in notes)
    assert confirmed(restored, opinion(FIX)).confirmation == "confirmed"
    assert confirmed(spoiled, opinion(FIX)).confirmation == "doubted"


def test_a_pass_that_was_graded_before_counts_as_unconfirmed() -> None:
    old = [PASS, PASS.model_copy(update={"verdict": "unresolved"}), PASS.model_copy(update={"confirmation": "doubted"})]
    assert confirmation_counts(old) == {"confirmed": 0, "doubted": 1, "unconfirmed": 1}


TASK = Task(
    task_id="tiny-1",
    source=TaskSource(kind="injected"),
    repo="r",
    base_commit="",
    problem_statement="",
    environment=Environment(),
    FAIL_TO_PASS=("a",),
    PASS_TO_PASS=(),
    gold_patch="gold",
)


def rollout(number: int, diff: str) -> Rollout:
    return rollout_of(number).model_copy(update={"final_diff": diff})


class Scripted:
    """A tester that answers as it is told, diff by diff, and keeps what it was asked."""

    def __init__(self, answer: Callable[[str, int], Differential]) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def opinion(self, diff: str, trusted: bool = False) -> Differential:
        self.asked.append(diff)
        return self.answer(diff, self.asked.count(diff))


def fails(error: Exception, *diffs: str, times: int = 9) -> Callable[[str, int], Differential]:
    def answer(diff: str, number: int) -> Differential:
        if diff in diffs and number <= times:
            raise error
        return opinion(FIX)

    return answer


def test_a_comparison_that_fails_with_one_diff_alone_is_silenced_and_no_other_diff_pays() -> None:
    tester = Scripted(fails(RecursionError("too deep"), "cheat"))
    opinions = Opinions(TASK, tester)
    judged, lost = opinions.confirm(PASS, "cheat")
    assert (judged.confirmation, judged.verdict, lost) == ("doubted", "resolved", "")
    assert "RecursionError: too deep" in judged.confirmation_reason
    assert tester.asked == ["cheat", "gold", "cheat"]
    assert opinions.confirm(PASS, "cheat")[0] == judged
    assert opinions.confirm(PASS, "fix")[0].confirmation == "confirmed"
    assert tester.asked == ["cheat", "gold", "cheat", "fix"], "each is asked once"


def test_a_comparison_that_fails_with_the_gold_patch_too_says_nothing_of_the_diff() -> None:
    judged, lost = Opinions(TASK, Scripted(fails(BoxLost("no engine", "start it"), "fix", "gold"))).confirm(PASS, "fix")
    assert (judged.confirmation, lost) == ("unconfirmed", "no engine; start it")
    assert "no engine" in judged.confirmation_reason


def test_a_comparison_that_failed_once_is_made_again() -> None:
    judged, lost = Opinions(TASK, Scripted(fails(BoxLost("gone", ""), "fix", times=1))).confirm(PASS, "fix")
    assert (judged.confirmation, lost) == ("confirmed", "")


def test_without_a_gold_patch_nothing_is_asked() -> None:
    tester = Scripted(fails(ValueError()))
    judged, _ = Opinions(TASK.model_copy(update={"gold_patch": ""}), tester).confirm(PASS, "fix")
    assert (judged.confirmation, judged.confirmation_reason) == ("unconfirmed", "the task has no gold patch to compare with")
    assert tester.asked == []


def test_a_diff_that_trips_the_grader_leaves_the_outcomes_of_the_others_alone() -> None:
    def grade(diff: str, *, rollout_id: str, trusted: bool) -> Outcome:
        if diff == "trap":
            raise RecursionError("deeper than the parser goes")
        return PASS.model_copy(update={"rollout_id": rollout_id})

    tester = Scripted(fails(RecursionError("too deep"), "silent"))
    graded = Grading("g1", grade, Opinions(TASK, tester))
    found = {diff: graded.outcome(rollout(i, diff)) for i, diff in enumerate(("trap", "silent", "fix"))}
    assert {diff: (o.verdict, o.confirmation) for diff, o in found.items()} == {
        "trap": ("error", None),
        "silent": ("resolved", "doubted"),
        "fix": ("resolved", "confirmed"),
    }
    assert "RecursionError: deeper than the parser goes" in found["trap"].reason
    assert [line.partition(":")[0] for line in graded.lost] == [found["trap"].rollout_id]


def test_what_differs_is_named_beside_signs_of_tampering() -> None:
    said = confirmed(PASS.model_copy(update={"tamper": ("a hook",)}), opinion(FIX, differences=(difference(),)))
    assert said.confirmation_reason.startswith("tampering: a hook; ")
    assert "a.py::f" in said.confirmation_reason
