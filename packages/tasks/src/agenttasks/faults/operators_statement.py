"""Fault operators that take statements away or blunt them. What they remove is not in the file any more: a repair has to write it."""

import ast
from itertools import pairwise

from agenttasks.faults.operators_expression import Edits
from agenttasks.faults.sites import Function, Site, Source, body_of

_TYPING_ONLY = ("overload", "abstractmethod")


def return_none(source: Source, site: Site) -> Edits:
    """A function returns ``None`` instead of its result."""
    node = site.node
    if isinstance(node, ast.Return) and node.value is not None:
        if isinstance(node.value, ast.Constant) and node.value.value is None:
            return
        yield (source.replace(source.start(node), source.end(node), "return None"),)


def remove_body(source: Source, site: Site) -> Edits:
    """A function does nothing."""
    node = site.node
    if isinstance(node, Function) and not _is_stub(node):
        body = body_of(node)
        if not getattr(body[0], "decorator_list", None):
            yield (source.replace(source.start(body[0]), source.end(body[-1]), "pass"),)


def remove_condition(source: Source, site: Site) -> Edits:
    """A guarded block without an ``else`` is taken out, guard and all."""
    node = site.node
    if isinstance(node, ast.If) and not node.orelse and not site.fixed_names:
        branch = source.segment(node).startswith("elif")
        edit = source.delete_statement(node, alone=site.alone and not branch)
        if edit:
            yield (edit,)


def remove_assignment(source: Source, site: Site) -> Edits:
    """An assignment is taken out; not in ``while`` loops, where the loop would not end."""
    node = site.node
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) and not site.in_while and not site.fixed_names:
        if isinstance(node, ast.AnnAssign) and node.value is None:
            return
        edit = source.delete_statement(node, alone=site.alone)
        if edit:
            yield (edit,)


def remove_loop(source: Source, site: Site) -> Edits:
    """A loop is taken out."""
    node = site.node
    if isinstance(node, ast.For | ast.AsyncFor | ast.While) and not site.fixed_names:
        edit = source.delete_statement(node, alone=site.alone)
        if edit:
            yield (edit,)


def drop_except(source: Source, site: Site) -> Edits:
    """An exception that was handled goes on to the caller."""
    node = site.node
    if isinstance(node, ast.ExceptHandler) and not isinstance(node.body[0], ast.Raise):
        yield (source.replace(source.start(node.body[0]), source.end(node.body[-1]), "raise"),)


def remove_decorator(source: Source, site: Site) -> Edits:
    """A function loses one of its decorators."""
    node = site.node
    if not isinstance(node, Function):
        return
    marks = [source.text.rfind("@", 0, source.start(d)) for d in node.decorator_list] + [source.start(node)]
    for decorator, (mark, after) in zip(node.decorator_list, pairwise(marks), strict=True):
        if source.segment(decorator).rpartition(".")[2] not in _TYPING_ONLY:
            yield (source.replace(mark, after, ""),)


def _is_stub(node: Function) -> bool:
    """There is nothing to take away: no statement, or one that does nothing or only refuses."""
    body = body_of(node)
    if not body or len(body) > 1:
        return not body
    only = body[0]
    if isinstance(only, ast.Pass | ast.Raise) or (isinstance(only, ast.Expr) and isinstance(only.value, ast.Constant)):
        return True
    return isinstance(only, ast.Return) and (only.value is None or (isinstance(only.value, ast.Constant) and only.value.value is None))
