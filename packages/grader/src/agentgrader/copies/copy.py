"""What a copy of a test is to be."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Expected: TypeAlias = Literal["passed", "failed"]


@dataclass(frozen=True)
class Copy:
    """A copy that takes the place of one test function."""

    name: str
    """Of the copy; of the original it keeps only what discovery needs."""
    expected: Expected
    """What right code makes of it: ``passed`` for a true copy, ``failed`` for a false one."""
    seed: int
    """For all that is drawn at random in it: the same seed gives the same text."""
