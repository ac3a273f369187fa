"""Which files of a tree are tests: they are not there where calls are made, and calls of their functions are not recorded."""

from agentsandbox.server.globs import matches
from trajschema.diffs import paths_in
from trajschema.task import Task

from agentgrader.frameworks import framework_of

_SETTINGS = (
    "*.toml",
    "*.cfg",
    "*.ini",
    "setup.py",
    "*.pth",
    "*.so",
    "*.pyc",
    "sitecustomize*",
    "usercustomize*",
    "*.egg-info",
    "*.dist-info",
)
KEPT = tuple(f"**/{name}" for name in (*_SETTINGS, "__pycache__"))
"""Patterns of what is protected for other reasons than that it tells what tests expect."""


def test_patterns(task: Task) -> tuple[str, ...]:
    """Patterns (:mod:`agentsandbox.server.globs`) of the tests of ``task`` and of what belongs to them; see also :data:`KEPT`.

    A module whose doctests are required is no test, and neither is what the gold patch changes.
    """
    framework = framework_of(task.environment.test_command)
    tests = [*task.FAIL_TO_PASS, *task.PASS_TO_PASS]
    holders = [pattern for test in tests if not is_doctest(test) for pattern in framework.holders(test)]
    gold = set(paths_in(task.gold_patch))
    found = [*task.protected_paths, *holders, *paths_in(task.test_patch), "**/conftest.py"]
    return tuple(dict.fromkeys(p for p in found if p not in gold and p not in KEPT and not p.endswith((".toml", ".cfg", ".ini"))))


def edited_sources(task: Task, *diffs: str) -> list[str]:
    """Python files that diffs name and that are no tests of ``task``."""
    tests = test_patterns(task)
    return [p for p in dict.fromkeys(path for diff in diffs for path in paths_in(diff)) if p.endswith(".py") and not matches(p, tests)]


test_patterns.__test__ = False  # type: ignore[attr-defined]  # not a test, whatever pytest thinks of the name


def is_doctest(test: str) -> bool:
    """Whether a test id is that of a doctest in a module: the dotted name in it is that of the module and of what has the doctest."""
    path, _, name = test.partition("::")
    parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
    if not path.endswith(".py") or "::" in name or (parts[-1].startswith("test") and name == parts[-1]):
        return False
    return f".{parts[-1]}." in f".{name}."
