"""Python test modules in which copies, or parts, take the place of test functions. Text alone, nothing is run."""

import ast
import functools
import pickle
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agentgrader.copies.copy import Copy, Part
from agentgrader.copies.python.disguise import disguise
from agentgrader.copies.python.falsify import alone, falsify, split
from agentgrader.copies.python.helpers import Helpers
from agentgrader.copies.python.rows import number, rows_of
from agentgrader.copies.python.tables import drop_unused, inline, tables_of
from agentgrader.syntax import parse

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_BLOCKS = ("body", "orelse", "finalbody", "handlers")
_MOST = 150
"""Assertions, in so many rows, of one function that are looked at one by one."""
Replace = Callable[[str, Any], list[ast.stmt] | None]
"""Dotted name and function → what comes in its place; nothing where it stays."""


def with_copies(source: bytes, wanted: Mapping[str, Copy]) -> tuple[str, list[str]]:
    """See :meth:`agentgrader.frameworks.framework.Framework.rewrite`."""
    packed, words = _read(source)
    module = pickle.loads(packed)
    tables = tables_of(module)
    names: list[str] = []
    beside: list[ast.stmt] = []

    def replace(dotted: str, node: Any) -> list[ast.stmt] | None:
        if words[node.name] > _words(node)[node.name]:
            return None  # something beside it names it
        if dotted not in wanted:
            return [] if node.name.startswith("test") else None
        inline(node, tables)
        made, helpers = _copied(node, wanted[dotted])
        names.append(made.name)
        beside.extend(helpers)
        return [made]

    _replaced(module, "", replace)
    drop_unused(module, tables)
    return _text(module, beside) if names else "", list(dict.fromkeys(names))


def with_parts(source: bytes, functions: Sequence[str], name_of: Callable[[str, int], str]) -> tuple[str, dict[str, Part]]:
    """See :meth:`agentgrader.frameworks.framework.Framework.parts`. ``name_of`` names the part of a function with that number."""
    module = pickle.loads(_read(source)[0])
    parts: dict[str, Part] = {}
    tables = tables_of(module)

    def replace(dotted: str, node: Any) -> list[ast.stmt] | None:
        if dotted not in functions:
            return None
        inline(node, tables)
        split_up = split(node)
        if len(split_up) > _MOST or (len(split_up) < 2 and not rows_of(node)):
            return None
        made: list[ast.stmt] = []
        packed = pickle.dumps(node)  # several times as fast as to copy it deeply
        for mark, place, row in split_up:
            one = pickle.loads(packed)
            one.name = name_of(dotted, len(parts))
            number(rows_of(one) or [])
            alone(one, place, row)
            parts[one.name] = Part(dotted, mark)
            made.append(one)
        return made or None

    _replaced(module, "", replace)
    return _text(module, []), parts


def _copied(function: Any, wanted: Copy) -> tuple[Any, list[ast.stmt]]:
    draw = random.Random(wanted.seed)
    made = pickle.loads(pickle.dumps(function))
    made.name = wanted.name
    helpers = Helpers(draw)
    claims = falsify(made, wanted, draw)
    disguise(made, claims, helpers, draw)
    return made, helpers.source()


@functools.lru_cache(maxsize=64)
def _read(source: bytes) -> tuple[bytes, Counter[str]]:
    """A module, packed since it is taken apart in each round, and the words in it."""
    try:
        module = parse(source)
    except (SyntaxError, RecursionError, MemoryError) as e:
        raise ValueError(str(e)) from e
    return pickle.dumps(module), _words(module)


def _text(module: ast.Module, beside: list[ast.stmt]) -> str:
    at = _after_start(module)
    module.body[at:at] = beside
    try:
        return ast.unparse(ast.fix_missing_locations(module)) + "\n"
    except RecursionError as e:
        raise ValueError(str(e)) from e


def _after_start(module: ast.Module) -> int:
    """Behind the docstring and what is imported from the future."""
    at = 0
    for i, s in enumerate(module.body):
        if (isinstance(s, ast.ImportFrom) and s.module == "__future__") or (
            i == 0 and isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)
        ):
            at = i + 1
    return at


def _replaced(owner: ast.AST, prefix: str, replace: Replace) -> None:
    """Replace functions that are not inside of functions."""
    for field in _BLOCKS:
        block = getattr(owner, field, None)
        if not isinstance(block, list):
            continue
        made: list[Any] = []
        for node in block:
            if isinstance(node, _FUNCTION):
                new = replace(prefix + node.name, node)
                made += [node] if new is None else new
            else:
                _replaced(node, f"{prefix}{node.name}." if isinstance(node, ast.ClassDef) else prefix, replace)
                made.append(node)
        block[:] = made if made or field != "body" else [ast.Pass()]


def _words(node: ast.AST) -> Counter[str]:
    """Names, attributes and texts that a module or a function mentions."""
    found: Counter[str] = Counter()
    for n in ast.walk(node):
        match n:
            case ast.Name(id=word) | ast.Attribute(attr=word) | ast.Constant(value=str(word)):
                found[word] += 1
    return found
