"""What tests of the grader in other languages than Python share: a diff of one file, and what copies of tests did."""

import difflib

from trajschema.outcome import Outcome


def diff_of(path: str, before: str, after: str) -> str:
    """From one text of a file to another."""
    lines = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{path}", f"b/{path}")
    return f"diff --git a/{path} b/{path}\n" + "".join(lines)


def copies_of(outcome: Outcome) -> list[str]:
    """What the true and the false copies did, if there were any."""
    return [c.status for c in outcome.canaries if c.name in ("true copies", "false copies")]
