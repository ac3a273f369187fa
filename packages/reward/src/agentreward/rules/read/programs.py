"""What the programs of a command line do, by their names."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from agentreward.rules.read.actions import Action, edit, number, path_name, read, search, write
from agentreward.rules.read.git import git_action
from agentreward.rules.read.patches import BEGINS, patch_actions
from agentreward.rules.read.runners import PYTHON, test_paths, test_selection
from agentreward.rules.read.shell import Command


class Use(NamedTuple):
    """A command as it stands in its line: ``rest`` are its arguments that are no options, ``folder`` where it runs, ``filters``
    the pipe behind it."""

    command: Command
    rest: list[str]
    line: str
    folder: str
    filters: str

    def at(self, path: str) -> str:
        """``path`` below the folder of the last ``cd``."""
        return f"{self.folder}/{path}" if self.folder and path and not path.startswith("/") else path

    def last(self) -> str:
        """The last argument as a path of the repository, or nothing."""
        return path_name(self.at(self.rest[-1])) if self.rest else ""


Does = Callable[[str, Use], list[Action] | None]
"""From the program's name and its use to actions; ``None`` for a use that is a mere execution."""

_IN_PLACE = re.compile(r"-[0-9npEersz]*i.*|--in-place.*|inplace")
_WRITES = re.compile(r"\.write\(|write_text\(|open\([^)]{0,200}['\"][wa]\+?['\"]|fileinput\.|shutil\.(?:copy|move)|os\.(?:rename|remove)")
_FILE_IN_CODE = re.compile(r"['\"]([\w./-]+\.\w{1,5})['\"]")
_SED_RANGE = re.compile(r"^(\d+)(?:,(\d+|\$))?p$")
_COUNT = re.compile(r"(?:-n?|--lines=)(\d+)")
_FIND_NAMES = frozenset({"-name", "-iname", "-path", "-ipath", "-wholename", "-regex"})
_FIND_RUNS = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
_CHANGES_FOUND = frozenset({"rm", "sed", "mv", "perl"})
_GREP_TAKES_VALUE = frozenset({"-A", "-B", "-C", "-m", "-e", "-d", "-D", "--max-count"})
_ELSEWHERE = ("/tmp/", "/var/tmp/", "/dev/")
_ASKS_ABOUT = frozenset({"--version", "-V", "-VV", "--help", "-h"})
_LOOKS_ONLY = frozenset({"check", "--check", "--diff", "-l", "-t", "tf", "tvf", "tzf", "-tf", "-tvf", "-tzf"})
"""With one of these a formatter or archiver says what it would do or what there is, unless it is told to fix (``--fix``)."""
_FORMATS = frozenset({"black", "isort", "ruff", "autopep8", "2to3", "tar", "unzip"})


def execution(use: Use) -> Action:
    """A program with effects unknown: tests, code that writes files, or a mere run."""
    command, words, line = use.command, use.command.words, use.line
    selection = test_selection(words)
    if selection is not None:
        named = next(iter(test_paths(selection)), "")
        return Action("test", f"test:{use.folder}:{selection}", path_name(named) if named else "", query=selection, shell=True)
    code = command.document or (words[2] if len(words) > 2 and words[1] == "-c" else "")
    if code and PYTHON.match(words[0]) and _WRITES.search(code):
        named_in = _FILE_IN_CODE.search(code)
        return edit(named_in.group(1) if named_in else "", "", "", shell=True, key=f"edit:{code}")
    if len(words) == 2 and words[1] in _ASKS_ABOUT:
        return Action("inspect", f"inspect:{line}{use.filters}", shell=True)
    first = use.rest[0] if use.rest else ""
    return Action("run", f"run:{line}:{command.document}{use.filters}", path_name(first) if "." in first else "", shell=True)


def write_to(paths: Sequence[str], use: Use, content: str, *, appends: bool) -> list[Action]:
    """Give each of the files new content."""
    return [write(use.at(p), content, shell=True, appends=appends) for p in paths]


def changes_in_place(words: Sequence[str]) -> bool:
    """Whether an editor of streams writes back to its files."""
    return any([_IN_PLACE.fullmatch(w) for w in words[1:]])


def _says(program: str, use: Use) -> list[Action]:
    return [Action("noop", f"noop:{use.line}", shell=True)]


def _tee(program: str, use: Use) -> list[Action] | None:
    if not use.rest:
        return None
    return write_to(use.rest, use, use.command.document or use.line, appends="-a" in use.command.words)


def _interacts(program: str, use: Use) -> list[Action]:
    path = path_name(use.at(use.rest[0])) if use.rest else ""
    return [Action("read", f"run:{use.line}", path, interactive=True, shell=True)]


def _edits_streams(program: str, use: Use) -> list[Action] | None:
    if changes_in_place(use.command.words):
        paths = [path_name(use.at(p)) for p in use.rest[1:] or use.rest] or [""]
        return [edit(path, "", "", shell=True, key=f"edit:{path}:{use.line}") for path in paths]
    if program == "sed" and "-n" in use.command.words:
        return [_sed_read(use)]
    return None if program == "perl" else _passes_on(program, use)


def _sed_read(use: Use) -> Action:
    rest = use.rest
    match = _SED_RANGE.match(rest[0]) if rest else None
    path = use.at(rest[-1]) if len(rest) > 1 else ""
    if not match or not path:
        return read(path, filters=f" sed {' '.join(rest)}{use.filters}", shell=True)
    start = number(match.group(1))
    end = None if match.group(2) == "$" else number(match.group(2) or match.group(1))
    return read(path, start, end, filters=use.filters, shell=True)


def _passes_on(program: str, use: Use) -> list[Action] | None:
    return [read(use.at(use.rest[-1]), filters=f" {use.line}{use.filters}", shell=True)] if len(use.rest) > 1 else None


def _reads(program: str, use: Use) -> list[Action]:
    if program in ("head", "tail"):
        return _reads_end(program, use) or [Action("run", f"run:{use.line}{use.filters}", shell=True)]
    found = [read(use.at(p), filters=use.filters, shell=True) for p in use.rest]
    if not found and use.command.document:
        return _says(program, use)
    return found or [Action("run", f"run:{use.line}{use.filters}", shell=True)]


def _reads_end(program: str, use: Use) -> list[Action]:
    words, rest = use.command.words, use.rest
    count = next((number(m.group(1)) for w in words if (m := _COUNT.fullmatch(w))), None)
    told = next((w for w in ("-n", "-c", "--lines", "--bytes") if w in words[:-1]), None)
    value = words[words.index(told) + 1] if told else ""
    if told:
        count = number(value) if told in ("-n", "--lines") else None
        rest = [w for w in rest if w != value]
    if told in ("-c", "--bytes") or value.startswith(("+", "-")):
        return [read(use.at(p), filters=f" {program} {told} {value}{use.filters}", shell=True) for p in rest]
    if program == "head":
        return [read(use.at(p), 1, count or 10, filters=use.filters, shell=True) for p in rest]
    return [read(use.at(p), filters=f" tail {count or 10}{use.filters}", shell=True) for p in rest]


def _searches(program: str, use: Use) -> list[Action]:
    rest, words = use.rest, use.command.words
    if program in ("find", "fd"):
        names = [words[i + 1] for i, w in enumerate(words[:-1]) if w in _FIND_NAMES]
        if "-delete" in words or any([w in _FIND_RUNS and words[i + 1] in _CHANGES_FOUND for i, w in enumerate(words[:-1])]):
            found = "/".join([*rest[:1], *names[:1]])
            return [Action("mutate", f"mutate:{use.line}", path_name(use.at(found)), shell=True)]
        return [search(" ".join(names), use.at(rest[0]) if rest else "", f"{use.line}{use.filters}", shell=True)]
    if not _GREP_TAKES_VALUE.isdisjoint(words):
        valued = [words[i + 1] for i, w in enumerate(words[:-1]) if w in _GREP_TAKES_VALUE and w != "-e"]
        rest = [w for w in rest if w not in valued]
    path = use.at(rest[1]) if len(rest) > 1 else ""
    return [search(rest[0] if rest else "", path, f"{use.line}{use.filters}", shell=True)]


def _lists(program: str, use: Use) -> list[Action]:
    return [Action("list", f"list:{use.line}{use.filters}:{use.folder}", use.last(), shell=True)]


def _git(program: str, use: Use) -> list[Action]:
    return [git_action(list(use.command.words[1:]), use.folder, use.filters)]


def _makes(program: str, use: Use) -> list[Action]:
    return [Action("make", f"make:{use.line}", use.last(), shell=True)]


def _patches(program: str, use: Use) -> list[Action]:
    return [edit("", "", "", shell=True, key=f"edit:{use.line}:{use.command.document}")]


def _applies_patch(program: str, use: Use) -> list[Action] | None:
    text = use.command.document or next((w for w in use.rest if BEGINS in w), "")
    return [a._replace(shell=True) for a in patch_actions(text, use.folder)] or None


def _mutates(program: str, use: Use) -> list[Action]:
    words = use.command.words
    if program in _FORMATS and "--fix" not in words and not _LOOKS_ONLY.isdisjoint(words):
        return [Action("inspect", f"inspect:{use.line}{use.filters}:{use.folder}", shell=True)]
    if program == "mv" and use.rest and use.rest[-1].startswith(_ELSEWHERE):
        return _removes(program, use)
    return [Action("mutate", f"mutate:{use.line}", use.last(), shell=True)]


def _removes(program: str, use: Use) -> list[Action]:
    """Each of the files by itself."""
    paths = [path_name(use.at(p)) for p in use.rest if not p.startswith(_ELSEWHERE)] or [use.last()]
    return [Action("mutate", f"mutate:{use.line}" if len(paths) == 1 else f"mutate:{use.line}:{path}", path, shell=True) for path in paths]


_GROUPS: tuple[tuple[str, Does], ...] = (
    ("echo printf true false : pwd sleep date whoami clear exit export set unset alias cd pushd popd history hostname id uname", _says),
    ("test [ [[ wait seq yes source . in", _says),
    ("cat head tail nl bat tac", _reads),
    ("grep egrep fgrep rg ag ack find fd zgrep", _searches),
    ("ls tree wc stat file du df which whereis type command env printenv ps diff cmp md5sum sha256sum", _lists),
    ("basename dirname realpath", _lists),
    ("rm unlink shred", _removes),
    ("mv cp dd truncate ed ln unzip tar install rsync black isort autopep8 2to3 ruff xargs", _mutates),
    ("touch mkdir chmod chown rmdir", _makes),
    ("vim vi nano emacs less more top htop man ipython pico", _interacts),
    ("sed perl awk gawk", _edits_streams),
    ("cut sort uniq", _passes_on),
    ("tee", _tee),
    ("git", _git),
    ("patch", _patches),
    ("apply_patch applypatch", _applies_patch),
)
_DOES: dict[str, Does] = {name: does for names, does in _GROUPS for name in names.split()}


def known(command: Command) -> tuple[str, Does | None]:
    """The program of a command, by name, and what it does, if that is known. ``bin/test`` is a project's own."""
    if not command.words:
        return "", None
    name = command.words[0]
    program = name.rsplit("/", 1)[-1]
    return program, None if program == "test" and program != name else _DOES.get(program)


def only_shows(does: Does | None) -> bool:
    """Whether what a program puts out is all that it does, so that sent to a file it writes that file."""
    return does in (_says, _reads)
