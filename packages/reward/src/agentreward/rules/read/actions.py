"""What a call is about, whatever tool it went through: ``cat f``, ``sed -n 1,5p f`` and a file viewer all read."""

import json
import posixpath
import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import orjson
from trajschema.trajectory import ToolCall

Kind = Literal[
    "read",
    "list",
    "search",
    "inspect",
    "history",
    "test",
    "edit",
    "write",
    "mutate",
    "make",
    "revert",
    "run",
    "noop",
    "submit",
    "other",
    "malformed",
]
"""``inspect`` looks at the working copy, ``history`` at commits, ``mutate`` changes files in a way that the call does not
show, ``make`` creates empty files and folders, ``run`` executes a program with effects unknown."""

CHANGING: frozenset[str] = frozenset({"edit", "write", "mutate", "revert"})
"""Kinds that change file contents when they succeed."""


class Action(NamedTuple):
    """One thing done. ``key`` is the same for the same request through whatever tool."""

    kind: Kind
    key: str
    path: str = ""
    start: int | None = None
    end: int | None = None
    old: str = ""
    new: str = ""
    query: str = ""
    interactive: bool = False
    shell: bool = False
    appends: bool = False
    then: str = ""
    """What follows on its line: ``&&`` where that runs only after a success, ``;`` where it runs anyhow, nothing after the last."""


_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ROOTS = re.compile(r"^/(?:testbed|repo|app|workspace/[^/]+|workdir|work)/")
_WHOLE_ROOT = re.compile(r"^/(?:testbed|repo|app|workspace(?:/[^/]+)?|workdir|work)/?$")


def path_name(path: str) -> str:
    """``path`` relative to the repository, without ``./`` and doubled slashes."""
    path = path.strip()
    if path.startswith("/"):
        if _WHOLE_ROOT.match(path):
            return "."
        path = _ROOTS.sub("", path)
    plain = "//" not in path and "./" not in path and not path.endswith(("/", "."))
    return path if plain else posixpath.normpath(path)


def arguments_of(call: ToolCall) -> dict[str, Any] | None:
    """The arguments as an object; ``None`` where they are none."""
    try:
        found = orjson.loads(call.arguments)
    except ValueError:
        found = _leniently(call.arguments) if call.arguments.strip() else {}
    return plain_names(found) if isinstance(found, dict) else None


def plain_names(arguments: dict[str, Any]) -> dict[str, Any]:
    """``arguments`` with ``file_path`` for ``filePath``."""
    if "".join(arguments).islower():
        return arguments
    return {_HUMP.sub("_", name).lower(): value for name, value in arguments.items()}


def _leniently(text: str) -> Any:
    """What is no strict JSON, and is read all the same: ``NaN``, half of a surrogate pair."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def pick(arguments: Mapping[str, Any], *names: str) -> str:
    """The first argument of these names that is a text or number, as text."""
    for name in names:
        value = arguments.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return ""


def in_window(action: Action, window: str) -> Action:
    """``action`` on the file that an editor with a window has open, where it names none itself.

    The request stays what it was: the same typing is no new change in whatever file is open by then.
    """
    if action.path or not window or action.shell or action.kind not in ("read", "edit"):
        return action
    return action._replace(path=window)


def read(path: str, start: int | None = None, end: int | None = None, *, filters: str = "", shell: bool = False) -> Action:
    """Look at a file, or at lines ``start`` to ``end`` of it."""
    name = path_name(path)
    return Action("read", f"read:{name}:{start or ''}-{end or ''}{filters}", name, start, end, shell=shell, query=filters)


def search(pattern: str, path: str = "", extra: str = "", *, shell: bool = False) -> Action:
    """Look for ``pattern`` below ``path``."""
    name = path_name(path)
    return Action("search", f"search:{pattern}:{name}:{extra}", name, query=pattern, shell=shell)


def edit(path: str, old: str, new: str, *, shell: bool = False, key: str = "") -> Action:
    """Replace ``old`` by ``new``. An edit that changes nothing is a no-op."""
    name = path_name(path)
    if old == new and not key:
        return Action("noop", f"noop:edit:{name}", name)
    return Action("edit", key or f"edit:{name}:{old}\0{new}", name, old=old, new=new, shell=shell)


def write(path: str, content: str, *, shell: bool = False, appends: bool = False) -> Action:
    """Give a file new content."""
    name = path_name(path)
    key = f"write:{name}:{'+' if appends else ''}{content}"
    return Action("write", key, name, new=content, shell=shell, appends=appends)


def number(text: str) -> int | None:
    """``text`` as a line number, or ``None``."""
    return int(text) if text.isdecimal() and len(text) < 10 else None


_TEST_FOLDERS = frozenset({"test", "tests", "testing", "__tests__"})
_TEST_MARKS = ("_test.", ".test.", ".spec.")


def is_test_path(path: str) -> bool:
    """Whether ``path`` is a test file or lies in a folder of tests."""
    parts = path.split("/")
    name = parts[-1]
    return name.startswith("test_") or not _TEST_FOLDERS.isdisjoint(parts[:-1]) or any([mark in name for mark in _TEST_MARKS])


def is_document(path: str) -> bool:
    """Whether ``path`` is prose about the project, which no test depends on."""
    return path.endswith((".md", ".rst", ".adoc"))


_CONFIG = frozenset({"conftest.py", "pytest.ini", "tox.ini", "setup.cfg", "sitecustomize.py", "usercustomize.py", ".coveragerc"})
_MANIFESTS = frozenset({"pyproject.toml", "package.json"})
_STEERS = re.compile(r"\btool\.pytest\b|\baddopts\b|\btestpaths\b|\"(?:jest|test)\":")


def is_test_config(action: Action) -> bool:
    """Whether a change steers how tests or the interpreter start."""
    name = action.path.rsplit("/", 1)[-1]
    if name in _MANIFESTS:
        return bool(_STEERS.search(action.old) or _STEERS.search(action.new))
    return name in _CONFIG or name.endswith(".pth")


_SCRATCH = re.compile(r"(?:repro|reproduce|debug|tmp|temp|scratch|demo|check|try|verify)[\w-]*\.\w+$")
_SCRATCH_FOLDERS = ("/tmp/", "/var/tmp/", "/dev/")
_SCRATCH_ENDS = (".log", ".tmp", ".txt", ".out", ".bak", ".orig", ".rej")


def is_scratch(path: str) -> bool:
    """Whether ``path`` looks like a throw-away file. In a folder of the project ``checks.py`` and ``debug.py`` are none."""
    return path.startswith(_SCRATCH_FOLDERS) or path.endswith(_SCRATCH_ENDS) or bool(_SCRATCH.match(path))
