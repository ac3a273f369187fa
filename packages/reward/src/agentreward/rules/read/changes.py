"""What the text of a change tells: whether it touches code at all, and which lines it is about."""

import re

_COMMENT = {
    **dict.fromkeys(("py", "pyi", "pyx", "sh", "bash", "rb", "pl", "r", "toml", "yaml", "yml", "cfg", "ini"), "#"),
    **dict.fromkeys(("js", "jsx", "ts", "tsx", "go", "java", "c", "cc", "cpp", "h", "hpp", "rs", "kt", "swift", "php", "cs"), "//"),
}
_INNER_BLANKS = re.compile(r"(?<=\S)[ \t]+")


def same_code(path: str, old: str, new: str) -> bool:
    """Whether ``old`` and ``new`` differ in nothing but blank lines, lines of comment, and blanks within or behind a line."""
    comment = _COMMENT.get(path.rsplit(".", 1)[-1])
    if comment and (comment in old or comment in new):
        old, new = _without_comments(comment, old), _without_comments(comment, new)
    return old.split() == new.split() and _code(old) == _code(new)


def _without_comments(comment: str, text: str) -> str:
    return "\n".join([line for line in text.splitlines() if not line.lstrip().startswith(comment)])


def _code(text: str) -> list[str]:
    return [_INNER_BLANKS.sub(" ", line.rstrip()) for line in text.splitlines() if line.strip()]


def changed_lines(old: str, new: str) -> tuple[str, str]:
    """``old`` and ``new`` without the lines that they begin or end with alike, so that one change is the same in whatever surroundings."""
    before, after = old.splitlines(), new.splitlines()
    shorter = min(len(before), len(after))
    first = last = 0
    while first < shorter and before[first] == after[first]:
        first += 1
    while last < shorter - first and before[-1 - last] == after[-1 - last]:
        last += 1
    return "\n".join(before[first : len(before) - last]), "\n".join(after[first : len(after) - last])
