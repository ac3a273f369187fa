"""The assertions of a Go test: each ``if`` that makes the test fail, and calls of testify."""

from collections.abc import Iterator
from functools import cached_property

from tree_sitter import Node

from agentgrader.copies.assertions import Assertion, Constant
from agentgrader.syntax_tree import Edit, field, text, walk

_FAILING = frozenset({"Error", "Errorf", "Fatal", "Fatalf", "Fail", "FailNow"})
_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_BRANCHES = frozenset({"expression_case", "type_case", "communication_case", "default_case", "func_literal"})
_CONVERSIONS = frozenset(
    {"string", "bool", "byte", "rune", "float32", "float64", *(f"{sign}int{size}" for sign in ("", "u") for size in ("", 8, 16, 32, 64))}
)
_PAIRS = {"Equal": "NotEqual", "EqualValues": "NotEqualValues", "True": "False", "Nil": "NotNil", "NoError": "Error"} | {
    name: f"Not{name}" for name in ("Contains", "Empty", "Zero", "Same", "Regexp", "Panics", "ErrorIs")
}
_TESTIFY = {one + f: other + f for pair in _PAIRS.items() for one, other in (pair, pair[::-1]) for f in ("", "f")}
_EQUAL = frozenset({"Equal", "Equalf", "EqualValues", "EqualValuesf"})


class GolangTest:
    """One test function. ``testify`` are the names by which its file knows testify's packages."""

    def __init__(self, function: Node, testify: frozenset[str]) -> None:
        self._function = function
        self._testify = testify

    @cached_property
    def assertions(self) -> list[Assertion]:
        """In the order of the text."""
        return list(self._below(self._function.child_by_field_name("body"), 0))

    @cached_property
    def bodies(self) -> list[tuple[str, Node]]:
        """Name of the ``*testing.T`` and body: of the function, and of each subtest that is written out in it. None if it is no test."""
        inner = [node for node in walk(self._function) if node.type == "func_literal" and _is_subtest(node)]
        found = [(_testing(node), node.child_by_field_name("body")) for node in (self._function, *inner)]
        return [(name, body) for name, body in found if name and body] if found[0][0] else []

    def _below(self, node: Node | None, depth: int) -> Iterator[Assertion]:
        """Those in a node; what is done when one fails is not looked through."""
        if node is None:
            return
        if node.type == "if_statement":
            yield from self._branch(node, depth)
            return
        if node.type == "call_expression" and (found := self._called(node, depth)):
            yield found
            return
        deeper = node.type in _BRANCHES and not _is_subtest(node)
        for child in node.named_children:
            yield from self._below(child, depth + deeper)

    def _branch(self, node: Node, depth: int) -> Iterator[Assertion]:
        condition, then, other = (node.child_by_field_name(name) for name in ("condition", "consequence", "alternative"))
        yield from self._below(node.child_by_field_name("initializer"), depth)
        if condition is not None and then is not None and self._fails(then):
            yield self._stated(condition, then, depth)
            yield from self._below(other, depth)
        else:
            yield from self._below(condition, depth)
            yield from self._below(then, depth + 1)
            yield from self._below(other, depth + 1)

    def _fails(self, block: Node) -> bool:
        """Whether a statement of the block itself makes the test fail."""
        statements = [s for inner in block.named_children for s in (inner.named_children if inner.type == "statement_list" else [inner])]
        called = [field(s.named_children[0], "function") for s in statements if s.type == "expression_statement" and s.named_children]
        testing = {"t", _testing(self._function)}
        return any(text(field(c, "field")) in _FAILING and text(field(c, "operand")) in testing for c in called)

    def _stated(self, condition: Node, then: Node, depth: int) -> Assertion:
        """That ``condition`` does not hold."""
        sides: list[Node] = []
        if condition.type == "binary_expression" and text(field(condition, "operator")) == "!=":
            sides = [side for name in ("right", "left") if (side := field(condition, name))]
        elif condition.type == "unary_expression" and text(field(condition, "operator")) == "!":
            call = field(condition, "operand")
            if text(field(call, "function", "field")).endswith("Equal"):
                sides = (field(call, "arguments") or condition).named_children[-2:]
        constants, surely = self._first(sides)
        silent = (Edit(condition.start_byte, condition.start_byte, "false && ("), Edit(condition.end_byte, condition.end_byte, ")"))
        return Assertion(constants, () if _needs_nil(condition, then) else _turned(condition), surely, silent, depth)

    def _called(self, node: Node, depth: int) -> Assertion | None:
        """A call of testify."""
        function = field(node, "function")
        package, name = field(function, "operand"), field(function, "field")
        if function is None or function.type != "selector_expression" or text(package) not in self._testify or name is None:
            return None
        if text(name) not in _TESTIFY:
            return None
        given = (field(node, "arguments") or node).named_children
        constants, surely = self._first(given[:3]) if text(name) in _EQUAL else ((), False)
        turned = (Edit(name.start_byte, name.end_byte, _TESTIFY[text(name)]),)
        ends = (Edit(node.start_byte, node.start_byte, "if false { "), Edit(node.end_byte, node.end_byte, " }"))
        stated = node.parent is not None and node.parent.type == "expression_statement"
        return Assertion(constants, turned, surely, ends if stated else (), depth)

    def _first(self, sides: list[Node]) -> tuple[tuple[Constant, ...], bool]:
        """Constants of the first side that is made of some, and whether they stand there themselves."""
        for side in sides:
            if found := _constant(side):
                return (found,), True
        for side in sides:
            if given := self._given(side):
                return given, False
        return (), False

    def _given(self, side: Node) -> tuple[Constant, ...]:
        """What a variable is given once, or a field in every row of a table."""
        if side.type == "identifier":
            given = [value for name, value in self._variables if name == text(side)]
            value = _constant(given[0]) if len(given) == 1 else None
            return (value,) if value else ()
        if side.type == "selector_expression" and field(side, "operand") and text(field(side, "operand")).isidentifier():
            rows = self._column(text(field(side, "field")))
            cells = [_constant(cell) for cell in rows]
            return tuple(c for c in cells if c) if rows and all(cells) else ()
        return ()

    @cached_property
    def _variables(self) -> list[tuple[str, Node]]:
        found = []
        for node in walk(self._function):
            if node.type in ("short_var_declaration", "assignment_statement", "range_clause"):
                names, values = (n.named_children if n else [] for n in (field(node, "left"), field(node, "right")))
                values = values if len(values) == len(names) else [node] * len(names)
                found += [(text(name), value) for name, value in zip(names, values, strict=True)]
        return found

    def _column(self, name: str) -> list[Node]:
        """The values of a field in all rows of the one table that has it; none if a row goes without."""
        tables: dict[int, Node] = {}
        cells: list[Node] = []
        for row in walk(self._function):
            cell = _cell(row, name) if row.type == "literal_value" else None
            if cell is not None and (table := _table(row)) is not None:
                cells.append(cell)
                tables[table.id] = table
        complete = len(tables) == 1 and len(next(iter(tables.values())).named_children) == len(cells)
        return cells if complete else []


def _cell(row: Node, name: str) -> Node | None:
    """The value of a field in a row, by its name or its place."""
    elements = [e for e in row.named_children if e.type != "comment"]
    for element in elements:
        if element.type == "keyed_element" and text(field(element, "key")) == name:
            return _inner(field(element, "value"))
    if not elements or any(e.type == "keyed_element" for e in elements):
        return None
    table = _table(row)
    kind = table.parent.child_by_field_name("type") if table and table.parent else None
    struct = next((n for n in walk(kind) if n.type == "struct_type"), None) if kind else None
    names = [text(n) for d in walk(struct) if d.type == "field_declaration" for n in d.children_by_field_name("name")] if struct else []
    return _inner(elements[names.index(name)]) if name in names and len(names) == len(elements) else None


def _table(row: Node) -> Node | None:
    """The literal that a row, ``{…}`` or ``T{…}``, is an element of."""
    at = row.parent
    while at is not None and at.type in ("literal_element", "keyed_element", "composite_literal"):
        at = at.parent
    return at if at is not None and at.type == "literal_value" else None


def _inner(element: Node | None) -> Node | None:
    return element.named_children[0] if element and element.type == "literal_element" and element.named_children else element


def _constant(node: Node | None) -> Constant | None:
    """The constant that an expression is, or the first one in a composite literal or a conversion."""
    at = node
    while at is not None:
        raw = text(at)
        match at.type:
            case "int_literal":
                try:
                    return Constant(at.start_byte, at.end_byte, raw, int(raw, 0))
                except ValueError:
                    return None
            case "float_literal":
                return Constant(at.start_byte, at.end_byte, raw, 0.0)
            case "true" | "false":
                return Constant(at.start_byte, at.end_byte, raw, raw == "true")
            case "interpreted_string_literal" | "raw_string_literal":
                return Constant(at.start_byte, at.end_byte, raw, None if "\\" in raw or "\r" in raw else raw[1:-1])
            case "unary_expression" if text(field(at, "operator")) in "-&":
                at = field(at, "operand")
            case "type_conversion_expression" | "parenthesized_expression":
                at = field(at, "operand") or at.named_children[0]
            case "call_expression" if text(field(at, "function")) in _CONVERSIONS:
                at = next(iter((field(at, "arguments") or at).named_children), None)
            case "composite_literal":
                values = [_inner(field(e, "value") or e) for e in (field(at, "body") or at).named_children if e.type != "comment"]
                return next((c for value in values if (c := _constant(value))), None)
            case "literal_value":
                values = [_inner(field(e, "value") or e) for e in at.named_children if e.type != "comment"]
                return next((c for value in values if (c := _constant(value))), None)
            case _:
                return None
    return None


def _turned(condition: Node) -> tuple[Edit, ...]:
    """Edits for its opposite."""
    operator = field(condition, "operator")
    if condition.type == "binary_expression" and operator and text(operator) in _OPPOSITE:
        return (Edit(operator.start_byte, operator.end_byte, _OPPOSITE[text(operator)]),)
    if condition.type == "unary_expression" and operator and text(operator) == "!":
        return (Edit(operator.start_byte, operator.end_byte, ""),)
    return (Edit(condition.start_byte, condition.start_byte, "!("), Edit(condition.end_byte, condition.end_byte, ")"))


def _needs_nil(condition: Node, then: Node) -> bool:
    """Whether ``then`` looks into something that ``condition`` compares with nil: it would panic on the opposite."""
    if not any(n.type == "nil" for n in walk(condition)):
        return False
    names = {text(n) for n in walk(condition) if n.type == "identifier"}
    return any(
        text(field(n, "operand")) in names
        for n in walk(then)
        if n.type in ("selector_expression", "index_expression") or (n.type == "unary_expression" and text(field(n, "operator")) == "*")
    )


def _is_subtest(node: Node) -> bool:
    """Whether a function literal is handed to ``Run``."""
    call = node.parent.parent if node.type == "func_literal" and node.parent else None
    return call is not None and call.type == "call_expression" and text(field(call, "function", "field")) == "Run"


def _testing(function: Node) -> str:
    """Name of the one parameter, a ``*testing.T``; empty where it is another."""
    parameters = (field(function, "parameters") or function).named_children
    if len(parameters) != 1 or text(field(parameters[0], "type")) != "*testing.T":
        return ""
    name = text(field(parameters[0], "name"))
    return "" if name == "_" else name
