"""Copies of Python tests: the true ones hold for right code, the false ones do not, whatever kind of test it is."""

import asyncio
import contextlib
import unittest
from collections.abc import Callable
from typing import Any

import pytest
from agentgrader.copies.copy import ELSEWHERE, Copy, Expected
from agentgrader.copies.python.rewrite import with_copies, with_parts

KINDS = {
    "equal": "assert f(1) == 2",
    "equal, expected first": "assert 2 == f(1)",
    "equal text": "assert str(f(1)) == '2'",
    "deep inside": "assert {'a': [f(1), (None, 1.5)]} == {'a': [2, (None, 1.5)]}",
    "a local": "expected = [2, -3, b'x', True]\n    assert [f(1), -3, b'x', True] == expected",
    "equal variables": "a = f(1)\n    b = a\n    assert a == b",
    "not equal": "assert f(1) != 3",
    "truth": "assert f(1)",
    "falsehood": "assert not f(-1)",
    "and": "assert f(1) == 2 and f(2) == 3",
    "chain": "assert 1 < f(1) < 3",
    "comparison": "assert f(1) > 1",
    "membership": "assert f(1) in (2, 3)",
    "part of a text": "assert 'words' in f'some words {f(1)}'",
    "identity": "assert (f(1) == 2) is True",
    "none": "assert [].sort() is None",
    "in a loop": "for n in range(3):\n        assert f(n) == n + 1",
    "in a loop over rows": "for n, m in [(1, 2), (3, 4), (5, 6), (7, 8)]:\n        assert f(n) == m",
    "in a with": "with suppress(ValueError):\n        assert f(1) == 2",
    "exception": "try:\n        f('')\n    except TypeError:\n        pass\n    else:\n        raise AssertionError",
    "raises": "with pytest.raises(TypeError) as e:\n        f('')\n    assert 'str' in str(e.value)",
    "raises one of two": "with pytest.raises((TypeError, KeyError), match='str'):\n        f('')",
    "raises anything": "with pytest.raises(Exception):\n        f('')",
    "return at the end": "assert f(1) == 2\n    return None",
    "a helper": "check(f(1), 2)",
    "several": "x = f(1)\n    assert x == 2\n    y = f(x)\n    assert y == 3\n    assert (x, y) == (2, 3)",
    "names of all kinds": (
        "import math as m\n    def g(a, *, b=1):\n        c = a + b\n        return c\n    xs = [n for n in range(3)]\n"
        "    k = lambda z: z + len(xs)\n    try:\n        raise KeyError('q')\n    except KeyError as e:\n        s = f'{e}{xs[-1]:>3}'\n"
        "    assert (g(1, b=2), k(1), s, m.floor(1.5), [n for n in xs]) == (3, 4, \"'q'  2\", 1, [0, 1, 2])"
    ),
    "nothing": "f(1)",
}


def _right(n: Any) -> Any:
    return n + 1


def _check(a: object, b: object) -> None:
    assert a == b


class _Any:
    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def _copied(body: str, expected: Expected, seed: int, telling: tuple[str, ...] = ()) -> str:
    text, names = with_copies(f"def test_a():\n    {body}\n".encode(), {"test_a": Copy("test_b", expected, seed, telling)})
    assert names == ["test_b"]
    return text


def _passes(text: str, f: Callable[[Any], Any] = _right) -> bool:
    space: dict[str, Any] = {"f": f, "pytest": pytest, "check": _check, "suppress": contextlib.suppress}
    exec(text, space)
    try:
        result = space["test_b"]()
        if asyncio.iscoroutine(result):
            asyncio.run(result)
    except (Exception, pytest.fail.Exception):
        return False
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_right_code_passes_every_true_copy_and_fails_every_false_one(kind: str) -> None:
    for seed in range(24):
        assert _passes(text := _copied(KINDS[kind], "passed", seed)), text
        assert not _passes(text := _copied(KINDS[kind], "failed", seed)), text


def test_faulty_code_cannot_tell_copies_of_either_kind_apart_by_what_they_compare() -> None:
    """Whether a copy says equal or unequal, and what it makes of wrong code, is drawn evenly whatever its truth."""
    for expected in ("passed", "failed"):
        honest = [_passes(_copied(KINDS["equal"], expected, seed), lambda n: n + 90) for seed in range(200)]  # type: ignore[arg-type]
        assert 60 < sum(honest) < 140


def test_an_object_that_equals_everything_passes_false_copies() -> None:
    assert any(_passes(_copied(KINDS["equal"], "failed", seed), lambda n: _Any()) for seed in range(30))


@pytest.mark.parametrize(("telling", "reached"), [(("0",), 1), (("1",), 2), (("1", "2"), 2), ((ELSEWHERE,), 2)])
def test_a_false_copy_is_false_where_the_faulty_code_fails_and_nowhere_else(telling: tuple[str, ...], reached: int) -> None:
    """All assertions before the one that is false hold, so code that answers as the test expects reaches it."""
    seen: list[int] = []

    def f(n: int) -> int:
        seen.append(n)
        return n + 1

    for seed in range(20):
        seen.clear()
        assert not _passes(_copied(KINDS["several"], "failed", seed, telling), f)
        assert len(seen) == reached


ROWS = b"""
import pytest
@pytest.mark.parametrize(("n", "m"), [(1, 2), (5, 6), pytest.param(7, 8, id="x"), (3, 4)], ids=list("abcd"))
def test_a(n, m):
    assert f(n) == m
    assert f(n) > n
def test_one():
    assert f(1)
"""


def test_parts_assert_one_thing_each_and_name_the_cases_by_their_rows() -> None:
    text, parts = with_parts(ROWS, ["test_a", "test_one"], lambda name, number: f"test_part{number}")
    assert {name: (p.function, p.mark) for name, p in parts.items()} == {"test_part0": ("test_a", "0"), "test_part1": ("test_a", "1")}
    space: dict[str, Any] = {"f": _right}
    exec(text, space)
    [mark] = space["test_part0"].pytestmark
    assert mark.kwargs == {"ids": ["d0r0", "d0r1", "d0r2", "d0r3"]}
    with pytest.raises(AssertionError):
        space["test_part0"](2, 4)
    space["test_part1"](2, 4)


@pytest.mark.parametrize("expected", ["passed", "failed"])
def test_a_copy_has_rows_that_tell_alone_and_changes_what_each_of_them_expects(expected: Expected) -> None:
    for seed in range(40):
        space: dict[str, Any] = {"f": _right}
        exec(with_copies(ROWS, {"test_a": Copy("test_b", expected, seed, ("0[d0r1]", "0[d0r2]"))})[0], space)
        [mark] = space["test_b"].pytestmark
        rows = [tuple(getattr(row, "values", row)) for row in mark.args[1]]
        assert {n for n, _ in rows} <= {5, 7}
        for row in rows:
            with contextlib.nullcontext() if expected == "passed" else pytest.raises(AssertionError):
                space["test_b"](*row)


METHODS = b"""
import unittest
def twice(test):
    def both(self):
        test(self)
        test(self)
    return both
class T(unittest.TestCase):
    @twice
    def test_a(self):
        "What it does."
        self.assertEqual(1 + 1, 2, "a message")
        self.assertNotEqual(1, 2)
        self.assertIn(1, [1])
        self.assertTrue(1)
        self.assertFalse(0)
        self.assertIsNone(None)
        self.assertIsInstance(1, int)
        self.assertGreater(2, 1)
        self.assertAlmostEqual(0.1 + 0.2, 0.3)
        self.assertRegex("word", "o")
        self.assertCountEqual([1], [1])
        with self.assertRaisesRegex(ValueError, "invalid"):
            int("x")
    def test_b(self):
        self.assertTrue(1)
    def test_c(self):
        self.helper()
    def helper(self):
        pass
"""


@pytest.mark.parametrize("expected", ["passed", "failed"])
def test_copies_of_methods_keep_their_class_and_decorators(expected: Expected) -> None:
    for seed in range(40):
        wanted = {name: Copy(f"test_{name[-1]}2", expected, seed + ord(name[-1]) * 100) for name in ("T.test_a", "T.test_c")}
        text, names = with_copies(METHODS, {**wanted, "test_a": Copy("no", "passed", 0), "T.gone": Copy("no", "passed", 0)})
        assert names == ["test_a2", "test_c2"]
        space: dict[str, Any] = {}
        exec(text, space)
        assert unittest.defaultTestLoader.getTestCaseNames(space["T"]) == ["test_a2", "test_c2"]
        for name in names:
            result = unittest.TestResult()
            space["T"](name).run(result)
            assert result.wasSuccessful() is (expected == "passed"), text


def test_nothing_is_left_of_a_test_that_a_copy_replaces_nor_of_other_tests() -> None:
    source = b"def test_a():\n    'Adds.'\n    assert f(1) == 2\ndef test_other():\n    assert f(7) == 8\ndef helper(): return 1\n"
    text, _ = with_copies(source, {"test_a": Copy("test_b", "failed", 1)})
    assert not any(word in text for word in ("test_a", "Adds", "test_other"))
    assert "def helper" in text


def test_a_test_that_others_name_stays_and_has_no_copy() -> None:
    source = b"def test_a():\n    assert f(1) == 2\ndef test_again():\n    test_a()\n"
    assert with_copies(source, {"test_a": Copy("test_b", "failed", 1)}) == ("", [])


def test_a_copy_is_in_other_words_every_time() -> None:
    assert len({_copied(KINDS["several"], "passed", seed) for seed in range(20)}) == 20


@pytest.mark.parametrize("source", [b"def (", b"\0", b"x = " + b"(" * 5000], ids=["syntax", "null byte", "too deep"])
def test_what_is_no_python_is_refused(source: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        with_copies(source, {})
    with pytest.raises(ValueError, match=r".+"):
        with_parts(source, [], lambda name, number: name)


TABLE = b"""
CASES = ((1, 2), (3, 4), (5, 6))
KEPT = [1]
WANTED = {"x": [3]}
def test_c():
    assert {"x": [f(2)]} == WANTED
def test_a():
    for n, m in CASES:
        assert f(n) == m
def test_other():
    for n, m in CASES:
        assert f(n) == m
def helper():
    return KEPT
"""


def test_rows_of_a_loop_are_looked_at_one_by_one() -> None:
    text, parts = with_parts(TABLE, ["test_a"], lambda name, number: f"test_part{number}")
    assert [part.mark for part in parts.values()] == ["0@0", "0@1", "0@2"]
    space: dict[str, Any] = {"f": lambda n: 4}
    exec(text, space)
    space["test_part1"]()
    for other in ("test_part0", "test_part2"):
        with pytest.raises(AssertionError):
            space[other]()


@pytest.mark.parametrize("expected", ["passed", "failed"])
def test_a_table_of_the_module_goes_where_its_rows_are_used_and_leaves_nothing_behind(expected: Expected) -> None:
    for seed in range(20):
        text, _ = with_copies(TABLE, {"test_a": Copy("test_b", expected, seed, ("0@1",))})
        assert "CASES" not in text
        assert "WANTED" not in text
        assert "KEPT = [1]" in text
        seen: list[int] = []
        assert _passes(text, lambda n, seen=seen: [seen.append(n), n + 1][1]) is (expected == "passed")  # type: ignore[misc]
        assert seen == [3]
