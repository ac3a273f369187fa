"""What names and texts in a JavaScript file stand for: modules and globals by dotted origin, texts that are put together."""

import re
from functools import cached_property

from tree_sitter import Node

from agentgrader.syntax_tree import field, text, walk

GLOBAL = frozenset({"globalThis", "global", "self", "window"})
"""Names of the object that holds all globals."""
_DEEPEST, _LONGEST = 20, 10_000
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|(.))", re.DOTALL)
_WRAPPERS = frozenset({"parenthesized_expression", "await_expression", "as_expression", "non_null_expression", "satisfies_expression"})
LOADING = frozenset({"require", "module.require", ":module.createRequire()", "process.getBuiltinModule"})
"""What gives a module by its name."""


class Names:
    """The names of one file."""

    def __init__(self, root: Node) -> None:
        self._root = root
        self._origins: dict[int, str] = {}
        self._texts: dict[int, str | None] = {}

    @cached_property
    def declared(self) -> frozenset[str]:
        """Every name that the file gives to something of its own."""
        found: set[str] = set(self._imported) | set(self._given)
        for node in walk(self._root):
            if node.type.endswith(("function_declaration", "class_declaration", "function_expression", "declarator")):
                found.add(text(field(node, "name")))
            elif node.type in ("formal_parameters", "catch_clause") or (node.type == "arrow_function" and field(node, "parameter")):
                inner = field(node, "parameter") or node
                found |= {text(n) for n in walk(inner) if n.type in ("identifier", "shorthand_property_identifier_pattern")}
            elif node.type in ("array_pattern", "object_pattern", "for_in_statement"):
                left = field(node, "left") or node
                found |= {text(n) for n in walk(left) if n.type in ("identifier", "shorthand_property_identifier_pattern")}
        return frozenset(found - {""})

    @cached_property
    def _imported(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for node in walk(self._root):
            if node.type != "import_statement":
                continue
            module = package(self.text(field(node, "source")) or "?")
            for part in walk(node):
                if part.type == "import_specifier":
                    found[text(field(part, "alias") or field(part, "name"))] = f"{module}.{text(field(part, 'name'))}"
                elif part.type in ("namespace_import", "import_clause"):
                    found |= {text(n): module for n in part.named_children if n.type == "identifier"}
        return found

    @cached_property
    def _given(self) -> dict[str, tuple[Node, str]]:
        """Name of a variable → its value, and which property of that it is."""
        found: dict[str, tuple[Node, str]] = {}
        for node in walk(self._root):
            value, name = field(node, "value"), field(node, "name")
            if node.type != "variable_declarator" or name is None or value is None:
                continue
            if name.type == "identifier":
                found[text(name)] = (value, "")
            for part in name.named_children if name.type == "object_pattern" else ():
                if part.type == "shorthand_property_identifier_pattern":
                    found[text(part)] = (value, text(part))
                elif part.type == "pair_pattern":
                    found[text(field(part, "value"))] = (value, text(field(part, "key")))
        return found

    def origin(self, node: Node | None, deep: int = 0) -> str:
        """Dotted origin of an expression: a global, or a module behind ``:``; ``?`` for a name that is not known. Else empty."""
        if node is None or deep > _DEEPEST:
            return ""
        if node.id not in self._origins:
            self._origins[node.id] = ""  # for a name that is given itself
            self._origins[node.id] = self._origin(node, deep)[:_LONGEST]
        return self._origins[node.id]

    def _origin(self, node: Node, deep: int) -> str:
        match node.type:
            case "identifier":
                return self._of_name(text(node), deep)
            case "member_expression":
                return _joined(self.origin(field(node, "object"), deep + 1), text(field(node, "property")))
            case "subscript_expression":
                return _joined(self.origin(field(node, "object"), deep + 1), self.text(field(node, "index")) or "?")
            case "call_expression":
                return self._of_call(node, deep)
            case "sequence_expression" | "binary_expression" | "ternary_expression":
                sides = [self.origin(side, deep + 1) for side in reversed(node.named_children)]
                return next((side for side in sides if side), "")
            case kind if kind in _WRAPPERS and node.named_children:
                return self.origin(node.named_children[0], deep + 1)
        return ""

    def _of_name(self, name: str, deep: int) -> str:
        if name in self._imported:
            return self._imported[name]
        if name in self._given:
            value, key = self._given[name]
            return _joined(self.origin(value, deep + 1), key) if key else self.origin(value, deep + 1)
        return "" if name in self.declared else name

    def _of_call(self, node: Node, deep: int) -> str:
        function = field(node, "function")
        called = "require" if function is not None and function.type == "import" else self.origin(function, deep + 1)
        given = (field(node, "arguments") or node).named_children
        if called in LOADING:
            module = self.text(given[0]) if given else None
            return package(module or "?")
        return ":module.createRequire()" if called == ":module.createRequire" else ""

    def text(self, node: Node | None, deep: int = 0) -> str | None:
        """The text that an expression is; ``None`` if it cannot be told."""
        if node is None or deep > _DEEPEST:
            return None
        if node.id not in self._texts:
            self._texts[node.id] = None
            found = self._text(node, deep)
            self._texts[node.id] = found if found is None or len(found) <= _LONGEST else None
        return self._texts[node.id]

    def _text(self, node: Node, deep: int) -> str | None:
        match node.type:
            case "string":
                return _unescaped(text(node)[1:-1])
            case "template_string":
                parts = [
                    self.text(n.named_children[0], deep + 1)
                    if n.type == "template_substitution" and n.named_children
                    else _unescaped(text(n))
                    for n in node.named_children
                ]
                return None if None in parts else "".join(p or "" for p in parts)
            case "binary_expression" if text(field(node, "operator")) == "+":
                sides = [self.text(field(node, name), deep + 1) for name in ("left", "right")]
                return None if None in sides else "".join(s or "" for s in sides)
            case "identifier" if text(node) in self._given and not self._given[text(node)][1]:
                return self.text(self._given[text(node)][0], deep + 1)
            case "call_expression":
                return self._joined_array(node, deep)
            case kind if kind in _WRAPPERS and node.named_children:
                return self.text(node.named_children[0], deep + 1)
        return None

    def _joined_array(self, node: Node, deep: int) -> str | None:
        """``[…].join('')``"""
        array = field(node, "function", "object")
        if text(field(node, "function", "property")) != "join" or array is None or array.type != "array":
            return None
        parts = [self.text(n, deep + 1) for n in array.named_children]
        between = [self.text(n, deep + 1) for n in (field(node, "arguments") or node).named_children[:1]] or [","]
        return None if None in parts or between[0] is None else between[0].join(p or "" for p in parts)


def package(name: str) -> str:
    """Origin of what a module exports: ``:`` and its name without the scheme; one of them is a global as well."""
    plain = name.removeprefix("node:")
    return plain if plain == "process" else f":{plain}"


def _joined(owner: str, name: str) -> str:
    if not owner:
        return ""
    return name if owner in GLOBAL else owner if name == "default" else f"{owner}.{name}"


def _unescaped(raw: str) -> str:
    def char(match: re.Match[str]) -> str:
        number = match[1] or match[2] or match[3]
        code = int(number, 16) if number else 0
        return (chr(code) if code < 0x110000 else "") if number else match[4]

    return _ESCAPE.sub(char, raw)
