"""Right code that somebody else could have written: other algorithms for functions of the pinned libraries, kept in ``independent/``.

A file there holds functions as they may replace those of the same qualified name and parameters in the library that its name begins with.
"""

import ast
import copy
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from planted.source import Function, Source, functions, replaced

_FOLDER = Path(__file__).parent / "independent"


def independent(source: Source) -> Iterator[tuple[str, dict[str, str]]]:
    """What is rewritten and the changed files, for each rewritten function that the task's gold patch changes."""
    for file, known in _known(source.task.source.package):
        for path, key in source.edited:
            name = key.partition("@")[0]
            if name == key and name in known and _alike(known[name], _last(source.gold[path], name)):
                yield f"{path}::{name} ({file})", {path: _put(source.gold[path], name, known[name])}


@cache
def _known(library: str) -> list[tuple[str, dict[str, Function]]]:
    files = sorted(_FOLDER.glob(f"{library}*.py"))
    return [(file.stem, dict(functions(file.read_text("utf-8")))) for file in files]


def _put(text: str, name: str, fix: Function) -> str:
    """``text`` with another body of a function; its decorators and its docstring stay."""
    node = _last(text, name)
    made = copy.copy(fix)
    made.decorator_list = []
    if ast.get_docstring(node) is not None:
        made.body = [node.body[0], *fix.body]
    return replaced(text, node, ast.unparse(made))


def _last(text: str, name: str) -> Function:
    return [n for q, n in functions(text) if q == name][-1]


def _alike(one: Function, other: Function) -> bool:
    """Whether both take the same plain parameters: a name stands for another function in another module."""
    plain = [[*(a.arg for a in (*f.args.posonlyargs, *f.args.args)), f.args.vararg and f.args.vararg.arg] for f in (one, other)]
    return plain[0] == plain[1]
