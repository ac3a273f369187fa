"""What a simple shell command does."""

import re
from collections.abc import Callable

from agentreward.rules.actions import Action, edit, number, path_name, read, search, write
from agentreward.rules.shell import Command, parse

_NOOP = frozenset(
    [
        "echo",
        "printf",
        "true",
        "false",
        ":",
        "pwd",
        "sleep",
        "date",
        "whoami",
        "clear",
        "exit",
        "export",
        "set",
        "unset",
        "alias",
        "cd",
        "pushd",
        "popd",
        "history",
        "hostname",
        "id",
        "uname",
        "test",
        "[",
        "[[",
        "wait",
        "seq",
        "yes",
        "source",
        ".",
        "in",
    ]
)
_READ = frozenset({"cat", "head", "tail", "nl", "bat", "tac"})
_SEARCH = frozenset({"grep", "egrep", "fgrep", "rg", "ag", "ack", "find", "fd", "zgrep"})
_LIST = frozenset(
    [
        "ls",
        "tree",
        "wc",
        "stat",
        "file",
        "du",
        "df",
        "which",
        "whereis",
        "type",
        "command",
        "env",
        "printenv",
        "ps",
        "diff",
        "cmp",
        "md5sum",
        "sha256sum",
        "basename",
        "dirname",
        "realpath",
    ]
)
_FILTER = frozenset(
    [
        "head",
        "tail",
        "grep",
        "egrep",
        "sort",
        "uniq",
        "wc",
        "cut",
        "tr",
        "awk",
        "sed",
        "nl",
        "cat",
        "less",
        "more",
        "column",
        "rev",
        "tac",
        "jq",
        "xargs",
        "tee",
        "rg",
    ]
)
_MUTATE = frozenset(
    [
        "mv",
        "cp",
        "rm",
        "dd",
        "truncate",
        "patch",
        "ed",
        "ln",
        "unzip",
        "tar",
        "install",
        "rsync",
        "black",
        "isort",
        "autopep8",
        "2to3",
        "ruff",
    ]
)
_MAKE = frozenset({"touch", "mkdir", "chmod", "chown", "rmdir"})
_INTERACTIVE = frozenset(["vim", "vi", "nano", "emacs", "less", "more", "top", "htop", "man", "ipython", "pico"])
_PYTHON = re.compile(r"^(?:.*/)?(?:python|python3|python3\.\d+|pypy3?)$")
_WRITES = re.compile(r"\.write\(|write_text\(|open\([^)]*['\"][wa]\+?['\"]|fileinput\.|shutil\.(?:copy|move)|os\.(?:rename|remove)")
_FILE_IN_CODE = re.compile(r"['\"]([\w./-]+\.\w{1,5})['\"]")
_SED_RANGE = re.compile(r"^(\d+)(?:,(\d+|\$))?p$")
_NOT_SELECTING = re.compile(
    r"^(?:-[qvs]+|-r\w+|-l|--(?:tb|color|no-header|no-summary|verbose|quiet|durations|showlocals|capture|disable-warnings)(?:=.*)?)$"
)

_At = Callable[[str], str]
"""Puts a path below the folder of the last ``cd``."""


def shell_actions(text: str) -> list[Action]:
    """The actions of a command line, in order. One whose commands only prepare (``cd``) or say (``echo``) is a no-op."""
    actions: list[Action] = []
    folder = ""
    commands = parse(text)
    for index, command in enumerate(commands):
        if command.words[:1] == ("cd",) and len(command.words) > 1:
            folder = path_name(command.words[1])
            folder = "" if folder == "." else folder
            continue
        if command.piped and _filters(command):
            continue
        filters = _pipe_text(commands, index)
        actions.extend(_actions(command, filters, folder))
    useful = [a for a in actions if a.kind != "noop"]
    return useful or [Action("noop", f"noop:{text.strip()}", shell=True)]


def _filters(command: Command) -> bool:
    program = _program(command)
    return (
        program in _FILTER
        and not command.writes
        and not (program == "sed" and _in_place(command))
        and program != "tee"
        and not _xargs_changes(command)
    )


def _xargs_changes(command: Command) -> bool:
    return command.words[0] == "xargs" and ("rm" in command.words or ("sed" in command.words and _in_place(command)))


def _pipe_text(commands: list[Command], index: int) -> str:
    """The filters behind a command, as text: ``cat f | head -3`` and ``cat f`` are two requests."""
    parts = []
    for command in commands[index + 1 :]:
        if not command.piped:
            break
        parts.append(" ".join(command.words))
    return " | " + " | ".join(parts) if parts else ""


def _program(command: Command) -> str:
    return command.words[0].rsplit("/", 1)[-1] if command.words else ""


def _actions(command: Command, filters: str, folder: str) -> list[Action]:
    def at(path: str) -> str:
        return f"{folder}/{path}" if folder and path and not path.startswith("/") else path

    words, program = command.words, _program(command)
    if command.writes and (program in _NOOP or program in _READ or not program):
        content = command.document or " ".join(words[1:])
        return [write(at(p), content, shell=True, appends=command.appends) for p in command.writes]
    rest = [w for w in words[1:] if not w.startswith("-")]
    line = " ".join(words)
    found: list[Action]
    if program == "tee" and rest:
        found = [write(at(p), command.document or line, shell=True, appends="-a" in words) for p in rest]
    elif program in _NOOP:
        found = [Action("noop", f"noop:{line}", shell=True)]
    elif program in _INTERACTIVE:
        found = [Action("read", f"run:{line}", path_name(at(rest[0])) if rest else "", interactive=True, shell=True)]
    elif program in ("sed", "perl", "awk", "gawk") and _in_place(command):
        found = [edit(at(p), "", "", shell=True, key=f"edit:{path_name(at(p))}:{line}") for p in rest[-1:] or [""]]
    elif program == "sed" and "-n" in words:
        found = [_sed_read(rest, at, filters)]
    elif program in _READ:
        found = _reads(program, list(words[1:]), rest, at, filters) or [Action("run", f"run:{line}{filters}", shell=True)]
    elif program in _SEARCH:
        found = [_search(program, rest, line, at, filters)]
    elif program in ("sed", "awk", "gawk", "cut", "sort", "uniq") and len(rest) > 1:
        found = [read(at(rest[-1]), filters=f" {line}{filters}", shell=True)]
    elif program in _LIST:
        found = [Action("list", f"list:{line}{filters}:{folder}", path_name(at(rest[-1])) if rest else "", shell=True)]
    elif program == "git":
        found = [git_action(list(words[1:]), folder, filters)]
    elif program in _MAKE:
        found = [Action("make", f"make:{line}", path_name(at(rest[-1])) if rest else "", shell=True)]
    elif program == "patch":
        found = [edit("", "", "", shell=True, key=f"edit:{line}:{command.document}")]
    elif program in _MUTATE or program == "xargs":
        found = [Action("mutate", f"mutate:{line}", path_name(at(rest[-1])) if rest else "", shell=True)]
    else:
        found = [_execution(command, rest, line, filters, folder)]
    if command.writes and found[0].kind not in ("edit", "write", "mutate", "test"):
        found = [*found, *(write(at(p), line, shell=True, appends=command.appends) for p in command.writes)]
    return found


def _in_place(command: Command) -> bool:
    return any(
        w == "-i" or w.startswith(("-i.", "--in-place", "-i'")) or w in ("-pi", "-ni", "-Ei", "-ri", "inplace", "-i.bak")
        for w in command.words[1:]
    )


def _sed_read(rest: list[str], at: _At, filters: str) -> Action:
    match = _SED_RANGE.match(rest[0]) if rest else None
    path = at(rest[-1]) if len(rest) > 1 else ""
    if not match or not path:
        return read(path, filters=f" sed {' '.join(rest)}{filters}", shell=True)
    start = number(match.group(1))
    end = None if match.group(2) == "$" else number(match.group(2) or match.group(1))
    return read(path, start, end, filters=filters, shell=True)


def _reads(program: str, words: list[str], rest: list[str], at: _At, filters: str) -> list[Action]:
    count = next((number(w.lstrip("-n")) for w in words if re.fullmatch(r"-n?\d+", w)), None)
    if count is None and program in ("head", "tail") and "-n" in words and words.index("-n") + 1 < len(words):
        value = words[words.index("-n") + 1]
        count = number(value)
        rest = [w for w in rest if w != value]
    if program == "head":
        return [read(at(p), 1, count or 10, filters=filters, shell=True) for p in rest]
    if program == "tail":
        return [read(at(p), filters=f" tail {count or 10}{filters}", shell=True) for p in rest]
    return [read(at(p), filters=filters, shell=True) for p in rest]


def _search(program: str, rest: list[str], line: str, at: _At, filters: str) -> Action:
    if program in ("find", "fd"):
        return search(line, at(rest[0]) if rest else "", filters, shell=True)
    return search(rest[0] if rest else "", at(rest[1]) if len(rest) > 1 else "", f"{line}{filters}", shell=True)


def git_action(arguments: list[str], folder: str = "", filters: str = "") -> Action:
    """What ``git`` with these arguments does."""
    words = [w for w in arguments if w not in ("--no-pager", "-P")]
    verb = words[0] if words else ""
    line = " ".join(words)
    paths = [w for w in words[1:] if not w.startswith("-") and ("/" in w or "." in w or "--" in words)]
    path = path_name(f"{folder}/{paths[-1]}" if folder and paths else paths[-1]) if paths else ""
    if verb in ("checkout", "restore", "reset", "stash", "clean", "revert"):
        return Action("revert", f"revert:{line}:{folder}", path, shell=True)
    if verb in ("apply", "am"):
        return edit("", "", "", shell=True, key=f"edit:git {line}")
    if verb in ("cherry-pick", "merge", "pull", "mv", "rm", "rebase"):
        return Action("mutate", f"mutate:git {line}", path, shell=True)
    if verb == "grep":
        return search(words[1] if len(words) > 1 else "", path, line + filters, shell=True)
    if verb in ("log", "show", "reflog", "fetch", "clone", "fsck", "cat-file"):
        return Action("history", f"history:{line}{filters}", path, shell=True)
    if verb in ("add", "commit", "config", "init", "tag"):
        return Action("noop", f"noop:git {line}", shell=True)
    return Action("inspect", f"inspect:{line}{filters}:{folder}", path, shell=True)


def _execution(command: Command, rest: list[str], line: str, filters: str, folder: str) -> Action:
    selection = test_selection(command.words)
    if selection is not None:
        return Action("test", f"test:{folder}:{selection}", path_name(next(iter(_test_paths(selection)), "")), query=selection, shell=True)
    code = command.document or (command.words[2] if len(command.words) > 2 and command.words[1] == "-c" else "")
    if code and _PYTHON.match(command.words[0]) and _WRITES.search(code):
        named = _FILE_IN_CODE.search(code)
        return edit(named.group(1) if named else "", "", "", shell=True, key=f"edit:{code}")
    return Action("run", f"run:{line}:{command.document}{filters}", path_name(rest[0]) if rest and "." in rest[0] else "", shell=True)


def test_selection(words: tuple[str, ...]) -> str | None:
    """Which tests a command runs, as text without options of presentation; ``None`` for a command that runs no tests."""
    program = words[0].rsplit("/", 1)[-1] if words else ""
    if _PYTHON.match(program):
        if words[1:3] in (("-m", "pytest"), ("-m", "unittest"), ("-m", "nose")):
            words = words[2:]
        elif (len(words) > 2 and words[1].endswith(("setup.py", "manage.py", "runtests.py")) and "test" in (words[2], "test")) or (
            len(words) > 1 and words[1].endswith("runtests.py")
        ):
            words = words[1:]
        else:
            return None
    elif program in ("make", "npm", "yarn", "go", "cargo"):
        if "test" not in words[1:] and "check" not in words[1:]:
            return None
        return " ".join(words)
    elif program not in ("pytest", "py.test", "tox", "nox", "nosetests", "unittest"):
        return None
    runner = "" if words[0].rsplit("/", 1)[-1] in ("pytest", "py.test") else words[0]
    kept: list[str] = []
    rest = list(words[1:])
    while rest:
        word = rest.pop(0)
        if word == "-p" and rest:
            rest.pop(0)
        elif not _NOT_SELECTING.match(word):
            kept.append(path_name(word) if "/" in word else word)
    return " ".join([runner, *kept]).strip()


def _test_paths(selection: str) -> list[str]:
    return [w.split("::")[0] for w in selection.split() if not w.startswith("-") and ("/" in w or w.endswith(".py"))]
