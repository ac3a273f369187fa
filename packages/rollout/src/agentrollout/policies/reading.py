"""What an agent makes of the files it looks at."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from trajschema.trajectory import Observation

from agentrollout.policies.fault_localization import SKIPPED
from agentrollout.policies.fragment import Fragment

DEFINITION = r"^\s*(async )?def \w+"
"""Pattern that finds where functions begin, for ``git grep -E``: a list of them all is what a search only sums up."""

_FOUND = re.compile(r"^(.+?\.pyi?):(\d+):(\s*)(?:async )?def (\w+)", re.MULTILINE)
_LONGEST = 80
"""Lines read of a function whose end is not known."""


@dataclass(frozen=True)
class Setup:
    """Lines of a file that should hold one function."""

    path: str
    first: int
    last: int
    name: str


def functions_in(found: str) -> list[Setup]:
    """Functions of the library in the answer to ``git grep -n`` for :data:`DEFINITION`, each up to where the next one begins."""
    hits = [(path, int(line), len(indent), name) for path, line, indent, name in _FOUND.findall(found) if is_library(path)]
    places = []
    for n, (path, line, indent, name) in enumerate(hits):
        after = (other for p, other, depth, _ in hits[n + 1 :] if p == path and depth <= indent)
        places.append(Setup(path, line, min(next(after, line + _LONGEST), line + _LONGEST) - 1, name))
    return places


def is_library(path: str) -> bool:
    """Whether a path is source of the library rather than of its tests, documentation or set-up."""
    parts = path.removeprefix("./").split("/")
    return not any(p in SKIPPED or p.startswith(("test_", ".")) or p.endswith("_test.py") for p in parts)


def fragment_of(place: Setup, observation: Observation) -> Fragment | None:
    """The function at ``place`` as the reading tool showed it; nothing if the answer was cut or is an error."""
    if observation.error is not None or observation.truncated:
        return None
    lines = observation.content.split("\n")
    body = _first_block(lines)
    return Fragment(place.path, place.first, "".join(line + "\n" for line in body)) if body else None


def _first_block(lines: Sequence[str]) -> list[str]:
    """Decorators and definition at the head of ``lines`` with the deeper lines below; blank lines at the end are left out."""
    depth = _depth(lines[0]) if lines else 0
    kept: list[str] = []
    begun = False
    for line in lines:
        if begun and line.strip() and _depth(line) <= depth and not line.lstrip().startswith((")", "]", "}")):
            break
        kept.append(line)
        begun = begun or line.lstrip().startswith(("def ", "async def "))
    while kept and not kept[-1].strip():
        kept.pop()
    return kept


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
