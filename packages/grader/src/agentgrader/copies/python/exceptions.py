"""Exceptions that a test expects, and others that have nothing to do with them."""

import ast
import builtins
import random

_POOL: tuple[str, ...] = (
    *("ValueError", "TypeError", "KeyError", "IndexError", "AttributeError", "RuntimeError", "OverflowError", "ZeroDivisionError"),
    *("NotImplementedError", "AssertionError", "StopIteration", "FileNotFoundError", "UnicodeDecodeError"),
)


def unrelated(expected: ast.expr) -> list[str]:
    """Names of exceptions of which none is, or is a kind of, what is expected; none where that cannot be told."""
    names = [expected] if not isinstance(expected, ast.Tuple) else expected.elts
    kinds = [getattr(builtins, n.id, None) if isinstance(n, ast.Name) else None for n in names]
    known = [k for k in kinds if isinstance(k, type)]
    return [name for name in _POOL if not any(_related(getattr(builtins, name), k) for k in known)]


def other(expected: ast.expr, true: bool, draw: random.Random) -> ast.expr:
    """An expectation that holds, or does not, where ``expected`` does: one class, or two."""
    names = unrelated(expected)
    beside = [ast.Name(name, ast.Load()) for name in draw.sample(names, min(2, len(names)))]
    both = draw.random() < 0.5
    if true:
        if not both or not beside or isinstance(expected, ast.Tuple):
            return expected
        return _shuffled([expected, beside[0]], draw)
    return _shuffled(list(beside), draw) if both and len(beside) == 2 else beside[0]


def _shuffled(kinds: list[ast.expr], draw: random.Random) -> ast.expr:
    return ast.Tuple(draw.sample(kinds, len(kinds)), ast.Load())


def _related(one: type, other: type) -> bool:
    return issubclass(one, other) or issubclass(other, one)
