"""Programs that run tests, and which tests they run."""

import re

from agentreward.rules.actions import path_name

PYTHON = re.compile(r"^(?:.*/)?(?:python|python3|python3\.\d+|pypy3?)$")
_RUNNERS = frozenset({"pytest", "py.test", "tox", "nox", "nosetests", "unittest"})
_NOT_SELECTING = re.compile(
    r"^(?:-[qvs]+|-r\w+|-l|--(?:tb|color|no-header|no-summary|verbose|quiet|durations|showlocals|capture|disable-warnings)(?:=.*)?)$"
)


def test_selection(words: tuple[str, ...]) -> str | None:
    """Which tests a command runs, as text without options of presentation; ``None`` for a command that runs no tests."""
    program = words[0].rsplit("/", 1)[-1] if words else ""
    if PYTHON.match(program):
        if words[1:3] in (("-m", "pytest"), ("-m", "unittest"), ("-m", "nose")):
            words = words[2:]
        elif len(words) > 1 and _runs_tests(words[1], words[2:3]):
            words = words[1:]
        else:
            return None
    elif program in ("make", "npm", "yarn", "go", "cargo"):
        if "test" not in words[1:] and "check" not in words[1:]:
            return None
        return " ".join(words)
    elif program not in _RUNNERS and not (program and _runs_tests(words[0], words[1:2])):
        return None
    runner = "" if words[0].rsplit("/", 1)[-1] in ("pytest", "py.test") else words[0]
    kept: list[str] = []
    rest = iter(words[1:])
    for word in rest:
        if word == "-p":
            next(rest, None)
        elif not (word.startswith("-") and _NOT_SELECTING.match(word)):
            kept.append(path_name(word) if "/" in word else word)
    return " ".join([runner, *kept]).strip()


def _runs_tests(script: str, verb: tuple[str, ...]) -> bool:
    """Scripts of projects that run their tests: Django's, SymPy's, and those of setuptools."""
    return script.endswith(("runtests.py", "bin/test")) or (script.endswith(("setup.py", "manage.py")) and verb == ("test",))


def test_paths(selection: str) -> list[str]:
    """The files that a selection names."""
    return [w.split("::")[0] for w in selection.split() if not w.startswith("-") and ("/" in w or w.endswith(".py"))]
