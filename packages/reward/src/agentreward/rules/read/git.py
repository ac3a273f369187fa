"""What a git command does."""

import re

from agentreward.rules.read.actions import Action, edit, path_name, search

_TAKES_OVER = frozenset({"checkout", "switch", "restore", "reset", "cherry-pick", "merge", "rebase"})
_REMOTE = re.compile(r"(?:^|[ =])(?:origin|upstream)/")


def git_action(arguments: list[str], folder: str = "", filters: str = "") -> Action:
    """What ``git`` with these arguments does."""
    words = _without_options(arguments)
    verb = words[0] if words else ""
    line = " ".join(words)
    paths = [w for w in words[1:] if not w.startswith("-") and ("/" in w or "." in w or "--" in words or verb in ("rm", "mv"))]
    path = path_name(f"{folder}/{paths[-1]}" if folder and paths else paths[-1]) if paths else ""
    if words[:2] in (["stash", "pop"], ["stash", "apply"]):
        return Action("mutate", f"mutate:git {line}", "", shell=True)
    if words[:2] in (["stash", "list"], ["stash", "show"]):
        return Action("inspect", f"inspect:{line}{filters}:{folder}", shell=True)
    if words[:2] in (["checkout", "-b"], ["switch", "-c"]):
        return Action("make", f"make:git {line}", shell=True)
    if verb in _TAKES_OVER and _REMOTE.search(line):
        return Action("mutate", f"mutate:git {line}", path, shell=True)
    if verb in ("checkout", "switch", "restore", "reset", "stash", "clean", "revert"):
        return Action("revert", f"revert:{line}:{folder}", path, shell=True)
    if verb in ("apply", "am"):
        return edit("", "", "", shell=True, key=f"edit:git {line}")
    if verb in ("cherry-pick", "merge", "pull", "mv", "rm", "rebase"):
        return Action("mutate", f"mutate:git {line}", path, shell=True)
    if verb == "grep":
        return search(words[1] if len(words) > 1 else "", path, line + filters, shell=True)
    if verb in ("log", "show", "reflog", "fetch", "clone", "fsck", "cat-file"):
        return Action("history", f"history:{line}{filters}", path, shell=True)
    if verb in ("add", "commit", "init", "tag"):
        return Action("make", f"make:git {line}", shell=True)
    if verb == "config":
        return Action("noop", f"noop:git {line}", shell=True)
    return Action("inspect", f"inspect:{line}{filters}:{folder}", path, shell=True)


def _without_options(arguments: list[str]) -> list[str]:
    """The words from the verb on."""
    at = 0
    while at < len(arguments) and arguments[at].startswith("-"):
        at += 2 if arguments[at] in ("-C", "-c", "--git-dir", "--work-tree") else 1
    return arguments[at:]
