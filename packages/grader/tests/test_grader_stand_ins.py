"""Values that stand in test modules are made where there are no tests, of as little of these as they need."""

from agentgrader.differential.stand_ins import part_of, stand_ins

HELPERS = "from shop import Base\n\nSTEP = 2\n\n\nclass Clock(Base):\n    def tick(self):\n        return STEP\n\n\nUNUSED = 9\n"
TESTS = """import pytest
from .helpers import Clock
from shop import total

RATE = 3
EXPECTED = {"a": 77}


class Timer:
    def __init__(self):
        self.rate = RATE


class TestTimer:
    def test_it(self):
        assert total(Timer()) == 77


def twice(x):
    return x * 2


def test_total():
    assert total([1], lambda x: twice(x)) == 77
"""
FILES = {"tests/test_shop.py": TESTS, "tests/helpers.py": HELPERS}
MODULES = {"tests.test_shop": "tests/test_shop.py", "shop": "shop.py"}


def test_no_more_than_what_a_name_needs_is_kept_at_its_line() -> None:
    text, imports = part_of(TESTS, {"Timer"})
    assert [line for line in text.split("\n") if line] == [
        "RATE = 3",
        "class Timer:",
        "    def __init__(self):",
        "        self.rate = RATE",
    ]
    assert text.split("\n").index("class Timer:") == TESTS.split("\n").index("class Timer:")
    assert imports == []


def test_tests_and_their_runner_are_never_kept() -> None:
    text, _ = part_of(TESTS, {"TestTimer", "test_total", "pytest"})
    assert not text.strip()


def test_what_calls_name_is_found_through_other_modules_of_the_tests() -> None:
    calls = [
        {"plain": [["object", "tests.test_shop:Clock", None, []], ["ref", "tests.test_shop", "twice"], ["object", "shop:Cart", None, []]]}
    ]
    texts = stand_ins(calls, [], MODULES, FILES.get)
    assert set(texts) == {"tests.test_shop", "tests.helpers"}
    assert "77" not in "".join(texts.values())
    made: dict[str, object] = {}
    exec(texts["tests.helpers"].replace("from shop import Base", "Base = object"), made)
    assert made["Clock"]().tick() == 2  # type: ignore[operator]
    assert "UNUSED" not in made


def test_functions_that_are_handed_over_bring_what_they_look_up() -> None:
    place = ["/testbed/tests/test_shop.py", "<lambda>", 22, 0]
    calls = [{"plain": (["code", *place, "tests.test_shop", ["none"], [], []],)}]
    texts = stand_ins(calls, [{"code": place, "names": ["twice"]}], MODULES, FILES.get)
    assert [line for line in texts["tests.test_shop"].split("\n") if line] == ["def twice(x):", "    return x * 2"]
