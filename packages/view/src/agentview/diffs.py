"""A unified diff, line by line, with what each line is."""

from dataclasses import dataclass

from agentview.text import clean


@dataclass(frozen=True)
class DiffLine:
    """One line: ``file``, ``hunk``, ``added``, ``removed`` or ``same``."""

    kind: str
    text: str


def diff_lines(diff: str, limit: int = 60) -> list[DiffLine]:
    """The first ``limit`` lines of ``diff``; a last line says how many more there are."""
    lines = clean(diff).rstrip("\n").split("\n") if diff.strip() else []
    shown, inside = [], False
    for line in lines[:limit]:
        inside = line.startswith("@@") or (inside and not line.startswith("diff --git "))
        shown.append(DiffLine(_kind(line, inside), line[:300]))
    rest = len(lines) - limit
    return [*shown, DiffLine("hunk", f"… {rest:,} more line{'' if rest == 1 else 's'}")] if rest > 0 else shown


def _kind(line: str, inside: bool) -> str:
    if line.startswith("@@"):
        return "hunk"
    if not inside:
        return "file"
    return {"+": "added", "-": "removed"}.get(line[:1], "same")
