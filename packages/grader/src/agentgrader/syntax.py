"""Python source to a syntax tree, from any thread."""

import ast
import threading

_ONE_AT_A_TIME = threading.Lock()


def parse(source: str | bytes) -> ast.Module:
    """:func:`ast.parse`, one at a time.

    CPython before 3.13 counts the depth of a tree that it builds in one place for all threads: two at once sometimes
    end in a ``SystemError``, when a garbage collection during one lets the other run.

    Raises:
        SyntaxError: the source is no Python.
        RecursionError: it is nested too deeply.
    """
    with _ONE_AT_A_TIME:
        return ast.parse(source)
