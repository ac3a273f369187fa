"""Copies of Go tests in the place of their originals, such that the file still compiles."""

import json
import random
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from tree_sitter import Node

from agentgrader.copies.assertions import Writer, alone, distinct, part_letters, said
from agentgrader.copies.copy import Copy, Part
from agentgrader.copies.golang_assertions import GolangTest
from agentgrader.syntax_tree import Edit, edited, field, part, sound, text, walk

_TESTIFY = ("github.com/stretchr/testify/assert", "github.com/stretchr/testify/require")


def rewritten(source: bytes, wanted: Mapping[str, Copy]) -> tuple[str, list[str]]:
    """``source`` with copies in the place of the test functions ``wanted`` (name → copy), and the names of those that were made.

    Raises:
        ValueError: it is no Go that is read here.
    """
    edits: list[Edit] = []
    lines: list[str] = []
    names: list[str] = []
    for _, name, test in _tests(source, wanted):
        copy = wanted[text(name)]
        writer = _GolangWriter(random.Random(copy.seed), source)
        edits += [Edit(name.start_byte, name.end_byte, copy.name), *_copied(test, copy, writer)]
        lines += writer.definitions
        names.append(copy.name)
    whole = edited(source, edits)
    return (f"{whole}\n\nconst (\n" + "".join(f"\t{line}\n" for line in lines) + ")\n" if lines else whole), names


def in_parts(source: bytes, wanted: Collection[str]) -> tuple[str, dict[str, Part]]:
    """``source`` with versions in the place of the test functions ``wanted`` that assert one thing each, and what each asserts.

    Raises:
        ValueError: it is no Go that is read here.
    """
    edits: list[Edit] = []
    parts: dict[str, Part] = {}
    for function, name, test in _tests(source, wanted):
        versions = []
        for mark, silent in alone(distinct(test.assertions)).items():
            called = copy_name(part_letters(text(name), mark))
            parts[called] = Part(text(name), mark)
            versions.append(part(source, function, [Edit(name.start_byte, name.end_byte, called), *silent]))
        if versions:
            edits.append(Edit(function.start_byte, function.end_byte, "\n\n".join(versions)))
    return edited(source, edits), parts


def copy_name(letters: str) -> str:
    """Of a test function."""
    return f"Test{letters.capitalize()}"


def _tests(source: bytes, wanted: Collection[str]) -> Iterator[tuple[Node, Node, GolangTest]]:
    """Those of the test functions ``wanted`` that can be replaced: function, its name, and what it asserts."""
    root = sound(source, "x.go")
    named = Counter(text(n) for n in walk(root) if n.type == "identifier")
    testify = frozenset(_testify(root))
    for function in root.named_children:
        name = field(function, "name")
        # a test that something else in the file calls keeps its name
        if function.type == "function_declaration" and name and text(name) in wanted and named[text(name)] == 1:
            test = GolangTest(function, testify)
            if test.bodies:
                yield function, name, test


def _copied(test: GolangTest, copy: Copy, writer: "_GolangWriter") -> list[Edit]:
    edits, true = said(distinct(test.assertions), copy, writer)
    if true and writer.draw.random() < 0.5:
        return edits
    for name, body in test.bodies:
        # the last statement of the function and of each subtest; only where nothing else can does it make the copy false
        edits.append(Edit(body.end_byte - 1, body.end_byte - 1, writer.last(name, true)))
    return edits


class _GolangWriter(Writer):
    """Constants stay untyped, so that an expression fits wherever the constant did."""

    def _named(self, value: int | str) -> str:
        name = self.name()
        self.definitions.append(f"{name} = {json.dumps(value, ensure_ascii=False)}")
        return name

    def integer(self, value: int) -> str:
        less = self.draw.randrange(1, 99)
        return f"({self._named(value + less)} - {self._named(less)})"

    def text(self, value: str) -> str:
        at = self.draw.randint(0, len(value))
        return f"({self._named(value[:at])} + {self._named(value[at:])})"

    def truth(self, value: bool) -> str:
        number = self.draw.randrange(1, 99)
        return f"({self._named(number)} == {self._named(number if value else number + self.draw.randrange(1, 9))})"

    def last(self, testing: str, true: bool) -> str:
        """A statement that makes a test fail unless it is ``true``."""
        number = self.draw.randrange(2, 99)
        other = number if true else number + self.draw.randrange(1, 9)
        return f'\n\tif {self.integer(number)} != {self.integer(other)} {{\n\t\t{testing}.Fatal("unexpected")\n\t}}\n'


def _testify(root: Node) -> list[str]:
    """Names of testify's packages in a file, and of what is made of them."""
    found = []
    for node in walk(root):
        if node.type == "import_spec" and text(field(node, "path"))[1:-1] in _TESTIFY:
            found.append(text(field(node, "name")) or text(field(node, "path"))[1:-1].rpartition("/")[2])
        elif node.type == "short_var_declaration" and text(field(node, "right")).partition(".New(")[0] in found:
            found.append(text(field(node, "left")))
    return found
