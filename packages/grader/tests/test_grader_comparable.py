"""What of a fix can be compared: code outside of functions, functions that get functions, answers that come in any order."""

import difflib
from collections.abc import Callable

import pytest
from agentgrader.confirmation import confirmed
from agentgrader.differential.comparable import comparability
from agentgrader.differential.tester import DifferentialTester
from agentsandbox.sandbox import Backend
from trajschema.outcome import Differential, Outcome
from trajschema.rollout import Limits
from trajschema.task import Environment, Task, TaskSource

GOLD = """RATES = {"a": 2, "b": 3}
LIMIT = 10


def rate(name):
    return RATES[name]


def adder(n):
    return [lambda x: x + n]


def scaler(n):
    return lambda x: x * n


def applied(function, value):
    return function(value) + 0


def words(text):
    return list(set(text.split()))


async def later(n):
    return n + 1


class Box:
    def __init__(self, n):
        self.n = n

    def plus(self, x):
        return self.n + x
"""
TESTS = """import asyncio
import shop


def test_rate():
    assert shop.rate("b") == 3


def test_limit():
    assert shop.LIMIT == 10
    assert len(shop.adder(1)) == 1


def test_applied():
    assert shop.applied(shop.adder(1)[0], 2) == 3
    assert shop.applied(shop.Box(1).plus, 2) == 3


def test_scaled():
    assert shop.applied(shop.scaler(2), 2) == 4


def test_words():
    assert sorted(shop.words("one two three four five six")) == ["five", "four", "one", "six", "three", "two"]


def test_later():
    assert asyncio.run(shop.later(1)) == 2
"""
NAMES = tuple(f"test_shop.py::test_{name}" for name in ("rate", "limit", "applied", "scaled", "words", "later"))
UNWRITTEN, UNREACHED = "what it returns cannot be written down", "no call that could be compared depends on it"
LIMITS = Limits(call_timeout_s=10)
Said = Callable[..., Differential]


def changed(text: str, *edits: tuple[str, str]) -> str:
    for before, after in edits:
        assert text.count(before) == 1
        text = text.replace(before, after)
    return text


def patch(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), "a/shop.py", "b/shop.py")
    return "".join(lines)


def task_of(faulty: str, failing: str) -> Task:
    return Task(
        task_id="shop-1",
        source=TaskSource(kind="injected"),
        repo="shop",
        base_commit="",
        problem_statement="",
        environment=Environment(timeout_s=20),
        FAIL_TO_PASS=tuple(n for n in NAMES if n.endswith(failing)),
        PASS_TO_PASS=tuple(n for n in NAMES if not n.endswith(failing)),
        bug_patch=patch(GOLD, faulty),
        gold_patch=patch(faulty, GOLD),
        protected_paths=("test_*.py",),
    )


@pytest.fixture
def said(quick_backend: Backend, tar: Callable[..., bytes]) -> Said:
    """The opinion on a text of the file that mends a faulty one."""

    def ask(faulty: str, failing: str, text: str = GOLD) -> Differential:
        task = task_of(faulty, failing)
        with DifferentialTester(task, tar({"shop.py": GOLD, "test_shop.py": TESTS}), quick_backend, LIMITS, seed=1) as tester:
            return tester.opinion(patch(faulty, text))

    return ask


def word(said: Differential) -> tuple[str | None, str]:
    outcome = confirmed(Outcome(rollout_id="r", task_id="t", verdict="resolved"), said)
    return outcome.confirmation, outcome.confirmation_reason


WRONG_TABLE = changed(GOLD, ('"b": 3', '"b": 4'))


def test_a_fix_outside_of_functions_is_confirmed_by_calls_that_depend_on_it(said: Said) -> None:
    found = said(WRONG_TABLE, "rate")
    (fix,) = [f for f in found.by_function if f.changed_by == "both"]
    assert (fix.name, fix.compared > 0, fix.differing) == ("shop.py::<top level>", True, 0)
    assert word(found)[0] == "confirmed"


def test_a_fix_outside_of_functions_that_knows_the_tests_alone_is_doubted(said: Said) -> None:
    found = said(WRONG_TABLE, "rate", changed(GOLD, ('"a": 2', '"a": 9')))
    assert word(found)[0] == "unconfirmed", "tests call it with nothing but b"
    assert "shop.py::rate('a'): 9, gold patch 2" in word(found)[1]


def test_a_fix_outside_of_functions_on_which_no_call_depends_is_unconfirmed(said: Said) -> None:
    found = said(changed(GOLD, ("LIMIT = 10", "LIMIT = 11")), "limit")
    assert word(found) == (
        "unconfirmed",
        "1 of 1 functions of the fix were not compared: shop.py::<top level> (" + UNREACHED + ")",
    )


FAULTY_CALLER = changed(GOLD, ("function(value) + 0", "function(value) + 1"))


def test_a_function_that_is_handed_inner_functions_and_methods_of_its_own_file_is_compared(said: Said) -> None:
    found = said(FAULTY_CALLER, "applied")
    (fix,) = [f for f in found.by_function if f.changed_by == "both"]
    assert (found.recorded >= 3, found.differing, found.not_compared) == (True, 0, ())
    assert fix.compared > 5


def test_an_inner_function_that_is_returned_may_stand_on_another_line_and_is_not_compared(said: Said) -> None:
    found = said(FAULTY_CALLER, "applied", f"# moved\n{GOLD}")
    (adder,) = [f for f in found.by_function if f.name == "shop.py::adder"]
    assert (adder.compared, adder.not_compared) == (0, "what it returns cannot be written down"), "it may do anything"
    assert (found.differing, word(found)[0]) == (0, "confirmed")


def test_an_inner_function_that_the_gold_patch_brings_is_handed_to_no_diff(said: Said) -> None:
    found = said(changed(FAULTY_CALLER, ("lambda x: x * n", "lambda x: x * n + 1")), "scaled")
    assert "shop.py::applied: some calls have arguments that cannot be written down (opaque ?builtins:function)" in found.not_compared


def test_an_answer_whose_order_depends_on_hashes_is_one_of_several(said: Said) -> None:
    faulty = changed(GOLD, ("list(set(text.split()))", "list(set(text))"))
    assert said(faulty, "words").differing == 0
    found = said(faulty, "words", changed(GOLD, ("list(set(text.split()))", "sorted(set(text.split()))")))
    assert not [d for d in found.differences if d.firm]


def test_coroutines_are_awaited_and_their_results_compared(said: Said) -> None:
    faulty = changed(GOLD, ("return n + 1", "return n"))
    assert word(said(faulty, "later"))[0] == "confirmed"
    found = said(faulty, "later", changed(GOLD, ("return n + 1", "return 2")))
    assert found.differing > 0
    assert found.differences[0].function == "shop.py::later"


@pytest.mark.parametrize(
    ("faulty", "failing", "counts", "why"),
    [
        (FAULTY_CALLER, "applied", (1, 1), ()),
        (
            changed(GOLD, ("lambda x: x * n", "lambda x: x - n")),
            "scaled",
            (1, 0),
            ("shop.py::scaler: " + UNWRITTEN,),
        ),
        (
            changed(GOLD, ("LIMIT = 10", "LIMIT = 11")),
            "limit",
            (1, 0),
            ("shop.py::<top level>: " + UNREACHED,),
        ),
    ],
)
def test_a_task_says_how_much_of_its_fix_can_be_compared(
    quick_backend: Backend, tar: Callable[..., bytes], faulty: str, failing: str, counts: tuple[int, int], why: tuple[str, ...]
) -> None:
    tree = tar({"shop.py": GOLD, "test_shop.py": TESTS})
    found = comparability(task_of(faulty, failing), tree, quick_backend, LIMITS)
    assert ((found.functions, found.compared), found.not_compared) == (counts, why)
    assert (found.whole, found.calls > 0) == (not why, not why)
