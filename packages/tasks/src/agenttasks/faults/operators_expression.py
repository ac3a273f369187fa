"""Fault operators on expressions and conditions. Each one's inverse is an operator here too, so that a search can undo them."""

import ast
import re
from collections.abc import Iterator

from agenttasks.faults.mutation import Edit
from agenttasks.faults.sites import Site, Source, integer

Edits = Iterator[tuple[Edit, ...]]

_COMPARE: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: (r"==", "!="),
    ast.NotEq: (r"!=", "=="),
    ast.Lt: (r"<", "<="),
    ast.LtE: (r"<=", "<"),
    ast.Gt: (r">", ">="),
    ast.GtE: (r">=", ">"),
    ast.In: (r"\bin\b", "not in"),
    ast.NotIn: (r"\bnot\s+in\b", "in"),
    ast.Is: (r"\bis\b", "is not"),
    ast.IsNot: (r"\bis\s+not\b", "is"),
}
_EXACT_NEGATION = (ast.Eq, ast.NotEq, ast.In, ast.NotIn, ast.Is, ast.IsNot)
_ARITHMETIC: dict[type[ast.operator], tuple[str, tuple[str, ...]]] = {
    ast.Add: (r"\+", ("-",)),
    ast.Sub: (r"-", ("+",)),
    ast.Mult: (r"\*", ("/", "//")),
    ast.Div: (r"/", ("*",)),
    ast.FloorDiv: (r"//", ("*",)),
    ast.LShift: (r"<<", (">>",)),
    ast.RShift: (r">>", ("<<",)),
    ast.BitAnd: (r"&", ("|",)),
    ast.BitOr: (r"\|", ("&",)),
}
_TRUTH_CALL = re.compile(r"(^|[._])(is|has|can|should|any|all|bool|callable|startswith|endswith|issubset|issuperset)([a-z_]|$)")
_LOOSE = (ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Lambda, ast.IfExp)


def comparison(source: Source, site: Site) -> Edits:
    """``==`` and ``!=``, ``<`` and ``<=``, ``>`` and ``>=``, ``in`` and ``not in``, ``is`` and ``is not`` change places."""
    node = site.node
    if isinstance(node, ast.Compare):
        for left, op, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            pattern, after = _COMPARE[type(op)]
            edit = source.between(left, right, pattern, after)
            if edit:
                yield (edit,)


def arithmetic(source: Source, site: Site) -> Edits:
    """``+`` and ``-``, ``*`` and ``/`` or ``//``, shifts, ``&`` and ``|`` change places; in-place forms too, outside ``while`` loops."""
    node = site.node
    if isinstance(node, ast.BinOp) and not _is_text(node.left) and not _is_text(node.right):
        pattern, others = _ARITHMETIC.get(type(node.op), ("", ()))
        edits = (source.between(node.left, node.right, pattern, after) for after in others)
        yield from ((edit,) for edit in edits if edit)
    elif isinstance(node, ast.AugAssign) and not site.in_while and not _is_text(node.value):
        pattern, others = _ARITHMETIC.get(type(node.op), ("", ()))
        edits = (source.between(node.target, node.value, f"{pattern}=", f"{after}=") for after in others)
        yield from ((edit,) for edit in edits if edit)


def off_by_one(source: Source, site: Site) -> Edits:
    """An integer becomes one more, or one less."""
    value = integer(site.node)
    if value is not None and source.segment(site.node) == str(value):
        for after in (value + 1, value - 1):
            yield (source.replace(source.start(site.node), source.end(site.node), str(after)),)


def boolean_operator(source: Source, site: Site) -> Edits:
    """One ``and`` becomes ``or``, or the other way round."""
    node = site.node
    if isinstance(node, ast.BoolOp):
        word, after = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            edit = source.between(left, right, rf"\b{word}\b", after)
            if edit:
                yield (edit,)


def flip_boolean(source: Source, site: Site) -> Edits:
    """``True`` and ``False`` change places."""
    node = site.node
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield (source.replace(source.start(node), source.end(node), str(not node.value)),)


def negate_if(source: Source, site: Site) -> Edits:
    """A condition without an ``else`` block, or a filter of a comprehension, is negated."""
    node = site.node
    tests: list[ast.expr] = []
    if isinstance(node, ast.If) and not _else_block(source, node):
        tests = [node.test]
    elif isinstance(node, ast.comprehension):
        tests = node.ifs
    for test in tests:
        edit = _negation(source, test)
        if edit:
            yield (edit,)


def swap_if_else(source: Source, site: Site) -> Edits:
    """The two branches of a condition change places."""
    node = site.node
    if isinstance(node, ast.If) and _else_block(source, node):
        yield from _swap(source, (node.body[0], node.body[-1]), (node.orelse[0], node.orelse[-1]), blocks=True)
    elif isinstance(node, ast.IfExp) and not isinstance(node.body, _LOOSE) and not isinstance(node.orelse, _LOOSE):
        yield from _swap(source, (node.body, node.body), (node.orelse, node.orelse))


def swap_arguments(source: Source, site: Site) -> Edits:
    """Two neighbouring positional arguments of a call change places."""
    node = site.node
    if not isinstance(node, ast.Call) or (isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "issubclass")):
        return
    for left, right in zip(node.args, node.args[1:], strict=False):
        if not isinstance(left, ast.Starred | ast.Yield | ast.YieldFrom) and not isinstance(right, ast.Starred | ast.Yield | ast.YieldFrom):
            yield from _swap(source, (left, left), (right, right))


def invert_return(source: Source, site: Site) -> Edits:
    """A returned truth value is negated."""
    node = site.node
    if isinstance(node, ast.Return) and node.value is not None and _is_truth(source, node.value):
        edit = _negation(source, node.value)
        if edit:
            yield (edit,)


def _negation(source: Source, test: ast.expr) -> Edit | None:
    """``not`` before an expression, or taken away. Comparisons that have an exact opposite are left to :func:`comparison`."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], _EXACT_NEGATION):
        return None
    start, end = source.start(test), source.end(test)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return source.replace(start, end, source.text[start + 3 : end].lstrip())
    plain = isinstance(test, ast.Name | ast.Attribute | ast.Call | ast.Subscript)
    text = source.text[start:end]
    return source.replace(start, end, f"not {text}" if plain else f"not ({text})")


def _swap(source: Source, left: tuple[ast.AST, ast.AST], right: tuple[ast.AST, ast.AST], *, blocks: bool = False) -> Edits:
    """Two runs of nodes, each given by its first and last, change places."""
    first = source.replace(source.start(left[0]), source.end(left[1]), "")
    second = source.replace(source.start(right[0]), source.end(right[1]), "")
    if first.before == second.before or first.end > second.start:
        return
    if blocks and not _same_shape(source, left[0], right[0]):
        return
    yield (Edit(first.start, first.before, second.before), Edit(second.start, second.before, first.before))


def _same_shape(source: Source, left: ast.AST, right: ast.AST) -> bool:
    """Both blocks begin on lines of their own at one indentation, without decorators."""
    if getattr(left, "decorator_list", None) or getattr(right, "decorator_list", None):
        return False
    heads = [source.text[source.text.rfind("\n", 0, source.start(n)) + 1 : source.start(n)] for n in (left, right)]
    return heads[0] == heads[1] and not heads[0].strip()


def _else_block(source: Source, node: ast.If) -> bool:
    """There is an ``else:``, not an ``elif``."""
    if not node.orelse:
        return False
    first = node.orelse[0]
    return not (len(node.orelse) == 1 and isinstance(first, ast.If) and source.segment(first).startswith("elif"))


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


def _is_truth(source: Source, node: ast.expr) -> bool:
    if isinstance(node, ast.Compare | ast.BoolOp) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
        return True
    return isinstance(node, ast.Call) and _TRUTH_CALL.search(source.segment(node.func)) is not None
