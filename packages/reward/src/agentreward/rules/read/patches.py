"""Several changes in one call: a list of edits to a file, or a patch of the kind that begins with ``*** Begin Patch``."""

import re
from collections.abc import Iterable
from typing import Any

from agentreward.rules.read.actions import Action, edit, path_name, pick, plain_names, write

OLD = ("old_string", "old_str", "old", "search", "find", "old_text", "search_text")
NEW = ("new_string", "new_str", "new", "replace", "replacement", "new_text", "insert_text", "replace_text", "replacement_text")
BEGINS = "*** Begin Patch"
_FILE = re.compile(r"^\*\*\* (Update|Add|Delete) File: (.+)$", re.MULTILINE)
_PART = re.compile(r"^@@.*$", re.MULTILINE)
_MOST = 64


def listed_edits(path: str, edits: Iterable[Any]) -> list[Action]:
    """Each edit of a list that one call makes to one file, at most 64."""
    named = [plain_names(e) for e in edits if isinstance(e, dict)]
    return [edit(path, pick(e, *OLD), pick(e, *NEW)) for e in named[:_MOST]]


def patch_actions(text: str, folder: str = "") -> list[Action]:
    """The changes of a patch, one for each place that it changes, at most 64."""
    found: list[Action] = []
    marks = list(_FILE.finditer(text))
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        path = f"{folder}/{mark[2].strip()}" if folder else mark[2].strip()
        body = text[mark.end() : following.start() if following else len(text)]
        if mark[1] == "Delete":
            found.append(Action("mutate", f"mutate:rm {path_name(path)}", path_name(path)))
        elif mark[1] == "Add":
            found.append(write(path, _side(body, "+")))
        else:
            found += [edit(path, _side(part, "- "), _side(part, "+ ")) for part in _PART.split(body) if part.strip()]
    return found[:_MOST]


def _side(part: str, signs: str) -> str:
    """The lines of a part that begin with one of ``signs``, without it."""
    return "\n".join([line[1:] for line in part.splitlines() if line[:1] and line[0] in signs])
