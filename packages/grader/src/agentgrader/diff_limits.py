"""What a diff may be that is graded. Nothing of another one is parsed."""

BYTES = 16 << 20
LINES = 500_000
FILES = 5_000
HUNKS = 20_000


def refusal(diff: str) -> str:
    """Why ``diff`` is refused; empty if it is not. A few passes over its text, whatever it holds."""
    if len(diff) > BYTES:  # there are no fewer bytes than characters
        return _too_many(len(diff), "characters", BYTES)
    try:
        size = len(diff.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return "the diff holds characters that no file holds"
    text = f"\n{diff}"
    counts = (
        (size, "bytes", BYTES),
        (text.count("\n"), "lines", LINES),
        (max(text.count("\ndiff --git "), text.count("\n+++ ")), "files", FILES),
        (text.count("\n@@ "), "hunks", HUNKS),
    )
    return next((_too_many(*counted) for counted in counts if counted[0] > counted[2]), "")


def _too_many(count: int, what: str, most: int) -> str:
    return f"the diff is too large to be graded: {count} {what}, at most {most}"
