"""Code objects of functions that no import finds: where in a source text one stands, and whether another text has the like."""

from __future__ import annotations

import functools
import os
import types
from collections.abc import Callable, Mapping
from typing import Any


def locate(code: types.CodeType, source: str | None, exactly: bool) -> int | None:
    """Position of ``code`` among the codes of its name and line in ``source``; ``None`` where it is not clear. ``exactly``: it is no
    other code that merely says that it stands there."""
    if source is None:
        return None
    same = codes(source, code.co_filename, code.co_name, code.co_firstlineno)
    if exactly:
        fitting = [i for i, c in enumerate(same) if shape(c) == shape(code)]
    else:
        fitting = [i for i, c in enumerate(same) if len(same) == 1 or (c.co_code, c.co_names) == (code.co_code, code.co_names)]
    return fitting[0] if len(fitting) == 1 else None


def codes(source: str, path: str, name: str, line: int) -> list[types.CodeType]:
    """Code objects of that name and first line in a source text, in its order."""
    return [c for c in all_codes(source, path) if (c.co_name, c.co_firstlineno) == (name, line)]


@functools.lru_cache(maxsize=64)
def all_codes(source: str, path: str) -> tuple[types.CodeType, ...]:
    """Code objects in a source text, outer ones before what is in them."""
    found: list[types.CodeType] = []
    waiting = [compile(source, path, "exec", dont_inherit=True)]
    for code in waiting:
        inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
        waiting += inner
        found += inner
    return tuple(found)


def standing_in(root: str, before: Mapping[str, str]) -> Callable[[types.CodeType], bool]:
    """Whether a code of a file of ``before`` (path relative to ``root`` → text) is in that text; of any other file each is."""
    known = {os.path.join(root, path): text for path, text in before.items()}
    shapes: dict[str, set[Any]] = {}

    def stands(code: types.CodeType) -> bool:
        path = os.path.realpath(code.co_filename)
        if path not in known:
            return True
        if path not in shapes:
            try:
                shapes[path] = {shape(c) for c in all_codes(known[path], path)}
            except (SyntaxError, ValueError, RecursionError):
                shapes[path] = set()
        return shape(code) in shapes[path]

    return stands


def shape(code: types.CodeType) -> tuple[Any, ...]:
    """What a code is but for where it stands: equal for codes that do the same."""
    constants = tuple(shape(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts)
    names = (code.co_name, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    return (*names, *counts, code.co_code, getattr(code, "co_exceptiontable", b""), constants)
