"""What a copy of a test is to be."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Mark: TypeAlias = str
"""Names one assertion of a test function, for the rewriter of its language."""

Expected: TypeAlias = Literal["passed", "failed"]
EXPECTED: tuple[Expected, Expected] = ("passed", "failed")

ELSEWHERE: Mark = "elsewhere"
"""Stands for a function that the faulty code fails, though none of its assertions."""


@dataclass(frozen=True)
class Copy:
    """A copy that takes the place of one test function."""

    name: str
    """Of the copy; of the original it keeps only what discovery needs."""
    expected: Expected
    """What right code makes of it: ``passed`` for a true copy, ``failed`` for a false one."""
    seed: int
    """For all that is drawn at random in it: the same seed gives the same text."""
    telling: tuple[Mark, ...] = ()
    """Assertions that the faulty code fails, or :data:`ELSEWHERE`. If there are any, a false copy says something false in one of them
    alone: in any other place the faulty code itself could tell true from false."""
    equal: bool = False
    """Whether what it claims to be equal is claimed to be so still: a true copy says what the test says, which the faulty code fails; a
    false one says something else, which an object that equals everything passes."""


@dataclass(frozen=True)
class Part:
    """A version of a test function that asserts one thing alone."""

    function: str
    """Dotted name of the original."""
    mark: Mark
    """Of its assertion; a failing case of it adds its own name in brackets, ``mark[case]``."""
