"""The git tool: what an agent may ask of git, and a git that runs nothing of what the agent can write.

``.git/config`` belongs to the agent. It can name programs in many places (fsmonitor, hooks, filters, textconv, external
diff, pager, aliases, gpg, remotes that are fetched on demand), so git is given a folder of its own with a configuration of
ours, which borrows objects, refs, HEAD and index of the repository and nothing else.
"""

from __future__ import annotations

import os

from agentsandbox.server.archive import remove
from agentsandbox.server.git.commit import AT_REST, CORE
from agentsandbox.server.settings import Settings, ToolError

_READS = frozenset(
    {"annotate", "blame", "branch", "cat-file", "describe", "diff", "grep", "log", "ls-files", "ls-tree", "rev-list", "rev-parse",
     "shortlog", "show", "status", "tag"}
)  # fmt: skip
_LISTING_ONLY = {"branch": {"-a", "-r", "-v", "-vv", "--list", "--all", "--show-current"}, "tag": {"-l", "--list", "-n"}}
_RESTORING = ("--source", "--staged", "--worktree")
_RESTORING_SHORT = frozenset({"-S", "-W", "-SW", "-WS"})
_FORBIDDEN = (
    "--output",  # writes a file
    "--open-files-in-pager",  # starts a program
    "--ext-diff",
    "--textconv",
    "--filters",
    "--no-index",  # reads outside of the repository
    "--contents",
    "--recurse-submodules",  # reads the configuration of another repository
    "--submodule",
    "--ignore-submodules",
    "--show-signature",
)
_SHORTENED_ALIKE = frozenset({"--text", "--filter", "--no"})
"""Options that are the start of a forbidden one, which git does not take for it."""
_WITH_VALUE = "efABCmO"
"""Letters of ``git grep`` after which the rest of a word is a value."""
_WITHOUT_SUBMODULES = frozenset({"diff", "status"})

_CONFIG = f"{CORE}\tfsmonitor = false\n\thooksPath = /dev/null\n\tquotePath = true\n{AT_REST}"
_BORROWED = ("refs", "packed-refs", "logs", "shallow")
_HEAD_MAX = 4096


def command(settings: Settings, arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    """Program with arguments, and environment, of a call that is allowed. Arguments are real paths.

    Raises:
        ToolError: it is not among those that look, or that undo edits.
    """
    problem = git_problem(arguments, settings.workdir)
    if problem:
        raise ToolError(settings.paths.outward_text(problem))
    argv = ["git", "--no-pager", arguments[0]]
    if arguments[0] in _WITHOUT_SUBMODULES:
        argv.append("--ignore-submodules=all")
    return [*argv, *arguments[1:]], {**settings.env, **_own_folder(settings)}


def git_problem(arguments: list[str], workdir: str) -> str | None:
    """Why a call is not among those that look, or that undo edits; nothing if it is."""
    if not arguments:
        return "git: no arguments"
    name, rest = arguments[0], arguments[1:]
    if any("\0" in a for a in arguments):
        return "git: an argument holds a zero byte"
    for option in rest:  # also after "--", which may be the value of an option; a path that looks so can be named ./-x
        if _is_forbidden(name, option):
            return f"git {name}: the option {option} is not allowed"
    if name == "checkout":
        return None if rest[:1] == ["--"] and len(rest) > 1 else "git checkout: only `checkout -- PATH` is allowed"
    if name == "restore":
        return _restore_problem(rest)
    if name in _LISTING_ONLY:
        return None if set(rest) <= _LISTING_ONLY[name] else f"git {name}: only listing is allowed"
    if name not in _READS:
        return f"git {name} is not allowed; allowed: {', '.join(sorted(_READS))}, checkout -- PATH, restore PATH"
    if name == "diff" and any(_is_outside(a, workdir) for a in rest):
        return "git diff: only paths of the repository are allowed"
    return None


def _is_forbidden(name: str, argument: str) -> bool:
    """Whether an option is one of the forbidden, also shortened (git takes any start of a name that is not ambiguous)."""
    if argument.startswith("--"):
        option = argument.partition("=")[0]
        return option not in _SHORTENED_ALIKE and len(option) > 2 and any(f.startswith(option) for f in _FORBIDDEN)
    if not argument.startswith("-"):
        return False
    if name != "grep":
        return argument.startswith("-O")
    before_value = argument[1:]
    for at, letter in enumerate(argument[1:]):
        if letter in _WITH_VALUE:
            before_value = argument[1 : at + 2]
            break
    return "O" in before_value


def _restore_problem(rest: list[str]) -> str | None:
    if all(a.startswith("-") for a in rest):
        return "git restore: name a path"
    for option in rest:
        known = option.partition("=")[0] in _RESTORING or option in _RESTORING_SHORT or option.startswith("-s") or option == "--"
        if option.startswith("-") and not known:
            return f"git restore: the option {option} is not allowed; allowed: --source, --staged, --worktree"
    return None


def _is_outside(argument: str, workdir: str) -> bool:
    if argument.startswith("/"):
        return os.path.normpath(argument) != workdir and not os.path.normpath(argument).startswith(workdir + "/")
    return ".." in argument.split("/")


def _own_folder(settings: Settings) -> dict[str, str]:
    """Variables that lead git to a folder with our configuration and the repository's content.

    It is made anew for each call: whoever can run programs in the box can write to the last one.

    Raises:
        ToolError: the agent did away with its repository.
    """
    theirs = os.path.join(settings.workdir, ".git")
    ours = os.path.join(settings.base, "view")
    remove(os.fsencode(ours))
    os.makedirs(ours)
    try:
        fd = os.open(os.path.join(theirs, "HEAD"), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            head = os.read(fd, _HEAD_MAX)
        finally:
            os.close(fd)
    except OSError as e:
        raise ToolError(f"git: the repository has no readable .git/HEAD any more ({e.strerror})") from e
    for name, content in (("HEAD", head), ("config", _CONFIG.encode())):
        with open(os.path.join(ours, name), "wb") as f:
            f.write(content)
    for name in filter(lambda n: os.path.exists(os.path.join(theirs, n)), _BORROWED):
        os.symlink(os.path.join(theirs, name), os.path.join(ours, name))
    return {
        "GIT_DIR": ours,
        "GIT_WORK_TREE": settings.workdir,
        "GIT_INDEX_FILE": os.path.join(theirs, "index"),
        "GIT_OBJECT_DIRECTORY": os.path.join(theirs, "objects"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_EDITOR": "false",
    }
