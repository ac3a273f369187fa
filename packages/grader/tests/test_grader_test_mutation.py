"""Copies of tests: the true ones hold for right code, the false ones do not, whatever kind of test it is."""

import itertools
import unittest
from collections.abc import Callable
from typing import Any

import pytest
from agentgrader.test_mutation import Copy, with_copies

KINDS = {
    "equal": "assert f(1) == 2",
    "equal, expected first": "assert 2 == f(1)",
    "equal text": "assert str(f(1)) == '2'",
    "equal variables": "a = f(1)\n    b = 2\n    assert a == b",
    "truth": "assert f(1)",
    "comparison": "assert f(1) > 1",
    "membership": "assert f(1) in (2, 3)",
    "in a loop": "for n in range(3):\n        assert f(n) == n + 1",
    "exception": "try:\n        f('')\n    except TypeError:\n        pass\n    else:\n        raise AssertionError",
    "return at the end": "assert f(1) == 2\n    return None",
    "no assertion": "f(1)",
}


def _right(n: Any) -> Any:
    return n + 1


class _Any:
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def _made(body: str, expected: str, form: int, seed: int, f: Callable[[Any], Any]) -> Callable[[], None]:
    text, names = with_copies(f"def test_a():\n    {body}\n".encode(), {"test_a": [Copy("test_b", expected, form, seed)]})  # type: ignore[arg-type]
    assert names == ["test_b"]
    space: dict[str, Any] = {"f": f}
    exec(text, space)
    return space["test_b"]  # type: ignore[no-any-return]


def _passes(test: Callable[[], None]) -> bool:
    try:
        test()
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_right_code_passes_every_true_copy_and_fails_every_false_one(kind: str) -> None:
    for form, seed in itertools.product(range(6), range(10)):
        assert _passes(_made(KINDS[kind], "passed", form, seed, _right))
        assert not _passes(_made(KINDS[kind], "failed", form, seed, _right))


def test_an_object_that_equals_everything_passes_a_false_copy() -> None:
    for kind in ("equal", "equal, expected first"):
        assert any(_passes(_made(KINDS[kind], "failed", form, 1, lambda n: _Any())) for form in range(3))


def test_copies_of_methods_keep_their_class_and_decorators() -> None:
    source = b"""
import unittest
def twice(test):
    def both(self):
        test(self)
        test(self)
    return both
class T(unittest.TestCase):
    @twice
    def test_a(self):
        self.assertEqual(1 + 1, 2)
        self.assertIn(1, [1])
        self.assertTrue(1)
"""
    wanted = [Copy(f"test_{kind}{i}", kind, i, i) for i in range(6) for kind in ("passed", "failed")]  # type: ignore[arg-type]
    text, names = with_copies(source, {"T.test_a": wanted, "test_a": [Copy("no", "passed", 0, 0)], "T.gone": [Copy("no", "passed", 0, 0)]})
    assert sorted(names) == sorted(copy.name for copy in wanted)
    space: dict[str, Any] = {}
    exec(text, space)
    for copy in wanted:
        result = unittest.TestResult()
        space["T"](copy.name).run(result)
        assert result.wasSuccessful() is (copy.expected == "passed")


def test_the_original_stays_as_it_is() -> None:
    text, _ = with_copies(b"def test_a():\n    assert 1 == 1\n", {"test_a": [Copy("test_b", "failed", 0, 0)]})
    assert text.startswith("def test_a():\n    assert 1 == 1\n")


@pytest.mark.parametrize("source", [b"def (", b"\0", b"x = " + b"(" * 5000], ids=["syntax", "null byte", "too deep"])
def test_what_is_no_python_is_refused(source: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        with_copies(source, {})
