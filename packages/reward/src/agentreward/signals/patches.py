"""A unified diff by file."""

import re

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_BEGINS = re.compile(r'diff --git "?a/(.+?)"? "?b/(.+?)"?$')


def changes_of(patch: str) -> dict[str, str] | None:
    """Path → the hunks that change it, as one text; ``None`` if ``patch`` is no unified diff, or an empty one.

    Normalised: no file headers, no section names behind ``@@``, no marks of a missing last newline. A file that is only renamed, or
    binary, has an empty text. A deleted file stands under its old name, any other under its new one.
    """
    found: dict[str, list[str]] = {}
    path, old = "", ""
    left = right = 0
    for line in patch.splitlines():
        if left > 0 or right > 0:
            if line.startswith("\\"):
                continue
            kind = line[:1] or " "
            if kind not in " +-":
                return None
            left -= kind in " -"
            right -= kind in " +"
            found[path].append(line)
        elif hunk := _HUNK.match(line):
            if not path:
                return None
            left, right = int(hunk[2] or 1), int(hunk[4] or 1)
            found[path].append(hunk[0])
        elif begins := _BEGINS.match(line):
            path = begins[2]
            found.setdefault(path, [])
        elif line.startswith("--- "):
            old = _name(line)
        elif line.startswith("+++ "):
            path = _name(line) or old
            found.setdefault(path, [])
    whole = left == right == 0
    return {name: "\n".join(lines) for name, lines in found.items()} if found and whole else None


def _name(line: str) -> str:
    """The path of a header line; empty for ``/dev/null``."""
    name = line[4:].split("\t")[0].strip().strip('"')
    return "" if name == "/dev/null" else re.sub(r"^[ab]/", "", name)
