"""The gold patch with a fault in a function that it leaves alone, which tests that are to keep passing notice."""

import ast
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agentgrader.run import run_tests
from agentgrader.syntax import parse
from agentsandbox.errors import PatchRejected
from agentsandbox.sandbox import Backend, Sandbox
from trajschema.rollout import Limits

from planted.source import Source, functions, mutants

_LIMITS = Limits(output_bytes=2_000_000)
_TRIED = 6
_EXTRA = "_extra"
_BROKEN = """

def _broken(*args, **kwargs):
    return None


{owner}.{name} = _broken
"""


@dataclass(frozen=True)
class Regression:
    """One way to break code, and what it breaks."""

    way: str
    what: str
    changed: dict[str, str]
    """Text by path."""


def regressions(source: Source, tree: bytes, backend: Backend, rng: random.Random, ways: list[str], most: int) -> Iterator[Regression]:
    """At most ``most`` that PASS_TO_PASS tests notice and FAIL_TO_PASS tests do not, each in another of the ``ways`` (:data:`WAYS`)."""
    with backend.open(_LIMITS, source.task.environment, trusted=True) as box:
        box.load(tree, [source.task.bug_patch])
        found = 0
        for way in ways:
            if found == most:
                return
            tried = list(WAYS[way](source))
            for what, changed in rng.sample(tried, min(len(tried), _TRIED)):
                if _noticed(box, source, source.diff(changed)):
                    yield Regression(way, what, changed)
                    found += 1
                    break


def _noticed(box: Sandbox, source: Source, diff: str) -> bool:
    task = source.task
    try:
        box.apply(diff)
        report = run_tests(box, task.environment, ids=[*task.FAIL_TO_PASS, *task.PASS_TO_PASS], timeout_s=15)
    except PatchRejected:
        return False
    finally:
        box.restore(["**"])
    fixed = all(report.statuses.get(t) == "passed" for t in task.FAIL_TO_PASS)
    return fixed and any(report.statuses.get(t) in ("failed", "error") for t in task.PASS_TO_PASS)


Way = Iterator[tuple[str, dict[str, str]]]


def _in_functions(source: Source, path: str, names: set[str]) -> Way:
    text = source.right[path]
    spans = {q: (f.lineno, f.end_lineno or f.lineno) for q, f in functions(text) if q in names}
    for m in mutants(text, path):
        if any(first < min(m.lines) and max(m.lines) <= last for first, last in spans.values()):
            yield f"{path}::{m.describe()}", {path: m.apply(text)}


def _left_alone(source: Source, path: str) -> set[str]:
    return {q for q, _ in functions(source.right[path])} - {n.partition("@")[0] for p, n in source.edited if p == path}


def same_file(source: Source) -> Way:
    """A mutant of another function of a file that the gold patch changes."""
    for path in source.gold:
        yield from _in_functions(source, path, _left_alone(source, path))


def another_file(source: Source) -> Way:
    """A mutant of a function of a file that the gold patch leaves alone."""
    for path in sorted(source.others):
        yield from _in_functions(source, path, _left_alone(source, path))


def base_class(source: Source) -> Way:
    """A mutant of a method of a class that others inherit from."""
    inherited = {b.id for t in source.right.values() for n in ast.walk(parse(t)) if isinstance(n, ast.ClassDef) for b in _named(n.bases)}
    for path in sorted(source.right):
        yield from _in_functions(source, path, {q for q in _left_alone(source, path) if q.partition(".")[0] in inherited and "." in q})


def _named(bases: list[ast.expr]) -> list[ast.Name]:
    return [b for b in bases if isinstance(b, ast.Name)]


def module_constant(source: Source) -> Way:
    """Another value within a constant that stands at the top of a module."""
    for path, text in sorted(source.right.items()):
        for node in parse(text).body:
            value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
            for c in ast.walk(value) if value is not None else ():
                if isinstance(c, ast.Constant) and not _inside_text(value, c):
                    yield from _other(path, text, c, "constant")


def default_argument(source: Source) -> Way:
    """Another default of a parameter."""
    for path, text in sorted(source.right.items()):
        alone = _left_alone(source, path)
        for name, function in functions(text):
            for default in (*function.args.defaults, *function.args.kw_defaults) if name in alone else ():
                if isinstance(default, ast.Constant):
                    yield from _other(path, text, default, f"default of {name}")


def _inside_text(value: ast.expr | None, constant: ast.Constant) -> bool:
    return value is not None and any(isinstance(n, ast.JoinedStr) and constant in ast.walk(n) for n in ast.walk(value))


def _other(path: str, text: str, c: ast.Constant, what: str) -> Way:
    """``text`` with another value of the same kind in place of ``c``."""
    value = c.value
    if isinstance(value, bool):
        new: object = not value
    elif isinstance(value, (int, float)):
        new = value + 1
    elif isinstance(value, str):
        new = value[:-1] if value else "x"
    elif value is None:
        new = 0
    else:
        return
    if c.end_lineno != c.lineno or c.end_col_offset is None:
        return
    lines = text.splitlines(keepends=True)
    line = lines[c.lineno - 1].encode()
    lines[c.lineno - 1] = (line[: c.col_offset] + repr(new).encode() + line[c.end_col_offset :]).decode()
    made = "".join(lines)
    yield f"{path} line {c.lineno}: {what} {value!r} becomes {new!r}", {path: made}


def patched_by_new_module(source: Source) -> Way:
    """A function is replaced when a new module is imported, which its home imports at its end."""
    for path in sorted(source.right):
        for name in _public(source, path):
            home, _, file = path.rpartition("/")
            here = "." if file == "__init__.py" else f".{file.removesuffix('.py')}"
            owner, _, last = name.rpartition(".")
            head = f"from {here} import {owner} as _home" if owner else _of_module(path)
            new = head + _BROKEN.format(owner="_home", name=last)
            importing = f"{source.right[path]}\n\nfrom . import {_EXTRA}  # noqa: E402, F401\n"
            yield f"{path}::{name} by a new module", {path: importing, f"{home}/{_EXTRA}.py": new}


def patched_by_another_module(source: Source) -> Way:
    """A function is replaced by code at the end of another module of its package."""
    for path in sorted(source.right):
        names = _public(source, path)
        for other in sorted(source.right):
            if other == path or other.rpartition("/")[0] != path.rpartition("/")[0]:
                continue
            for name in names:
                owner, _, last = name.rpartition(".")
                head = f"{_of_module(path)}" + (f"\n_home = _home.{owner}" if owner else "")
                yield f"{path}::{name} by {other}", {other: f"{source.right[other]}\n\n{head}{_BROKEN.format(owner='_home', name=last)}"}


def _public(source: Source, path: str) -> list[str]:
    return sorted(q for q in _left_alone(source, path) if not any(part.startswith("_") for part in q.split(".")))


def _of_module(path: str) -> str:
    """Import of the module at ``path`` as ``_home``."""
    parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
    return f"import {'.'.join(parts[1:] if parts[0] == 'src' else parts)} as _home"


WAYS: dict[str, Callable[[Source], Way]] = {
    "in the same file": same_file,
    "in another file": another_file,
    "through a constant": module_constant,
    "through a default": default_argument,
    "in a base class": base_class,
    "by a new module": patched_by_new_module,
    "by another module": patched_by_another_module,
}
