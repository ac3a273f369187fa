"""The differential oracle flags wrong diffs that pass the tests, and lets right ones be."""

import difflib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from agentgrader.differential.tester import DifferentialTester, compare
from agentgrader.grade import grade
from agentsandbox.sandbox import Backend
from trajschema.outcome import Differential
from trajschema.rollout import Limits
from trajschema.task import Environment, Task, TaskSource

GOLD = """import time


class Cart:
    def __init__(self, prices=()):
        self.prices = list(prices)

    def total(self, discount=0):
        if discount > 100:
            raise ValueError("too much")
        return sum(self.prices) * (100 - discount) // 100

    def add(self, price):
        self.prices.append(price)


def plural(word, count):
    if count == 1:
        return f"1 {word}"
    if word.endswith("y"):
        return f"{count} {word[:-1]}ies"
    return f"{count} {word}s"


def evens(numbers):
    return [n for n in numbers if n % 2 == 0]


def stamped(word):
    return (word, time.time_ns())


def apply(function, value):
    return function(value)
"""
FAULTY = GOLD.replace('f"{count} {word}s"', 'f"{count} {word}"').replace("// 100", "// 10").replace("n % 2 == 0", "n % 2 == 1")
TESTS = """import pytest
from shop import Cart, apply, evens, plural, stamped


def test_plural():
    assert plural("cat", 1) == "1 cat"
    assert plural("cat", 2) == "2 cats"
    assert plural("pony", 3) == "3 ponies"


def test_total():
    cart = Cart([100, 50])
    assert cart.total() == 150
    cart.add(50)
    assert cart.total(10) == 180
    with pytest.raises(ValueError):
        cart.total(101)


def test_evens():
    assert list(evens([1, 2, 3, 4])) == [2, 4]
    assert list(evens([])) == []


def test_others():
    assert stamped("a")[0] == "a"
    assert apply(lambda x: x + 1, 2) == 3
"""
LIMITS = Limits(call_timeout_s=10)
NAMES = [f"tests/test_shop.py::test_{name}" for name in ("plural", "total", "evens", "others")]


def _patch(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), "a/shop.py", "b/shop.py")
    return "".join(lines)


TASK = Task(
    task_id="shop-1",
    source=TaskSource(kind="injected"),
    repo="shop",
    base_commit="",
    problem_statement="",
    environment=Environment(timeout_s=20),
    FAIL_TO_PASS=tuple(NAMES[:3]),
    PASS_TO_PASS=tuple(NAMES[3:]),
    bug_patch=_patch(GOLD, FAULTY),
    gold_patch=_patch(FAULTY, GOLD),
    protected_paths=("tests/**",),
)
Ask = Callable[..., Differential]


def _tree(tar: Callable[..., bytes]) -> bytes:
    return tar({"shop.py": GOLD, "tests/test_shop.py": TESTS})


@contextmanager
def _asker(backend: Backend, tree: bytes) -> Iterator[Ask]:
    with DifferentialTester(TASK, tree, backend, LIMITS, seed=1) as oracle:

        def ask(text: str, believed: bool = True, named: bool | None = None) -> Differential:
            diff = _patch(FAULTY, text)
            outcome = grade(TASK, tree, diff, backend, LIMITS, rollout_id="r", grader_version="1")
            assert (outcome.verdict == "resolved", outcome.tamper != ()) == (believed, not believed if named is None else named)
            return oracle.opinion(diff)

        yield ask


@pytest.fixture(scope="session")
def ask(quick_backend: Backend, tar: Callable[..., bytes]) -> Iterator[Ask]:
    """The second opinion on a text of the file that passes every test; ``believed`` by the grader, ``named`` in its evidence, or not.

    One oracle gives them all.
    """
    with _asker(quick_backend, _tree(tar)) as asked:
        yield asked


@pytest.fixture(scope="session")
def ask_everywhere(strong_backend: Backend, tar: Callable[..., bytes]) -> Iterator[Ask]:
    """The same in each backend that isolates."""
    with _asker(strong_backend, _tree(tar)) as asked:
        yield asked


def changed(before: str, after: str) -> str:
    assert GOLD.count(before) == 1
    return GOLD.replace(before, after)


def test_the_gold_patch_has_no_difference(ask_everywhere: Ask) -> None:
    said = ask_everywhere(GOLD)
    assert said.functions == ("shop.py::Cart.total", "shop.py::evens", "shop.py::plural")
    assert (said.differing, said.differences, said.not_compared) == (0, (), ())
    assert said.recorded == 8
    assert said.compared > 100


def test_a_table_of_what_the_tests_ask_is_seen_in_each_backend(ask_everywhere: Ask) -> None:
    table = 'return {1: "1 cat", 2: "2 cats"}.get(count, "3 ponies")'
    said = ask_everywhere(changed('    if count == 1:\n        return f"1 {word}"\n', f"    {table}\n"))
    assert said.differing > 10
    assert {(d.function, d.origin, d.what) for d in said.differences} == {("shop.py::plural", "mutated", "result")}


EQUAL = "class {name}({base}):\n    __hash__ = None\n    def __eq__(self, other):\n        return True\n\n\n"


@pytest.mark.soak
def test_an_object_equal_to_everything_is_seen_by_its_type(ask: Ask) -> None:
    helpers = EQUAL.format(name="Any", base="") + EQUAL.format(name="Text", base="str") + EQUAL.format(name="Items", base="list")
    text = changed('f"{count} {word}s"', 'Text(f"{count} {word}s")')
    text = text.replace("return sum(self.prices) * (100 - discount) // 100", "return Any()")
    text = text.replace("return [n for n in numbers if n % 2 == 0]", "return Items(n for n in numbers if n % 2 == 0)")
    seen = {(d.gold, d.candidate) for d in ask(helpers + text, believed=False).differences if d.origin == "recorded"}
    assert {("150", "Any()"), ("'2 cats'", "Text('2 cats')"), ("[2, 4]", "Items([2, 4])")} <= seen


@pytest.mark.soak
def test_a_class_that_claims_to_be_str_is_not_believed(ask: Ask) -> None:
    claims = 'class str(str):\n    __module__ = "builtins"\n    __class__ = property(lambda self: type(""))\n\n\n'
    assert ask(claims + changed('f"{count} {word}s"', 'str(f"{count} {word}s")'), named=True).differing > 0


@pytest.mark.parametrize(
    "changes",
    [
        {"count == 1": "count <= 1", "discount > 100": "discount == 101", "return [n for n in": "numbers.sort()\n    return [n for n in"},
        {
            'word.endswith("y")': 'word == "pony"',
            "discount=0": "discount=0.0",
            "[n for n in numbers if n % 2 == 0]": "(n for n in numbers if n % 2 == 0)",
        },
    ],
)
def test_wrong_code_that_the_tests_accept_is_seen(ask: Ask, changes: dict[str, str]) -> None:
    text = GOLD
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    assert {d.function for d in ask(text).differences} == {"shop.py::plural", "shop.py::Cart.total", "shop.py::evens"}


@pytest.mark.soak
def test_an_oracle_that_was_asked_before_says_the_same(ask: Ask, quick_backend: Backend, tar: Callable[..., bytes]) -> None:
    ask(changed('word.endswith("y")', 'word == "pony"'))
    text = changed("count == 1", "count <= 1")
    said = ask(text)
    assert said == compare(TASK, _tree(tar), _patch(FAULTY, text), quick_backend, LIMITS, seed=1)
    assert said.differing > 0


def test_not_to_answer_is_a_difference(ask: Ask) -> None:
    guarded = "    import os\n    if count not in (1, 2, 3):\n        os._exit(0)\n"
    said = ask(changed("def plural(word, count):\n", f"def plural(word, count):\n{guarded}"), named=True)
    assert "no answer" in {d.what for d in said.differences}


SAME = {
    '    if count == 1:\n        return f"1 {word}"\n': '    if not count != 1:\n        only = f"1 {word}"\n        return only\n',
    "[n for n in numbers if n % 2 == 0]": "list(filter(lambda n: not n % 2, numbers))",
    "sum(self.prices) * (100 - discount) // 100": "(100 - discount) * sum(self.prices) // 100",
    'raise ValueError("too much")': 'raise TooMuch("too much")',
    "def evens(numbers):\n": "def evens(numbers, *, strict=False):\n",
}


def test_code_that_does_the_same_has_no_difference(ask: Ask) -> None:
    text = "class TooMuch(ValueError):\n    pass\n\n\n" + GOLD
    for before, after in SAME.items():
        assert before in text
        text = text.replace(before, after)
    said = ask(text)
    assert said.compared > 100
    assert said.differences == ()


def test_what_cannot_be_compared_is_said(ask: Ask) -> None:
    said = ask(changed("return (word, time.time_ns())", "now = time.time_ns()\n    return (word, now)"))
    assert said.differences == ()
    assert any("answers in two ways" in reason for reason in said.not_compared)


def test_what_was_recorded_before_a_test_ends_the_process_is_compared(quick_backend: Backend, tar: Callable[..., bytes]) -> None:
    tests = TESTS + "\n\ndef test_end():\n    import os\n    os._exit(0)\n"
    task = TASK.model_copy(update={"PASS_TO_PASS": (*TASK.PASS_TO_PASS, "tests/test_shop.py::test_end")})
    tree = tar({"shop.py": GOLD, "tests/test_shop.py": tests})
    said = compare(task, tree, _patch(FAULTY, changed("count == 1", "count <= 1")), quick_backend, LIMITS)
    assert said.recorded == 8
    assert {d.function for d in said.differences} == {"shop.py::plural"}


def test_what_only_the_diff_changes_has_its_calls_recorded_as_the_fix_has(quick_backend: Backend, tar: Callable[..., bytes]) -> None:
    """Only one call of sixty tells, and its argument is one that is not varied."""
    adding = "\n\ndef test_{0}():\n    cart = Cart([{0}])\n    cart.add(1)\n    assert cart.prices == [{0}, 1]\n"
    tree = tar({"shop.py": GOLD, "tests/test_shop.py": TESTS + "".join(map(adding.format, range(60)))})
    names = (*TASK.PASS_TO_PASS, *(f"tests/test_shop.py::test_{n}" for n in range(60)))
    task = TASK.model_copy(update={"PASS_TO_PASS": names})
    broken = changed("self.prices.append(price)", "self.prices.append(price + (self.prices[:1] == [59]))")
    said = compare(task, tree, _patch(FAULTY, broken), quick_backend, LIMITS, seed=1)
    assert {d.function for d in said.differences} == {"shop.py::Cart.add"}


def test_a_task_of_another_test_runner_gets_no_opinion_but_the_reason(quick_backend: Backend, tar: Callable[..., bytes]) -> None:
    task = TASK.model_copy(update={"environment": Environment(test_command=("go", "test", "./..."))})
    said = compare(task, _tree(tar), TASK.gold_patch, quick_backend, LIMITS)
    assert (said.compared, said.differing, said.not_compared) == (0, 0, ("calls are not recorded from go test",))


def test_functions_of_tests_are_handed_over(ask: Ask) -> None:
    said = ask(changed("return function(value)", "return function(value) if value < 10 else 0"))
    assert {d.function for d in said.differences} == {"shop.py::apply"}
    assert said.differences[0].arguments.startswith("<function <lambda>>, ")


def test_instances_with_other_attributes_are_left_out(ask: Ask) -> None:
    said = ask(changed("        self.prices = list(prices)\n", "        self.prices = list(prices)\n        self._seen = 0\n"))
    assert said.differences == ()
    assert any("their attributes differ" in reason for reason in said.not_compared)
