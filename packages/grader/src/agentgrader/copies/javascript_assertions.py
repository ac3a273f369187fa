"""The assertions of a JavaScript test: calls of ``expect`` and its matchers, and of ``assert``."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from agentgrader.copies.assertions import Assertion, Constant
from agentgrader.syntax_tree import Edit, field, text, walk

FUNCTIONS = frozenset({"arrow_function", "function_expression", "generator_function", "function_declaration", "method_definition"})
_BRANCHES = FUNCTIONS | {"catch_clause", "if_statement", "switch_case", "switch_default", "ternary_expression"}
_EACH = frozenset({"forEach", "map", "then", "all", "step"})
"""Methods that call the function which they are given."""
_EQUAL = frozenset({"toBe", "toEqual", "toStrictEqual", "toHaveLength", "toHaveBeenCalledTimes", "toHaveBeenCalledWith"})
_PAIRS = {"equal": "notEqual", "strictEqual": "notStrictEqual", "deepEqual": "notDeepEqual", "deepStrictEqual": "notDeepStrictEqual"}
_OPPOSITE = {
    one: other
    for pair in {**_PAIRS, "throws": "doesNotThrow", "rejects": "doesNotReject", "match": "doesNotMatch"}.items()
    for one, other in (pair, pair[::-1])
}
_TRUTH = frozenset({"ok", "assert"})
_COMPARED = frozenset({"===", "=="})
_WHOLE = re.compile(r"\d{1,15}")
_FLOAT = re.compile(r"\d{1,9}\.\d{1,9}")


def assertions_in(function: Node) -> list[Assertion]:
    """In the order of the text. What is handed to an assertion is not looked through."""
    body = function.child_by_field_name("body")
    return list(_below(body, body, 0)) if body else []


def _below(node: Node, body: Node, depth: int) -> Iterator[Assertion]:
    if node.type == "call_expression" and (found := _expected(node, body, depth) or _asserted(node, body, depth)):
        yield found
        return
    for child in node.named_children:
        deeper = child.type in _BRANCHES and not (child.type in FUNCTIONS and _is_called(child))
        yield from _below(child, body, depth + deeper)


def _is_called(function: Node) -> bool:
    """Whether a function is handed to what calls it at once."""
    call = function.parent.parent if function.parent else None
    return call is not None and text(field(call, "function", "property")) in _EACH


def _expected(call: Node, body: Node, depth: int) -> Assertion | None:
    """``expect(…)`` and a matcher."""
    function = field(call, "function")
    matcher, chain = field(function, "property"), field(function, "object")
    if matcher is None or chain is None or not text(matcher).startswith("to") or "Snapshot" in text(matcher):
        return None
    negated: Edit | None = None
    at: Node | None = chain
    while at is not None and at.type == "member_expression" and text(field(at, "property")) in ("not", "resolves", "rejects"):
        inner = field(at, "object")
        if text(field(at, "property")) == "not" and inner:
            negated = Edit(inner.end_byte, at.end_byte, "")
        at = inner
    if at is None or at.type != "call_expression" or text(field(at, "function")) not in ("expect", "expect.soft"):
        return None
    turned = negated or Edit(chain.end_byte, chain.end_byte, ".not")
    given = _arguments(call)[:1] if text(matcher) in _EQUAL and not negated else []
    constants, surely = _first(given, body)
    return Assertion(constants, (turned,), surely, _silent(call), depth)


def _asserted(call: Node, body: Node, depth: int) -> Assertion | None:
    """``assert`` or one of its functions, alone or as a method of it."""
    function = field(call, "function")
    if function is None or function.type not in ("identifier", "member_expression"):
        return None
    named = field(function, "property") or function
    name, owner = text(named), text(field(function, "object"))
    if owner and "assert" not in owner.split("."):
        return None
    given = _arguments(call)
    if name in _OPPOSITE and len(given) >= 1:
        constants, surely = _first(given[1::-1], body) if name in _PAIRS else ((), False)
        # what a file imports by its own name does not bring its opposite along
        turned: tuple[Edit, ...] = (Edit(named.start_byte, named.end_byte, _OPPOSITE[name]),) if owner else ()
        return Assertion(constants, turned, surely, _silent(call), depth)
    if name in _TRUTH and given:
        stated = given[0]
        turned = (Edit(stated.start_byte, stated.start_byte, "!("), Edit(stated.end_byte, stated.end_byte, ")"))
        equal = stated.type == "binary_expression" and text(field(stated, "operator")) in _COMPARED
        sides = [side for name in ("right", "left") if (side := field(stated, name))] if equal else []
        constants, surely = _first(sides, body)
        return Assertion(constants, turned, surely, _silent(call), depth)
    return None


def _silent(call: Node) -> tuple[Edit, ...]:
    # no bracket: what stands in the line before could take it for a call
    return (Edit(call.start_byte, call.start_byte, "0 && "),)


def _arguments(call: Node) -> list[Node]:
    return [a for a in (field(call, "arguments") or call).named_children if a.type != "comment"]


def _first(sides: list[Node], body: Node) -> tuple[tuple[Constant, ...], bool]:
    """Constants of the first side that is made of some, and whether they stand there themselves."""
    for side in sides:
        if found := constant(side):
            return (found,), True
    for side in sides:
        given = _given(text(side), body) if side.type == "identifier" else []
        if len(given) == 1 and (found := constant(given[0])):
            return (found,), False
    return (), False


def _given(name: str, body: Node) -> list[Node]:
    """What a variable of a test is given."""
    fields = {"variable_declarator": ("name", "value"), "assignment_expression": ("left", "right")}
    kept = [(n, *fields[n.type]) for n in walk(body) if n.type in fields]
    return [value for n, left, right in kept if text(field(n, left)) == name and (value := field(n, right))]


def constant(node: Node) -> Constant | None:
    """The constant that an expression is, or the first one in an array or object."""
    raw = text(node)
    at = (node.start_byte, node.end_byte, raw)
    match node.type:
        case "number" if _WHOLE.fullmatch(raw):
            return Constant(*at, int(raw)) if raw == str(int(raw)) else None
        case "number" if _FLOAT.fullmatch(raw):
            return Constant(*at, float(raw))
        case "true" | "false":
            return Constant(*at, raw == "true")
        case "string":
            return Constant(*at, None if "\\" in raw else raw[1:-1])
        case "template_string" if not any(n.type == "template_substitution" for n in node.named_children):
            return Constant(*at, None if "\\" in raw else raw[1:-1])
        case "unary_expression" if text(field(node, "operator")) == "-":
            inner = field(node, "argument")
            return constant(inner) if inner and inner.type == "number" else None
        case "array" | "object" | "parenthesized_expression":
            values = [field(n, "value") if n.type == "pair" else n for n in node.named_children]
            return next((c for value in values if value and (c := constant(value))), None)
    return None
