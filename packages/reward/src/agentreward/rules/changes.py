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
    if not (comment and (comment in old or comment in new)) and old.split() != new.split():
        return False
    return _code(comment, old) == _code(comment, new)


def _code(comment: str | None, text: str) -> list[str]:
    lines = [_INNER_BLANKS.sub(" ", line.rstrip()) for line in text.splitlines()]
    return [line for line in lines if line and not (comment and line.lstrip().startswith(comment))]


def changed_lines(old: str, new: str) -> tuple[str, str]:
    """``old`` and ``new`` without the lines that they begin or end with alike, so that one change is the same in whatever surroundings."""
    before, after = old.splitlines(), new.splitlines()
    shorter = min(len(before), len(after))
    first = next((i for i in range(shorter) if before[i] != after[i]), shorter)
    last = next((i for i in range(shorter - first) if before[-1 - i] != after[-1 - i]), shorter - first)
    return "\n".join(before[first : len(before) - last]), "\n".join(after[first : len(after) - last])
