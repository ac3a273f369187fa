"""Fault operators: every candidate is a small, reversible change of behaviour inside a function."""

import ast
import shlex
import statistics
import textwrap
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from agenttasks.faults.mutation import Edit, Mutation, splice
from agenttasks.faults.operators import REMOVALS, SIMPLE, candidates
from hypothesis import given, settings
from hypothesis import strategies as st

FILES = {module.__name__: Path(str(module.__file__)).read_text("utf-8") for module in (shlex, statistics, textwrap)}


@cache
def found(name: str) -> list[Mutation]:
    return candidates(FILES[name], f"{name}.py")


mutations = st.sampled_from(sorted(FILES)).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(found(name))))


@pytest.mark.soak
@given(mutations)
@settings(max_examples=150, deadline=None)
def test_every_candidate_compiles_differs_and_is_undone_byte_for_byte(drawn: tuple[str, Mutation]) -> None:
    name, mutation = drawn
    broken = mutation.apply(FILES[name])
    compile(broken, mutation.path, "exec", dont_inherit=True)
    assert ast.dump(ast.parse(broken)) != ast.dump(ast.parse(FILES[name]))
    assert mutation.undo(broken) == FILES[name]


@pytest.mark.soak
@given(mutations.filter(lambda drawn: drawn[1].operator in SIMPLE))
@settings(max_examples=40, deadline=None)
def test_a_simple_fault_is_repaired_by_a_simple_candidate_near_its_line(drawn: tuple[str, Mutation]) -> None:
    name, mutation = drawn
    broken = mutation.apply(FILES[name])
    healthy = ast.dump(ast.parse(FILES[name]))
    repairs = [m for m in candidates(broken, mutation.path, SIMPLE) if abs(m.line - mutation.line) <= 1]
    assert any(ast.dump(ast.parse(repair.apply(broken))) == healthy for repair in repairs)


def test_ids_are_unique_and_the_same_each_time() -> None:
    for name, text in FILES.items():
        ids = [m.id for m in found(name)]
        assert len(set(ids)) == len(ids)
        assert ids == [m.id for m in candidates(text, f"{name}.py")]


def test_every_operator_finds_something_in_ordinary_code() -> None:
    assert {m.operator for name in FILES for m in found(name)} == {*SIMPLE, *REMOVALS}


def test_candidates_come_in_line_order() -> None:
    assert all(a.line <= b.line for name in FILES for a, b in pairwise(found(name)))


CASES = [
    ("comparison", "return a < b", {"return a <= b"}),
    ("comparison", "return a not in b", {"return a in b"}),
    ("comparison", "return (a) == (b)", {"return (a) != (b)"}),
    ("comparison", "return a < b < c", {"return a <= b < c", "return a < b <= c"}),
    ("boolean_operator", "return a and b or c", {"return a or b or c", "return a and b and c"}),
    ("arithmetic", "return a + b", {"return a - b"}),
    ("arithmetic", "return a * b", {"return a / b", "return a // b"}),
    ("arithmetic", "a += b", {"a -= b"}),
    ("arithmetic", "return 'x' + b", set()),
    ("off_by_one", "return a[0]", {"return a[1]", "return a[-1]"}),
    ("off_by_one", "return a[-1]", {"return a[0]", "return a[-2]"}),
    ("flip_boolean", "return f(a, key=True)", {"return f(a, key=False)"}),
    ("negate_if", "if a: b()", {"if not a: b()"}),
    ("negate_if", "if not a.b: c()", {"if a.b: c()"}),
    ("negate_if", "if a < b: c()", {"if not (a < b): c()"}),
    ("negate_if", "return [x for x in a if x.b]", {"return [x for x in a if not x.b]"}),
    ("swap_if_else", "return a if b else c", {"return c if b else a"}),
    (
        "swap_if_else",
        "if a:\n        b()\n    else:\n        c()\n        d()",
        {"if a:\n        c()\n        d()\n    else:\n        b()"},
    ),
    ("swap_if_else", "if a:\n        b()\n    elif c:\n        d()", set()),
    ("swap_arguments", "return f(a, b, *c)", {"return f(b, a, *c)"}),
    ("swap_arguments", "return isinstance(a, b)", set()),
    ("invert_return", "return a.startswith(b)", {"return not a.startswith(b)"}),
    ("invert_return", "return not a", {"return a"}),
    ("return_none", "return a", {"return None"}),
    ("return_none", "return None", set()),
    ("remove_assignment", "a = b\n    return a", {"return a"}),
    ("remove_assignment", "a = b", {"pass"}),
    ("remove_assignment", "while a:\n        a = a.b", set()),
    ("remove_condition", "if a:\n        b()\n    return c", {"return c"}),
    ("remove_condition", "if a:\n        b()\n    elif c:\n        d()", {"if a:\n        b()"}),
    ("remove_loop", "for a in b:\n        c()\n    return d", {"return d"}),
    ("drop_except", "try:\n        a()\n    except B:\n        c()", {"try:\n        a()\n    except B:\n        raise"}),
    ("remove_body", "return a", {"pass"}),
    ("remove_body", "'''Doc.'''\n    raise a", set()),
    ("off_by_one", "return f'{a[0]}'", set()),
    ("off_by_one", "b: int = a[c]", set()),
]


@pytest.mark.parametrize(("operator", "body", "expected"), CASES)
def test_what_an_operator_does(operator: str, body: str, expected: set[str]) -> None:
    source = f"def function(a, b=1):\n    {body}\n"
    results = {m.apply(source) for m in candidates(source, "x.py", [operator])}
    assert {text.removeprefix("def function(a, b=1):\n").strip() for text in results} == expected


def test_removing_a_decorator_touches_the_function_below_it() -> None:
    source = "class A:\n    @first\n    @second(1)\n    def f(self):\n        return 2\n"
    outer, inner = candidates(source, "x.py", ["remove_decorator"])
    assert outer.apply(source) == "class A:\n    @second(1)\n    def f(self):\n        return 2\n"
    assert inner.apply(source) == "class A:\n    @first\n    def f(self):\n        return 2\n"
    assert set(outer.lines) >= {4, 5}
    assert inner.function == "A.f"


def test_several_bodies_empties_two_neighbours() -> None:
    source = "def f():\n    return 1\n\n\ndef g():\n    return 2\n"
    (mutation,) = candidates(source, "x.py", ["several_bodies"])
    assert mutation.apply(source) == "def f():\n    pass\n\n\ndef g():\n    pass\n"
    assert mutation.function == "f, g"


def test_only_code_inside_functions_is_changed() -> None:
    assert candidates("LIMIT = 1 + 2\n\nif LIMIT > 2:\n    LIMIT = 3\n\n\nclass A:\n    flag = True\n", "x.py") == []


def test_a_binding_that_an_inner_function_rebinds_is_kept() -> None:
    source = "def f():\n    n = 0\n    def g():\n        nonlocal n\n        n = 1\n    return g\n"
    assert all(compile(m.apply(source), "x.py", "exec") for m in candidates(source, "x.py"))


def test_text_beyond_ascii_and_other_line_ends_keep_their_places() -> None:
    source = "def f(ä):\r\n    return 'ü' if ä == 'ö' else 1\r\n"
    texts = {m.apply(source) for m in candidates(source, "x.py", ["comparison", "swap_if_else"])}
    assert texts == {source.replace("==", "!="), "def f(ä):\r\n    return 1 if ä == 'ö' else 'ü'\r\n"}


def test_an_unknown_operator_is_named() -> None:
    with pytest.raises(KeyError, match="swap_everything"):
        candidates("", "x.py", ["swap_everything"])


def test_a_mutation_refuses_another_text() -> None:
    mutation = found("textwrap")[0]
    with pytest.raises(ValueError, match="does not fit"):
        mutation.apply("x" + FILES["textwrap"])


def test_overlapping_edits_are_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        splice("abcd", [Edit(0, "abc", ""), Edit(2, "cd", "")])


def test_a_description_names_operator_function_line_and_change() -> None:
    (mutation,) = candidates("class A:\n    def f(self, a, b):\n        return a < b\n", "m.py", ["comparison"])
    assert mutation.describe() == "comparison in A.f, m.py line 3: `<` becomes `<=`"
