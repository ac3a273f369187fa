"""Copies of JavaScript and TypeScript tests in the place of their originals, for node:test, jest and vitest."""

import json
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from agentgrader.copies.assertions import Writer, alone, distinct, part_letters, said
from agentgrader.copies.copy import Copy, Part
from agentgrader.copies.javascript_assertions import FUNCTIONS, assertions_in
from agentgrader.syntax_tree import Edit, edited, field, part, sound, text

SEPARATOR = " > "
"""Between the titles of suites and of a test in an id."""
_SUITES, _TESTS = frozenset({"describe", "suite"}), frozenset({"test", "it"})
_KINDS = frozenset({"only", "concurrent", "sequential", "shuffle", "each"}) | _SUITES | _TESTS
"""What may stand behind the name of a function that makes a test or suite, if it is to run as any other."""
_ANY = ".*"
_BLANK = re.compile(r"%[a-z#$%]|\$\{?[\w.#]+\}?")
"""What ``each`` puts values for, in a title."""


@dataclass(frozen=True)
class _Test:
    """One call that makes a test."""

    titles: tuple[str, ...]
    """Patterns of its own title and those of its suites, from the outside in."""
    call: Node
    title: Node
    function: Node

    @property
    def openness(self) -> tuple[int, int]:
        """How many of its titles could be any, and how much of the others."""
        return self.titles.count(_ANY), sum(title.count(_ANY) for title in self.titles)


def rewritten(source: bytes, path: str, wanted: Mapping[str, Copy]) -> tuple[str, list[str]]:
    """``source`` with copies in the place of the tests ``wanted`` (titles → copy), and the names of those that were made.

    Raises:
        ValueError: it is nothing that is read here.
    """
    edits: list[Edit] = []
    lines: list[str] = []
    names: list[str] = []
    for titles, test in _matched(source, path, wanted):
        copy = wanted[titles]
        writer = _JavaScriptWriter(random.Random(copy.seed), source)
        edits += [_titled(test, copy.name), *_copied(test.function, copy, writer)]
        lines += writer.definitions
        names.append(copy.name)
    return edited(source, edits) + "".join(f"\n{line}" for line in lines) + "\n", names


def in_parts(source: bytes, path: str, wanted: Sequence[str]) -> tuple[str, dict[str, Part]]:
    """``source`` with versions in the place of the tests ``wanted`` (titles) that assert one thing each, and what each asserts.

    Raises:
        ValueError: it is nothing that is read here.
    """
    edits: list[Edit] = []
    parts: dict[str, Part] = {}
    for titles, test in _matched(source, path, wanted):
        if test.call.parent is None or test.call.parent.type != "expression_statement":
            continue
        versions = []
        for mark, silent in alone(distinct(assertions_in(test.function))).items():
            name = part_letters(titles, mark)
            parts[name] = Part(titles, mark)
            versions.append(part(source, test.call, [_titled(test, name), *silent]))
        if versions:
            edits.append(Edit(test.call.start_byte, test.call.end_byte, ",\n".join(versions)))
    return edited(source, edits), parts


def _titled(test: _Test, name: str) -> Edit:
    return Edit(test.title.start_byte, test.title.end_byte, json.dumps(name))


def _matched(source: bytes, path: str, wanted: Iterable[str]) -> Iterator[tuple[str, _Test]]:
    """The calls that make the tests ``wanted``, each once and none within another."""
    tests = sorted(_tests(sound(source, path), (), frozenset()), key=lambda t: t.openness)
    patterns = [(test, re.compile(re.escape(SEPARATOR).join(test.titles), re.DOTALL)) for test in tests]
    done: list[Node] = []
    for titles in wanted:
        test = next((t for t, pattern in patterns if pattern.fullmatch(titles)), None)
        if test is not None and not any(test.call.start_byte < d.end_byte and d.start_byte < test.call.end_byte for d in done):
            done.append(test.call)
            yield titles, test


def _tests(node: Node, titles: tuple[str, ...], contexts: frozenset[str]) -> Iterator[_Test]:
    """The tests below a node that stands in suites of these ``titles``. ``contexts`` are names by which tests know themselves."""
    for child in node.named_children:
        made = _made(child, contexts) if child.type == "call_expression" else None
        if made is None:
            yield from _tests(child, titles, contexts)
            continue
        is_test, title, pattern, function = made
        if is_test and SEPARATOR not in text(title):
            yield _Test((*titles, pattern), child, title, function)
        parameter = field(function, "parameter") or next(iter((field(function, "parameters") or function).named_children), None)
        yield from _tests(function, (*titles, pattern), contexts | {text(parameter)} if is_test else contexts)


def _made(call: Node, contexts: frozenset[str]) -> tuple[bool, Node, str, Node] | None:
    """Whether a call makes a test rather than a suite; title, pattern of the titles, and function. ``None``: it makes neither."""
    called = field(call, "function")
    words: list[str] = []
    while called is not None and called.type in ("member_expression", "call_expression"):
        words += [text(field(called, "property"))] if called.type == "member_expression" else []
        called = field(called, "object") or field(called, "function")
    base = text(called) if called is not None and called.type == "identifier" else ""
    of_test = base in contexts and words == ["test"]
    if not of_test and (base not in _SUITES | _TESTS or not _KINDS.issuperset(words)):
        return None
    given = (field(call, "arguments") or call).named_children
    function = next((a for a in given[1:] if a.type in FUNCTIONS), None)
    if function is None:
        return None
    return of_test or not _SUITES & {base, *words}, given[0], _pattern(given[0], "each" in words), function


def _pattern(title: Node, each: bool) -> str:
    """A regular expression for the titles that an expression makes."""
    match title.type:
        case "string" | "template_string":
            parts = {"escape_sequence": ".", "template_substitution": _ANY}
            return "".join(parts.get(n.type) or _quoted(text(n), each) for n in title.named_children)
        case "binary_expression" if text(field(title, "operator")) == "+":
            return "".join(_pattern(side, each) for name in ("left", "right") if (side := field(title, name)))
        case "identifier" if text(title)[:1].isupper():
            return re.escape(text(title))  # a class or function stands for its name
        case "member_expression" if text(field(title, "property")) == "name":
            return re.escape(text(field(title, "object")))
    return _ANY


def _quoted(part: str, each: bool) -> str:
    return _ANY.join(map(re.escape, _BLANK.split(part))) if each else re.escape(part)


def _copied(function: Node, copy: Copy, writer: "_JavaScriptWriter") -> list[Edit]:
    edits, true = said(distinct(assertions_in(function)), copy, writer)
    body = field(function, "body")
    if body is None or (true and (writer.draw.random() < 0.5 or body.type != "statement_block")):
        return edits
    last = writer.last(true)
    if body.type != "statement_block":
        return [*edits, Edit(body.start_byte, body.start_byte, f"{{ {last} return ("), Edit(body.end_byte, body.end_byte, "); }")]
    statements = [s for s in body.named_children if s.type != "comment"]
    at = statements[-1].start_byte if statements and statements[-1].type == "return_statement" else body.end_byte - 1
    return [*edits, Edit(at, at, f"{last}\n")]


class _JavaScriptWriter(Writer):
    def _called(self, value: int | str) -> str:
        name = self.name()
        self.definitions.append(f"function {name}() {{ return {json.dumps(value)}; }}")
        return f"{name}()"

    def integer(self, value: int) -> str:
        less = self.draw.randrange(1, 99)
        return f"({self._called(value + less)} - {less})"

    def text(self, value: str) -> str:
        at = self.draw.randint(0, len(value))
        return f"({self._called(value[:at])} + {json.dumps(value[at:])})"

    def truth(self, value: bool) -> str:
        number = self.draw.randrange(1, 99)
        return f"({self._called(number)} === {number if value else number + self.draw.randrange(1, 9)})"

    def last(self, true: bool) -> str:
        """A statement that makes a test fail unless it is ``true``."""
        number = self.draw.randrange(2, 99)
        other = number if true else number + self.draw.randrange(1, 9)
        return f"if ({self.integer(number)} !== {self.integer(other)}) {{ throw new Error('unexpected'); }}"
