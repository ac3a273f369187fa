"""Python source with the tests of another version of it: examples in docstrings, and test functions. Text alone, nothing is run."""

import ast
import io
import textwrap
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeAlias

from agentgrader.probes.outline import definitions
from agentgrader.syntax import parse

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_Documented: TypeAlias = _Definition | ast.Module
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What reading source ends in that is no Python here."""
_TABLE = "__test__"
"""A dictionary of further examples, as :mod:`doctest` has it."""


class Untransplantable(Exception):
    """The tests cannot be put into this source."""


@dataclass(frozen=True)
class _Edit:
    """Bytes from ``start`` to ``end`` become ``text``."""

    start: int
    end: int
    text: str


class _Source:
    """A module as text, with what it defines."""

    def __init__(self, data: bytes) -> None:
        self.encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        self.text = data.decode(self.encoding).replace("\r\n", "\n").replace("\r", "\n")
        self.module = parse(self.text)
        self.data = self.text.encode()
        self.starts = [0, *(i + 1 for i, byte in enumerate(self.data) if byte == 10)]
        self.defined: dict[str, list[_Definition]] = {}
        for prefix, node in definitions(self.module.body, ""):
            self.defined.setdefault(prefix + node.name, []).append(node)

    def line(self, number: int) -> int:
        """Where a line, counted from 1, starts."""
        return self.starts[number - 1] if number <= len(self.starts) else len(self.data)

    def block(self, node: ast.stmt) -> tuple[int, int]:
        """The whole lines of a definition with its decorators."""
        return self.line(_first_line(node)), self.line((node.end_lineno or node.lineno) + 1)

    def cut(self, node: ast.stmt) -> str:
        """The text of these lines, with a line feed at the end."""
        start, end = self.block(node)
        return self.data[start:end].decode().removesuffix("\n") + "\n"


def with_tests_of(gold: bytes, candidate: bytes, names: Iterable[str], path: str) -> bytes:
    """``candidate`` with the tests ``names`` as they stand in ``gold``; the same bytes if they do already.

    A name is dotted, as :meth:`agentgrader.frameworks.framework.Framework.function` gives it: of a test function in the module, or,
    with the name of the module in front, of an object with examples in its docstring. ``path`` is that of the file. Examples of an
    object that the candidate lacks are left out, and so is what ``gold`` does not hold in so many words.

    Raises:
        Untransplantable: ``candidate`` is no source that can be read here.
        SyntaxError, ValueError, RecursionError: ``gold`` is none.
    """
    right = _Source(gold)
    try:
        theirs = _Source(candidate)
        edits = list(_edits(right, theirs, list(names), path))
        return _applied(theirs, edits).encode(theirs.encoding) if edits else candidate
    except (*UNREADABLE, LookupError) as e:
        raise Untransplantable(type(e).__name__) from e


def assigned_documents(data: bytes) -> int:
    """How often source assigns docstrings or tables of examples while it runs; 0 if it cannot be read."""
    try:
        module = parse(data)
    except UNREADABLE:
        return 0
    return sum(_assigns_documents(node) for node in ast.walk(module))


def _assigns_documents(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr=name, ctx=ast.Store() | ast.Del()) | ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return name in ("__doc__", _TABLE)
        case ast.Constant(value=str(name)):
            return name in ("__doc__", _TABLE)
    return False


def _edits(right: _Source, theirs: _Source, names: Sequence[str], path: str) -> Iterator[_Edit]:
    whole: set[str] = set()
    """Classes that are taken over whole."""
    appended: list[str] = []
    for name in dict.fromkeys(names):
        mine = right.defined.get(name, ())
        if any(isinstance(node, _FUNCTION) for node in mine):
            yield from _function_edits(right, theirs, name, appended, whole)
        else:
            yield from _document_edits(right, theirs, _inside(name, path))
    if appended:
        end = len(theirs.data)
        yield _Edit(end, end, ("" if theirs.text.endswith("\n") or not theirs.text else "\n") + "\n\n" + "\n\n".join(appended))


def _document_edits(right: _Source, theirs: _Source, name: str | None) -> Iterator[_Edit]:
    if name is None:
        return
    if name.partition(".")[0] == _TABLE:
        yield from _table_edits(right, theirs)
        return
    wanted = next((text for node in right.defined.get(name, ()) if (text := _document(node)) is not None), None)
    owners: Sequence[_Documented] = theirs.defined.get(name, ())
    if not name:
        wanted, owners = _document(right.module), [theirs.module]
    for owner in owners if wanted is not None else ():
        if _document(owner) != wanted:
            yield _documented(theirs, owner, repr(wanted))


def _documented(source: _Source, owner: _Documented, literal: str) -> _Edit:
    """``literal`` as the docstring of ``owner``."""
    if not owner.body:
        return _Edit(len(source.data), len(source.data), literal + "\n")
    first = owner.body[0]
    if isinstance(first, ast.Expr) and _document(owner) is not None:
        start = source.line(first.lineno) + first.col_offset
        end = source.line(first.end_lineno or first.lineno) + (first.end_col_offset or 0)
        return _Edit(start, end, literal)
    line = source.line(_first_line(first))
    start = source.line(first.lineno) + first.col_offset if _first_line(first) == first.lineno else line + first.col_offset
    before = source.data[line:start].decode()
    return _Edit(start, start, f"{literal}; " if before.strip() else f"{literal}\n{before}")


def _table_edits(right: _Source, theirs: _Source) -> Iterator[_Edit]:
    """The table of examples, as the last thing that the module does."""
    found = [node for node in right.module.body if isinstance(node, ast.Assign) and any(_is_table(t) for t in node.targets)]
    same = [node for node in theirs.module.body if isinstance(node, ast.Assign) and any(_is_table(t) for t in node.targets)]
    if found and [ast.dump(n) for n in found] != [ast.dump(n) for n in same]:
        end = len(theirs.data)
        yield _Edit(end, end, "\n" + "".join(right.cut(node) for node in found))


def _is_table(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and target.id == _TABLE


def _function_edits(right: _Source, theirs: _Source, name: str, appended: list[str], whole: set[str]) -> Iterator[_Edit]:
    node = right.defined[name][-1]
    owner, _, last = name.rpartition(".")
    there = theirs.defined.get(name, [])
    if len(there) == 1 and ast.dump(there[0]) == ast.dump(node) and not _rebinds(theirs.module, last):
        return
    if owner in whole:
        return
    if len(there) == 1 and (owner or not _rebinds(theirs.module, last)):
        yield _Edit(*theirs.block(there[0]), _indented(right, node, there[0].col_offset))
    elif not owner:
        appended.append(_indented(right, node, 0))
    elif owner in theirs.defined and (place := _end_of(theirs, theirs.defined[owner][-1])) is not None:
        yield _Edit(place[0], place[0], "\n" + _indented(right, node, place[1]))
    elif owner in right.defined:
        whole.add(owner)
        appended.append(_indented(right, right.defined[owner][-1], 0))


def _end_of(source: _Source, owner: _Definition) -> tuple[int, int] | None:
    """Where a class ends, and how far what is in it is indented; nothing for one on a single line."""
    first = owner.body[0]
    if first.lineno == owner.lineno:
        return None
    return source.block(owner)[1], first.col_offset


def _indented(source: _Source, node: _Definition, column: int) -> str:
    """The text of a definition, as far to the right as ``column``."""
    if node.col_offset == column:
        return source.cut(node)
    return textwrap.indent(ast.unparse(node), " " * column) + "\n"


def _rebinds(module: ast.Module, name: str) -> bool:
    """Whether anything but a definition gives ``name``, or an attribute of that name, another value."""
    given = (n for n in ast.walk(module) if isinstance(n, ast.Name | ast.Attribute) and not isinstance(n.ctx, ast.Load))
    return any((n.id if isinstance(n, ast.Name) else n.attr) == name for n in given)


def _applied(source: _Source, edits: Sequence[_Edit]) -> str:
    """The text with all edits; of those that overlap, the outer one.

    Raises:
        SyntaxError: that is no Python.
    """
    data = source.data
    end = len(data) + 1
    for edit in sorted(edits, key=lambda e: (e.start, e.end), reverse=True):
        if edit.end > end:
            raise LookupError
        data = data[: edit.start] + edit.text.encode("utf-8", "backslashreplace") + data[edit.end :]
        end = edit.start if edit.end > edit.start else end
    text = data.decode()
    parse(text)
    return text


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(d.lineno for d in decorators)])


def _document(node: _Documented) -> str | None:
    return ast.get_docstring(node, clean=False)


def _inside(name: str, path: str) -> str | None:
    """The object that ``name`` is of, within the module at ``path``; empty for the module itself, nothing if it is of another module."""
    parts = list(PurePosixPath(path).with_suffix("").parts)
    if parts[-1:] == ["__init__"]:
        parts.pop()
    for start in range(len(parts)):
        module = ".".join(parts[start:])
        if name == module or name.startswith(module + "."):
            return name[len(module) + 1 :]
    return None
