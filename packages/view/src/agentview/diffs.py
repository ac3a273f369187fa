"""A unified diff, line by line, with what each line is."""

from dataclasses import dataclass

from trajschema.diffs import LineKind, line_kinds

from agentview.text import clean


@dataclass(frozen=True)
class DiffLine:
    """One line, and what it is."""

    kind: LineKind
    text: str


def diff_lines(diff: str, limit: int = 60) -> list[DiffLine]:
    """The first ``limit`` lines of ``diff``; a last line says how many more there are."""
    lines = clean(diff).rstrip("\n").split("\n") if diff.strip() else []
    shown = [DiffLine(kind, line[:300]) for kind, line in line_kinds(lines[:limit])]
    rest = len(lines) - limit
    return [*shown, DiffLine("hunk", f"… {rest:,} more line{'' if rest == 1 else 's'}")] if rest > 0 else shown
