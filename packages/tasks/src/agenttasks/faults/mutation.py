"""A mutation: a small fault as text edits of one source file, which can be put in and taken out again byte for byte."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from trajschema.ids import content_id


@dataclass(frozen=True, order=True)
class Edit:
    """Replace ``before``, which stands at character ``start`` of the unchanged file, by ``after``."""

    start: int
    before: str
    after: str

    @property
    def end(self) -> int:
        return self.start + len(self.before)


@dataclass(frozen=True)
class Mutation:
    """One candidate fault, or one candidate repair."""

    operator: str
    path: str
    function: str
    """Qualified name of the function that it changes; several are joined by a comma."""
    line: int
    """1-based line of the first edit."""
    lines: tuple[int, ...]
    """Every line of the unchanged file that an edit touches."""
    edits: tuple[Edit, ...]
    """In file order, not overlapping."""

    @cached_property
    def id(self) -> str:
        """Content id, 12 hexadecimal digits: the same edit of the same file has the same id everywhere."""
        return content_id([self.path, self.operator, [[e.start, e.before, e.after] for e in self.edits]], 12)

    @property
    def before(self) -> str:
        """Source text of the edits before the change."""
        return "\n".join(edit.before for edit in self.edits)

    @property
    def after(self) -> str:
        """Source text of the edits after the change."""
        return "\n".join(edit.after for edit in self.edits)

    def describe(self) -> str:
        """One line for a reader: operator, place and change."""
        change = f"{_short(self.before)} becomes {_short(self.after)}" if self.after.strip() else f"{_short(self.before)} is removed"
        return f"{self.operator} in {self.function}, {self.path} line {self.line}: {change}"

    def apply(self, source: str) -> str:
        """``source`` with the change.

        Raises:
            ValueError: ``source`` is not the text that the mutation was made for.
        """
        return splice(source, self.edits)

    def undo(self, mutated: str) -> str:
        """The text that :meth:`apply` was given. Raises like it."""
        shift, back = 0, []
        for edit in self.edits:
            back.append(Edit(edit.start + shift, edit.after, edit.before))
            shift += len(edit.after) - len(edit.before)
        return splice(mutated, back)


def splice(source: str, edits: Iterable[Edit]) -> str:
    """``source`` with all edits made; their positions are those in ``source``.

    Raises:
        ValueError: two edits overlap, or one does not fit the text.
    """
    pieces, position = [], 0
    for edit in sorted(edits):
        if edit.start < position or source[edit.start : edit.end] != edit.before:
            raise ValueError(f"edit at character {edit.start} does not fit the text: {_short(edit.before)}")
        pieces += [source[position : edit.start], edit.after]
        position = edit.end
    return "".join([*pieces, source[position:]])


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return f"`{flat if len(flat) <= 60 else flat[:57] + '...'}`"
