"""Rewrites of a function that keep what it does."""

import ast
import copy
import random
from collections.abc import Callable
from itertools import pairwise

from agentgrader.syntax import parse

from planted.source import Function, functions, replaced

_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_INTROSPECTS = {"locals", "globals", "eval", "exec", "vars", "dir", "super"}


def equivalent(text: str, names: list[str], rng: random.Random, rounds: int = 3) -> tuple[str, list[str]]:
    """``text`` with the named functions rewritten, and which rewrites did it. None: nothing applied."""
    done: list[str] = []
    for name in names:
        for _ in range(rounds):
            node = [n for q, n in functions(text) if q == name][-1]
            order = rng.sample(REWRITES, len(REWRITES))
            for rewrite in order:
                changed = rewrite(copy.deepcopy(node), rng)
                if changed is not None:
                    bare = ast.fix_missing_locations(changed)
                    bare.decorator_list = []
                    text = replaced(text, node, ast.unparse(bare))
                    done.append(rewrite.__name__)
                    break
    return text, done


def rename_local(f: Function, rng: random.Random) -> Function | None:
    """Another name for a local variable."""
    nodes = list(ast.walk(f))
    if any(isinstance(n, _NESTED) for n in nodes[1:]) or _introspects(f):
        return None
    parameters = {a.arg for a in ast.walk(f.args) if isinstance(a, ast.arg)}
    bound = {n.name for n in nodes if isinstance(n, ast.ExceptHandler)} | {
        a.asname or a.name for n in nodes for a in getattr(n, "names", []) if isinstance(a, ast.alias)
    }
    declared = {name for n in nodes if isinstance(n, (ast.Global, ast.Nonlocal)) for name in n.names}
    names = sorted({n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)} - parameters - bound - declared)
    names = [n for n in names if not n.endswith("_renamed")]
    if not names:
        return None
    old = rng.choice(names)
    for n in nodes:
        if isinstance(n, ast.Name) and n.id == old:
            n.id = f"{old}_renamed"
    return f


def swap_branches(f: Function, rng: random.Random) -> Function | None:
    """``if not c: B else: A`` for ``if c: A else: B``."""
    found = [n for n in ast.walk(f) if isinstance(n, (ast.If, ast.IfExp)) and n.orelse]
    if not found:
        return None
    node = rng.choice(found)
    node.test = ast.UnaryOp(ast.Not(), node.test)
    node.body, node.orelse = node.orelse, node.body  # type: ignore[assignment]
    return f


def extract_result(f: Function, rng: random.Random) -> Function | None:
    """A variable for what is returned."""
    return _in_blocks(f, rng, lambda s: isinstance(s, ast.Return) and s.value is not None and not isinstance(s.value, ast.Name), _extracted)


def _extracted(s: ast.stmt) -> list[ast.stmt]:
    assert isinstance(s, ast.Return)
    assert s.value is not None
    return [ast.Assign([ast.Name("outcome_1", ast.Store())], s.value), ast.Return(ast.Name("outcome_1", ast.Load()))]


def add_dead_code(f: Function, rng: random.Random) -> Function | None:
    """Statements that do nothing."""
    dead = rng.choice(("if False:\n    raise AssertionError", "for _ in ():\n    pass", "unused_1 = None"))
    at = 1 if ast.get_docstring(f, clean=False) is not None else 0
    f.body[at:at] = parse(dead).body
    return f


def loop_for_comprehension(f: Function, rng: random.Random) -> Function | None:
    """A loop that fills a list for a list comprehension that is returned or assigned."""

    def fits(s: ast.stmt) -> bool:
        value = s.value if isinstance(s, (ast.Return, ast.Assign)) else None
        target = not isinstance(s, ast.Assign) or (len(s.targets) == 1 and isinstance(s.targets[0], ast.Name))
        if any(isinstance(n, (*_NESTED, ast.NamedExpr)) for n in ast.walk(s)):
            return False
        return (
            isinstance(value, ast.ListComp) and len(value.generators) == 1 and isinstance(value.generators[0].target, ast.Name) and target
        )

    def looped(s: ast.stmt) -> list[ast.stmt]:
        assert isinstance(s, (ast.Return, ast.Assign))
        assert isinstance(s.value, ast.ListComp)
        (generator,) = s.value.generators
        assert isinstance(generator.target, ast.Name)
        old = generator.target.id
        for part in [s.value.elt, *generator.ifs, generator.target]:
            for n in ast.walk(part):
                if isinstance(n, ast.Name) and n.id == old:
                    n.id = "each_1"
        adding = ast.Expr(ast.Call(ast.Attribute(ast.Name("listed_1", ast.Load()), "append", ast.Load()), [s.value.elt], []))
        body: list[ast.stmt] = [adding]
        for test in reversed(generator.ifs):
            body = [ast.If(test, body, [])]
        empty = ast.Assign([ast.Name("listed_1", ast.Store())], ast.List([], ast.Load()))
        loop = ast.For(generator.target, generator.iter, body, [])
        s.value = ast.Name("listed_1", ast.Load())
        return [empty, loop, s]

    return _in_blocks(f, rng, fits, looped)


def else_after_return(f: Function, rng: random.Random) -> Function | None:
    """What follows an ``if`` that ends in a return stands in its ``else``."""
    blocks = [
        b
        for b in _blocks(f)
        for i, s in enumerate(b[:-1])
        if isinstance(s, ast.If) and not s.orelse and isinstance(s.body[-1], (ast.Return, ast.Raise))
    ]
    if not blocks:
        return None
    block = rng.choice(blocks)
    at = next(i for i, s in enumerate(block) if isinstance(s, ast.If) and not s.orelse and isinstance(s.body[-1], (ast.Return, ast.Raise)))
    statement = block[at]
    assert isinstance(statement, ast.If)
    statement.orelse = block[at + 1 :]
    del block[at + 1 :]
    return f


def de_morgan(f: Function, rng: random.Random) -> Function | None:
    """``not (not a or not b)`` for ``a and b`` where only its truth counts, and the other way round."""
    found = [n for n in ast.walk(f) if isinstance(n, (ast.If, ast.While, ast.IfExp)) and isinstance(n.test, ast.BoolOp)]
    if not found:
        return None
    node = rng.choice(found)
    assert isinstance(node.test, ast.BoolOp)
    other: ast.boolop = ast.Or() if isinstance(node.test.op, ast.And) else ast.And()
    node.test = ast.UnaryOp(ast.Not(), ast.BoolOp(other, [ast.UnaryOp(ast.Not(), v) for v in node.test.values]))
    return f


def flip_comparison(f: Function, rng: random.Random) -> Function | None:
    """``3 > x`` for ``x < 3``."""
    flips: dict[type, type] = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE, ast.Eq: ast.Eq}
    found = [
        n
        for n in ast.walk(f)
        if isinstance(n, ast.Compare) and len(n.ops) == 1 and type(n.ops[0]) in flips and isinstance(n.comparators[0], ast.Constant)
    ]
    if not found:
        return None
    node = rng.choice(found)
    node.left, node.comparators = node.comparators[0], [node.left]
    node.ops = [flips[type(node.ops[0])]()]
    return f


def reorder(f: Function, rng: random.Random) -> Function | None:
    """Two assignments of plain values that follow each other change places."""

    def plain(s: ast.stmt) -> str:
        simple = isinstance(s, ast.Assign) and len(s.targets) == 1 and isinstance(s.targets[0], ast.Name)
        return s.targets[0].id if simple and isinstance(s.value, ast.Constant) else ""  # type: ignore[attr-defined]

    pairs = [
        (b, i) for b in _blocks(f) for i, (one, two) in enumerate(pairwise(b)) if plain(one) and plain(two) and plain(one) != plain(two)
    ]
    if not pairs:
        return None
    block, i = rng.choice(pairs)
    block[i], block[i + 1] = block[i + 1], block[i]
    return f


REWRITES: list[Callable[[Function, random.Random], Function | None]] = [
    rename_local,
    swap_branches,
    extract_result,
    add_dead_code,
    loop_for_comprehension,
    else_after_return,
    de_morgan,
    flip_comparison,
    reorder,
]


def _introspects(f: Function) -> bool:
    return any(isinstance(n, ast.Name) and n.id in _INTROSPECTS - {"super"} for n in ast.walk(f))


def _blocks(f: Function) -> list[list[ast.stmt]]:
    return [b for n in ast.walk(f) for field in ("body", "orelse", "finalbody") if isinstance(b := getattr(n, field, None), list) and b]


def _in_blocks(
    f: Function, rng: random.Random, fits: Callable[[ast.stmt], bool], made: Callable[[ast.stmt], list[ast.stmt]]
) -> Function | None:
    places = [(b, i) for b in _blocks(f) for i, s in enumerate(b) if fits(s)]
    if not places:
        return None
    block, i = rng.choice(places)
    block[i : i + 1] = made(block[i])
    return f
