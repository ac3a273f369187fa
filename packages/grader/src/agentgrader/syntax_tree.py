"""Source in other languages than Python as a syntax tree, and edits of its text by place. Nothing is run."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import tree_sitter_go
import tree_sitter_javascript
import tree_sitter_typescript
from tree_sitter import Language, Node, Parser

_JAVASCRIPT = Language(tree_sitter_javascript.language())
_TYPESCRIPT = Language(tree_sitter_typescript.language_typescript())
LANGUAGES: Mapping[str, Language] = {
    "go": Language(tree_sitter_go.language()),
    **dict.fromkeys(("js", "cjs", "mjs", "jsx"), _JAVASCRIPT),
    **dict.fromkeys(("ts", "cts", "mts"), _TYPESCRIPT),
    "tsx": Language(tree_sitter_typescript.language_tsx()),
}
"""Ending of a file → what it is written in."""
LARGEST = 1 << 20
"""Bytes of a file that is read."""
DEEPEST = 250
"""Levels of a tree that is read: fewer than a function here may call itself."""


@dataclass(frozen=True)
class Edit:
    """Text that takes the place of the bytes from ``start`` to ``end``; of none, where these are the same."""

    start: int
    end: int
    text: str


def parsed(source: bytes, path: str) -> Node:
    """The tree of a file that ends as one of ``LANGUAGES``; what breaks the grammar is left out of it."""
    return Parser(LANGUAGES[path.rpartition(".")[2]]).parse(source).root_node


def sound(source: bytes, path: str) -> Node:
    """The tree of a whole file.

    Raises:
        ValueError: it is in another language, too large, no UTF-8, nested too deeply, or breaks the grammar somewhere.
    """
    if path.rpartition(".")[2] not in LANGUAGES:
        raise ValueError(f"{path} is in a language that is not read")
    if len(source) > LARGEST:
        raise ValueError(f"{len(source)} bytes are more than the {LARGEST} that are read")
    source.decode()
    root = parsed(source, path)
    if root.has_error:
        raise ValueError("the source breaks its grammar")
    level = [root]
    for _ in range(DEEPEST):
        level = [child for node in level for child in node.named_children]
    if level:
        raise ValueError(f"the source is nested more than {DEEPEST} levels deep")
    return root


def edited(source: bytes, edits: Iterable[Edit]) -> str:
    """``source`` with all of ``edits``, which do not overlap; of those at one place the first comes first."""
    parts: list[bytes] = []
    done = 0
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        parts += [source[done : edit.start], edit.text.encode()]
        done = edit.end
    return b"".join([*parts, source[done:]]).decode()


def part(source: bytes, node: Node, edits: Iterable[Edit]) -> str:
    """The text of ``node`` in ``source`` with ``edits`` in it."""
    start = node.start_byte
    return edited(source[start : node.end_byte], (Edit(e.start - start, e.end - start, e.text) for e in edits))


def walk(node: Node) -> Iterator[Node]:
    """``node`` and all below it, in the order of the text."""
    todo = [node]
    while todo:
        here = todo.pop()
        yield here
        todo += reversed(here.named_children)


def text(node: Node | None) -> str:
    """Its source; empty where there is none."""
    return (node.text or b"").decode("utf-8", "replace") if node else ""


def field(node: Node | None, *names: str) -> Node | None:
    """The field of a field of … of a node."""
    for name in names:
        node = node.child_by_field_name(name) if node else None
    return node
