"""Paths that a solution may not change: tests, their configuration, and what runs when an interpreter starts."""

import re
from collections.abc import Iterable

from agentsandbox.server.globs import matches
from trajschema.diffs import FileDiff, paths_in
from trajschema.task import Task

from agentgrader.frameworks import framework_of
from agentgrader.frameworks.python import Pytest

BUILT_IN: tuple[str, ...] = (
    "**/sitecustomize.py",
    "**/usercustomize.py",
    "**/sitecustomize/**",
    "**/usercustomize/**",
    "**/*.pth",
    "**/*.egg-info/**",
    "**/*.dist-info/**",
    "**/__pycache__/**",
    "**/*.pyc",
    "**/*.so",
)
"""Restored in every task, beside what its test framework protects. An egg-info or dist-info folder can name a pytest plugin; byte
code and extensions hide source."""

_SHADOWING = ("pytest", "_pytest", "pluggy", "py", "coverage", "unittest", "agentsandbox", "iniconfig", "packaging")
"""Modules of the test runner that a new file on the search path would replace."""

_DISARMING = re.compile(
    r"\b(skip\w*|xfail|importorskip|exit|_exit|monkeypatch|collect_ignore|load_tests|TestMain|Skip\w*|Exit|todo|only|mock|reallyExit)\b"
)
_TESTS = {r"\.py$": r"\bdef test", r"_test\.go$": r"(?m)^func Test", r"[.-]?(test|spec)\.[cm]?[jt]sx?$": r"\b(test|it)\("}
"""Path of a file with tests → how a test starts in it."""


def protected_patterns(task: Task) -> tuple[str, ...]:
    """Patterns (:mod:`agentsandbox.server.globs`) of everything that is put back before grading ``task``.

    The task's own, the built-in ones, those of the test framework, files that the test patch touches, files that hold required
    tests (unless the gold patch changes them: see :mod:`agentgrader.inline.restore`), and modules that would replace the test
    runner's.

    Raises:
        SandboxError: the task's test command is of no framework that is known.
    """
    framework = framework_of(task.environment.test_command)
    gold = set(paths_in(task.gold_patch))
    tests = {pattern for pattern in _holders(task) if not any(matches(path, (pattern,)) for path in gold)}
    roots = ["", *(f"{p.strip('/')}/" for p in task.environment.python_path if p.strip("./"))]
    shadows = [f"{root}{name}{end}" for root in roots for name in _SHADOWING for end in (".py", "/**")]
    files = sorted(tests | set(paths_in(task.test_patch)))
    return tuple(
        dict.fromkeys([*task.protected_paths, *BUILT_IN, *framework.protected, *files, *(s for s in shadows if not _names(s, gold))])
    )


def holding_tests(paths: Iterable[str], task: Task) -> list[str]:
    """Those of ``paths`` that are the module of a required test or a conftest: no suite writes these while it runs."""
    patterns = (*_holders(task), "**/conftest.py")
    return [path for path in paths if matches(path, patterns)]


def _holders(task: Task) -> set[str]:
    framework = framework_of(task.environment.test_command)
    return {pattern for test in (*task.FAIL_TO_PASS, *task.PASS_TO_PASS) for pattern in framework.holders(test)}


def _names(pattern: str, paths: set[str]) -> bool:
    stem = pattern.removesuffix("/**")
    return any(p == stem or p.startswith(stem + "/") for p in paths)


def adds_tests_only(path: str, changes: Iterable[FileDiff]) -> bool:
    """Whether all that a diff does to a protected ``path`` is to add tests: harmless, though they are put back all the same.

    Removes nothing, adds no word that switches tests off, and touches no configuration or start-up file. ``changes`` are what the diff
    does to that path.
    """
    test = next((start for ending, start in _TESTS.items() if re.search(ending, path)), None)
    if test is None or any(path.rsplit("/", 1)[-1] == p.removeprefix("**/") for p in (*BUILT_IN, *Pytest.protected)):
        return False
    if path.rsplit("/", 1)[-1].removesuffix(".py") in _SHADOWING:
        return False
    lines = [line for file in changes for hunk in file.hunks for line in hunk.lines]
    added = "\n".join(line[1:] for line in lines if line.startswith("+"))
    return re.search(test, added) is not None and not any(line.startswith("-") for line in lines) and not _DISARMING.search(added)


def by_path(files: Iterable[FileDiff]) -> dict[str, list[FileDiff]]:
    """Path → what a diff of ``files`` does to it, before or after."""
    found: dict[str, list[FileDiff]] = {}
    for file in files:
        for path in {file.old_path, file.new_path} - {None}:
            found.setdefault(path or "", []).append(file)
    return found
