"""Programs that run tests, and which tests they run."""

import re

from agentreward.rules.read.actions import path_name

PYTHON = re.compile(r"^(?:.*/)?(?:python|python3|python3\.\d+|pypy3?)$")
_RUNNERS = frozenset({"pytest", "py.test", "tox", "nox", "nosetests", "unittest"})
_OTHERS = frozenset({"jest", "vitest", "mocha", "ava", "phpunit", "rspec", "ctest"})
_BUILDERS = frozenset({"make", "npm", "pnpm", "yarn", "bun", "go", "cargo", "mvn", "gradle", "gradlew", "dotnet", "node", "deno"})
_ASKED_OF_BUILDERS = frozenset({"test", "check", "--test", "verify"})
_NOT_SELECTING = re.compile(
    r"^(?:-[qvs]+|-r\w+|-l|--(?:tb|color|no-header|no-summary|verbose|quiet|durations|showlocals|capture|disable-warnings)(?:=.*)?)$"
)


def test_selection(words: tuple[str, ...]) -> str | None:
    """Which tests a command runs, as text without options of presentation; ``None`` for a command that runs no tests."""
    program = words[0].rsplit("/", 1)[-1] if words else ""
    if program == "coverage" and words[1:2] == ("run",):
        program, words = "python", ("python", *words[2:])
    if PYTHON.match(program):
        words = _without_options(words)
        if words[1:3] in (("-m", "pytest"), ("-m", "unittest"), ("-m", "nose")):
            words = words[2:]
        elif len(words) > 1 and _runs_tests(words[1], words[2:3]):
            words = words[1:]
        else:
            return None
    elif program in _BUILDERS:
        return None if _ASKED_OF_BUILDERS.isdisjoint(words[1:]) else " ".join(words)
    elif program in _OTHERS or (program == "npx" and words[1:2] and words[1] in _OTHERS):
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


def _without_options(words: tuple[str, ...]) -> tuple[str, ...]:
    """A call of Python without options that change nothing about what it runs."""
    at = 1
    while at < len(words) and words[at].startswith("-") and words[at] not in ("-m", "-c", "-"):
        at += 2 if words[at] in ("-W", "-X") else 1
    return (words[0], *words[at:]) if at > 1 else words


def _runs_tests(script: str, verb: tuple[str, ...]) -> bool:
    """Scripts of projects that run their tests: Django's, SymPy's, and those of setuptools."""
    return script.endswith(("runtests.py", "bin/test")) or (script.endswith(("setup.py", "manage.py")) and verb == ("test",))


def test_paths(selection: str) -> list[str]:
    """The files that a selection names."""
    return [w.split("::")[0] for w in selection.split() if not w.startswith("-") and ("/" in w or w.endswith(".py"))]
