"""What a copy of a test says, in any language: each of its assertions as it stands, with another constant, with the opposite, or with both.

One of the two makes an assertion false and both leave it true, so neither form tells which copy is which.
"""

import random
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from agentgrader.copies.copy import Copy, Mark
from agentgrader.syntax_tree import Edit

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SMALL, _NEAR = 128, 9
"""Numbers below the one fit in every type of integer. A false one is within the other of the right one."""
_MOST = 40
"""Assertions of a test that are looked at one by one."""


@dataclass(frozen=True)
class Constant:
    """A number, text or truth value that stands in a test."""

    start: int
    end: int
    raw: str
    """As it is written."""
    value: int | float | str | bool | None
    """``None``: a text whose characters are not worked out."""


@dataclass(frozen=True)
class Assertion:
    """One assertion and what can be done to it."""

    constants: tuple[Constant, ...] = ()
    """What it compares with: it is false once these are others."""
    opposite: tuple[Edit, ...] = ()
    """Edits that make it say the opposite."""
    surely: bool = False
    """With both, it is true."""
    silent: tuple[Edit, ...] = ()
    """Edits that leave it in place and unasserted; none if that cannot be done."""
    depth: int = 0
    """How many branches and functions that are perhaps not run it stands in."""

    @property
    def decides(self) -> bool:
        """Whether it can be made false."""
        return bool(self.constants or self.opposite)


class Writer(ABC):
    """Writes constants so that reading the source does not tell their values at once."""

    def __init__(self, draw: random.Random, source: bytes) -> None:
        self.draw = draw
        self._source = source
        self.definitions: list[str] = []
        """Lines for the end of the file."""

    def name(self) -> str:
        """A new name that the file does not hold."""
        while True:
            name = "".join(self.draw.choices(_LETTERS, k=9))
            if name.encode() not in self._source:
                return name

    def written(self, constant: Constant, other: bool) -> str:
        """An expression for a constant, or for some ``other`` one of its type."""
        value = constant.value
        match value:
            case bool():
                return self.truth(value != other)
            case int():
                return self.integer(self._another(value) if other else value)
            case float():
                return f"({constant.raw} + {constant.raw} + 1.5)" if other else f"({constant.raw} + 0.0)"
            case None:
                return f"({constant.raw} + {self.text(self.draw.choice(_LETTERS))})" if other else f"({constant.raw} + {self.text('')})"
        at = self.draw.randint(0, len(value))
        more = self.draw.choice([c for c in value if c.isalnum()] or _LETTERS)
        return self.text(value[:at] + more + value[at:] if other else value)

    def _another(self, value: int) -> int:
        """A number near ``value`` that fits where that does."""
        largest = min(value + _NEAR, _SMALL - 1) if value < _SMALL else value - 1
        return self.draw.choice([n for n in range(max(0, value - _NEAR), largest + 1) if n != value])

    @abstractmethod
    def integer(self, value: int) -> str:
        """An expression for a whole number that is not negative."""

    @abstractmethod
    def text(self, value: str) -> str:
        """An expression for a text."""

    @abstractmethod
    def truth(self, value: bool) -> str:
        """An expression for a truth value."""


def said(assertions: Sequence[Assertion], copy: Copy, writer: Writer) -> tuple[list[Edit], bool]:
    """Edits that give a copy its truth, and whether they do: if not, its last statement has to."""
    draw = writer.draw
    telling = [a for i, a in enumerate(assertions) if a.decides and str(i) in copy.telling]
    deciding = telling or [a for a in assertions if a.decides]
    nearest = min((a.depth for a in deciding), default=0)
    false = draw.choice([a for a in deciding if a.depth == nearest]) if deciding and copy.expected == "failed" else None
    edits: list[Edit] = []
    for assertion in assertions:
        changed, turned = _form(assertion, assertion is false, copy.equal, draw)
        edits += [Edit(c.start, c.end, writer.written(c, changed)) for c in assertion.constants]
        edits += assertion.opposite if turned else ()
    return edits, copy.expected == "passed" or false is not None


def alone(assertions: Sequence[Assertion]) -> dict[Mark, list[Edit]]:
    """Mark of an assertion → edits that leave it the only one; none where there are no two, or one cannot be left out."""
    deciding = {i: a for i, a in enumerate(assertions) if a.decides}
    if not 2 <= len(deciding) <= _MOST or not all(a.silent for a in deciding.values()):
        return {}
    return {str(i): [edit for j, a in deciding.items() if j != i for edit in a.silent] for i in deciding}


def _form(assertion: Assertion, false: bool, equal: bool, draw: random.Random) -> tuple[bool, bool]:
    """Whether the constants change, and whether the opposite is said."""
    both = bool(assertion.constants and assertion.opposite)
    if false:
        changed = (equal or draw.random() < 0.5) if both else bool(assertion.constants)
        return changed, not changed
    either = both and assertion.surely and not equal and draw.random() < 0.5
    return either, either


def distinct(assertions: Iterable[Assertion]) -> list[Assertion]:
    """The assertions, without the constants that several of them compare with: to change these for one would change them for all."""
    found = list(assertions)
    uses: dict[int, int] = {}
    for assertion in found:
        for constant in assertion.constants:
            uses[constant.start] = uses.get(constant.start, 0) + 1
    return [a if all(uses[c.start] == 1 for c in a.constants) else replace(a, constants=(), surely=False) for a in found]


def part_letters(function: str, mark: Mark) -> str:
    """What names the part of a function with that assertion."""
    return f"part{zlib.crc32(function.encode()):010}{mark:>02}"
