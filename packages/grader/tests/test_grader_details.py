"""What answers that are alike may still differ in: it tells nothing against a pass, and leaves it unconfirmed."""

import difflib
from collections.abc import Callable, Iterator

import pytest
from agentgrader.confirmation import confirmed
from agentgrader.differential.tester import DifferentialTester
from agentsandbox.sandbox import Backend
from trajschema.outcome import Outcome
from trajschema.rollout import Limits
from trajschema.task import Environment, Task, TaskSource
from trajtests.marks import soak_but

GOLD = """import array
import functools
import threading
from zoneinfo import ZoneInfo

SOLD = []


class Seat:
    def __init__(self, row):
        self.row = row
        self.lock = threading.Lock()

    def take(self, by):
        with self.lock:
            return f"{by} sits in row {self.row}"


def rows(n):
    return [[0] for _ in range(n)]


def counted(words):
    found = {}
    for word in words:
        found[word] = found.get(word, 0) + 1
    return found


def price(kind):
    SOLD.append(kind)
    if kind not in ("adult", "child"):
        raise ValueError(f"no such kind: {kind}")
    return 10


def first(numbers):
    return next(iter(numbers))


def marked(pair):
    pair[1].append("seen")
    return len(pair[1])


def samples(n):
    return {"raw": array.array("i", range(n)), "zone": ZoneInfo("UTC")}


def adder(n):
    return {"by": n, "function": functools.partial(add, n)}


def add(a, b):
    return a + b
"""
FAULTY = (
    GOLD.replace("[[0] for", "[[1] for").replace(", 0) + 1", ", 1) + 1").replace("return 10", "return 11").replace("iter(n", "reversed(n")
)
FAULTY = (
    FAULTY.replace("row {self.row}", "{self.row}")
    .replace('"seen"', '"unseen"')
    .replace("range(n))", "range(n + 1))")
    .replace('"by": n', '"by": 0')
)
TESTS = """from hall import Seat, adder, counted, first, marked, price, rows, samples

import pytest


def test_all():
    assert Seat(3).take("Ann") == "Ann sits in row 3"
    assert rows(2) == [[0], [0]]
    assert counted(["a", "b", "a"]) == {"a": 2, "b": 1}
    assert price("adult") == 10
    with pytest.raises(ValueError):
        price("dog")
    assert first([4, 5]) == 4
    assert first(iter([4, 5])) == 4
    pair = (1, [])
    assert marked(pair) == 1
    assert pair == (1, ["seen"])
    assert list(samples(2)["raw"]) == [0, 1]
    assert adder(1)["by"] == 1
"""
OTHERWISE = {
    "one object in three places": ("[[0] for _ in range(n)]", "[[0]] * n"),
    "what is returned is kept": ("def rows(n)", "@functools.lru_cache\ndef rows(n)"),
    "another order": ("return found", "return dict(reversed(found.items()))"),
    "another text": ("no such kind", "unknown kind"),
    "printed": ("return 10", "print(kind)\n    return 10"),
    "what is kept for others": ("SOLD.append(kind)", "SOLD.append(kind[:1])"),
    "an iterator that is read to its end": ("return next(iter(numbers))", "return list(numbers)[0]"),
}
DOUBTED = {
    "a list within a tuple": ("return len(pair[1])", "found = len(pair[1])\n    pair[1].append(0)\n    return found"),
    "a lock that stays taken": ("with self.lock:\n            return", "if self.lock.acquire():\n            return"),
    "an array": ("range(n)),", "[*range(n - 1), 0][:n]),"),
    "a time zone": ('ZoneInfo("UTC")', 'ZoneInfo("GMT")'),
}
SAME = {
    "the same text in other words": ('raise ValueError(f"no such kind: {kind}")', 'raise ValueError("no such kind: " + str(kind))'),
    "equal numbers that are one object": ("found.get(word, 0) + 1", "found.get(word, False) + 1"),
    "rows in a loop": ("[[0] for _ in range(n)]", "list(map(lambda _: [0], range(n)))"),
}


def patch(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), "a/hall.py", "b/hall.py")
    return "".join(lines)


TASK = Task(
    task_id="hall-1",
    source=TaskSource(kind="injected"),
    repo="hall",
    base_commit="",
    problem_statement="",
    environment=Environment(timeout_s=20),
    FAIL_TO_PASS=("test_hall.py::test_all",),
    PASS_TO_PASS=(),
    gold_patch=patch(FAULTY, GOLD),
)
Said = Callable[[str], Outcome]


@pytest.fixture(scope="module")
def said(quick_backend: Backend, tar: Callable[..., bytes]) -> Iterator[Said]:
    """What becomes of a pass with this text of the file."""
    tree = tar({"hall.py": FAULTY, "test_hall.py": TESTS})
    with DifferentialTester(TASK, tree, quick_backend, Limits(call_timeout_s=10), seed=1) as tester:

        def say(text: str) -> Outcome:
            passed = Outcome(rollout_id="r", task_id=TASK.task_id, verdict="resolved")
            return confirmed(passed, tester.opinion(patch(FAULTY, text)))

        yield say


def changed(old: str, new: str) -> str:
    assert GOLD.count(old) == 1
    return GOLD.replace(old, new)


def test_the_gold_patch_is_confirmed(said: Said) -> None:
    outcome = said(GOLD)
    assert (outcome.confirmation, outcome.functions_compared) == ("confirmed", 8), outcome.confirmation_reason


@pytest.mark.parametrize("change", soak_but(2, OTHERWISE.values()), ids=OTHERWISE)
def test_a_detail_that_differs_leaves_a_pass_unconfirmed_and_is_shown(said: Said, change: tuple[str, str]) -> None:
    outcome = said(changed(*change))
    assert outcome.confirmation == "unconfirmed", outcome.confirmation_reason
    assert "only where tests do not decide, as in hall.py::" in outcome.confirmation_reason


@pytest.mark.parametrize("change", soak_but(2, DOUBTED.values()), ids=DOUBTED)
def test_what_is_deep_within_a_value_is_compared(said: Said, change: tuple[str, str]) -> None:
    assert said(changed(*change)).confirmation == "doubted"


@pytest.mark.parametrize("change", soak_but(1, SAME.values()), ids=SAME)
def test_other_words_that_keep_each_detail_are_confirmed(said: Said, change: tuple[str, str]) -> None:
    outcome = said(changed(*change))
    assert outcome.confirmation == "confirmed", outcome.confirmation_reason


def test_a_value_that_holds_what_cannot_be_written_down_is_not_compared(said: Said) -> None:
    outcome = said(changed('"function": functools.partial(add, n)', '"function": lambda b: n + b'))
    assert outcome.confirmation != "confirmed"
