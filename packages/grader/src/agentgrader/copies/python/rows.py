"""The rows of a test: of its parametrisations, in its decorators, and of its loops."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from agentgrader.copies.python.assertions import method_of

_ROW = re.compile(r"d(\d+)r(\d+)")


@dataclass(frozen=True)
class Rows:
    """One ``parametrize``, or one loop, with its rows in so many words."""

    owner: ast.Call | ast.For
    names: tuple[str, ...]
    """Parameters."""
    values: list[ast.expr]
    """The rows, as they stand in the decorator."""

    def column(self, name: str) -> list[tuple[list[ast.expr], int]]:
        """Where each row has the value of a parameter: a list and an index in it; empty if that cannot be told."""
        if len(self.names) == 1:
            return [(p.args, 0) if (p := _param(row)) else (self.values, i) for i, row in enumerate(self.values)]
        at = self.names.index(name)
        cells = [p.args if (p := _param(row)) else getattr(row, "elts", []) for row in self.values]
        plain = all(len(c) == len(self.names) and not any(isinstance(v, ast.Starred) for v in c) for c in cells)
        return [(c, at) for c in cells] if plain else []


def rows_of(function: Any) -> list[Rows] | None:
    """The parametrisations of a function, outermost first; nothing where one is not written out row by row."""
    found = []
    for decorator in function.decorator_list:
        if not (isinstance(decorator, ast.Call) and method_of(decorator) == "parametrize"):
            continue
        if len(decorator.args) < 2 or not isinstance(decorator.args[1], ast.List | ast.Tuple):
            return None
        values = decorator.args[1].elts
        names = _names(decorator.args[0])
        if not values or not names or any(not _is_row(v) for v in values):
            return None
        if isinstance(decorator.args[1], ast.Tuple):
            decorator.args[1] = ast.List(values, ast.Load())
        found.append(Rows(decorator, names, values))
    return found


def loops_of(function: Any) -> list[Rows]:
    """The loops over rows that are run whenever the function is, each once."""
    return list(_loops(function.body))


def _loops(body: list[ast.stmt]) -> Iterator[Rows]:
    for statement in body:
        if isinstance(statement, ast.With | ast.AsyncWith):
            yield from _loops(statement.body)
        elif isinstance(statement, ast.For) and isinstance(statement.iter, ast.List | ast.Tuple):
            values, names = statement.iter.elts, _targets(statement.target)
            if values and names and not any(isinstance(v, ast.Starred) for v in values):
                yield Rows(statement, names, values)


def _targets(target: ast.expr) -> tuple[str, ...]:
    inner = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
    return tuple(n.id for n in inner if isinstance(n, ast.Name)) if all(isinstance(n, ast.Name) for n in inner) else ()


def number(rows: list[Rows]) -> None:
    """Name each row by its place, so that :func:`places` can read it from the name of a case."""
    for k, of_one in enumerate(rows):
        _unnamed(of_one)
        names = [ast.Constant(f"d{k}r{i}") for i in range(len(of_one.values))]
        _parametrize(of_one).keywords.append(ast.keyword("ids", ast.List(list(names), ast.Load())))


def places(case: str) -> dict[int, int]:
    """Decorator → row, of the name of a case."""
    return {int(k): int(i) for k, i in _ROW.findall(case)}


def keep(rows: list[Rows], kept: Iterable[dict[int, int]]) -> None:
    """Leave these rows alone (each decorator → row); of a decorator that is not named, all."""
    chosen = list(kept)
    for k, of_one in enumerate(rows):
        numbers = {places_[k] for places_ in chosen if places_.get(k, len(of_one.values)) < len(of_one.values)}
        if numbers:
            of_one.values[:] = [of_one.values[i] for i in sorted(numbers)]
            _unnamed(of_one)


def _unnamed(rows: Rows) -> None:
    call = _parametrize(rows)
    call.keywords[:] = [k for k in call.keywords if k.arg != "ids"]
    for row in rows.values:
        if given := _param(row):
            given.keywords[:] = [k for k in given.keywords if k.arg != "id"]


def _parametrize(rows: Rows) -> ast.Call:
    assert isinstance(rows.owner, ast.Call)
    return rows.owner


def _names(node: ast.expr) -> tuple[str, ...]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return tuple(n.strip() for n in node.value.split(",") if n.strip())
    if isinstance(node, ast.List | ast.Tuple) and all(isinstance(e, ast.Constant) and isinstance(e.value, str) for e in node.elts):
        return tuple(e.value for e in node.elts if isinstance(e, ast.Constant) and isinstance(e.value, str))
    return ()


def _is_row(value: ast.expr) -> bool:
    given = _param(value)
    return not isinstance(value, ast.Starred) and not any(isinstance(a, ast.Starred) for a in (given.args if given else ()))


def _param(row: ast.expr) -> ast.Call | None:
    """A row that is ``pytest.param`` of its values."""
    return row if isinstance(row, ast.Call) and method_of(row) == "param" else None
