"""Where the fault may be: the plugin that an agent writes to find out, and what it prints."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

PLUGIN = "ochiai_plugin"
"""Module name of the plugin."""

SKIPPED = ("tests", "test", "testing", "docs", "doc", "examples", "setup.py", "conftest.py", "build", "dist")
"""Folders and files that are not the library."""

_SUSPECT = re.compile(r"^SUSPECT \d\.\d+ (\S+):(\d+)-(\d+) (\S+) {2}(.*)$", re.MULTILINE)
_TRACE = re.compile(r"^(\S+?\.py):(\d+): ", re.MULTILINE)


@dataclass(frozen=True)
class Suspect:
    """A function that ran in failing tests."""

    path: str
    first: int
    last: int
    name: str
    scores: Mapping[int, float]
    """Line → Ochiai score in (0, 1]."""

    @property
    def top(self) -> float:
        """Score of its most suspicious line."""
        return max(self.scores.values(), default=0.0)


def plugin(failing: Sequence[str]) -> str:
    """Source of the plugin for these failing tests."""
    template = files("agentrollout").joinpath("ochiai_plugin.py.txt").read_text(encoding="utf-8")
    return template.replace("@FAILING@", _listed(failing)).replace("@SKIP@", repr(SKIPPED))


def suspects_in(output: str) -> list[Suspect]:
    """The functions that the plugin printed, most suspicious first."""
    return [
        Suspect(path, int(first), int(last), name, {int(n): float(s) for n, _, s in (mark.partition(":") for mark in marks.split())})
        for path, first, last, name, marks in _SUSPECT.findall(output)
    ]


def traced_lines(output: str) -> frozenset[tuple[str, int]]:
    """(path, line) of every line that a traceback in the output names."""
    return frozenset((path, int(line)) for path, line in _TRACE.findall(output))


def _listed(items: Sequence[str]) -> str:
    return "[\n" + "".join(f"    {item!r},\n" for item in items) + "]"
