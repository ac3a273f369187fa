"""A task's code on both sides of its gold patch, and the functions that the patch edits."""

import ast
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from agentgrader.differential.tests_removed import test_patterns
from agentgrader.probes.outline import outline
from agentgrader.syntax import parse
from agentsandbox.server.globs import matches
from agenttasks.faults.mutation import Mutation
from agenttasks.faults.operators import candidates
from agenttasks.faults.patch import unified_diff
from agenttasks.libraries.archive import unpack
from agenttasks.store import TaskStore
from trajschema.diffs import paths_in
from trajschema.task import Task

Function = ast.FunctionDef


@dataclass(frozen=True)
class Source:
    """Texts by path: of the files that the gold patch changes, right and faulty, and of the other Python files that are no tests."""

    task: Task
    gold: dict[str, str]
    faulty: dict[str, str]
    others: dict[str, str]

    @property
    def edited(self) -> list[tuple[str, str]]:
        """(path, qualified name) of each function that differs."""
        found = []
        for path, text in sorted(self.gold.items()):
            mine, theirs = (outline(parse(t))["functions"] for t in (text, self.faulty[path]))
            found += [(path, k) for k in mine if k in theirs and mine[k]["digest"] != theirs[k]["digest"]]
        return found

    def with_fault(self, path: str, name: str) -> str:
        """The gold text of a file with one function as it is in the faulty one."""
        mine, theirs = ([n for q, n in functions(text[path]) if q == name][-1] for text in (self.gold, self.faulty))
        gold, faulty = (text[path].splitlines(keepends=True) for text in (self.gold, self.faulty))
        return "".join([*gold[: first(mine) - 1], *faulty[first(theirs) - 1 : theirs.end_lineno], *gold[mine.end_lineno :]])

    @property
    def right(self) -> dict[str, str]:
        """Every file as the gold patch leaves it."""
        return {**self.others, **self.gold}

    def diff(self, changed: dict[str, str]) -> str:
        """The diff from the faulty code to the gold code with ``changed`` files; a path that is not known yet is a new file."""
        right = self.right
        paths = {*self.gold, *changed} & {*right}
        before = {**right, **self.faulty}
        edited = unified_diff({p: before[p] for p in paths}, {p: changed.get(p, right[p]) for p in paths})
        return edited + "".join(_new_file(p, text) for p, text in sorted(changed.items()) if p not in right)

    def texts(self, changed: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """What the files of :meth:`diff` hold before and after it."""
        after = {**self.gold, **changed}
        before = {**self.right, **self.faulty}
        return {p: before[p] for p in after if p in before}, after


def read(task: Task, store: TaskStore) -> Source:
    """Both sides of an injected task: its archive holds the right code."""
    files = unpack(store.tree(task))
    gold = {path: files[path].decode() for path in paths_in(task.gold_patch)}
    tests = test_patterns(task)
    others = {p: d.decode() for p, d in files.items() if p.endswith(".py") and p not in gold and not matches(p, tests)}
    with tempfile.TemporaryDirectory() as name:
        for path, text in gold.items():
            file = Path(name, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
        subprocess.run(["git", "apply", "-"], cwd=name, input=task.bug_patch.encode(), check=True)
        faulty = {path: Path(name, path).read_bytes().decode() for path in gold}
    return Source(task, gold, faulty, others)


def _new_file(path: str, text: str) -> str:
    lines = text.splitlines()
    head = f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{len(lines)} @@\n"
    return head + "".join(f"+{line}\n" for line in lines)


def first(node: Function) -> int:
    """First line of a function, with its decorators."""
    return min([node.lineno, *(d.lineno for d in node.decorator_list)])


@lru_cache(maxsize=200)
def functions(text: str) -> tuple[tuple[str, Function], ...]:
    """Functions that stand at the top or in classes, with their qualified names. They are shared: copy what is to be changed."""
    return tuple(_functions(text))


@lru_cache(maxsize=200)
def mutants(text: str, path: str) -> tuple[Mutation, ...]:
    """:func:`agenttasks.faults.operators.candidates`, worked out once: tasks of a library share its right code."""
    return tuple(candidates(text, path))


def _functions(text: str) -> Iterator[tuple[str, Function]]:
    waiting: list[tuple[str, ast.AST]] = [("", parse(text))]
    for prefix, node in waiting:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef):
                yield prefix + child.name, child
            elif isinstance(child, ast.ClassDef):
                waiting.append((f"{prefix}{child.name}.", child))
            elif isinstance(child, (ast.If, ast.Try, ast.ExceptHandler, ast.With)):
                waiting.append((prefix, child))


def replaced(text: str, node: Function, by: str) -> str:
    """``text`` with the function ``node`` (without its decorators) replaced by lines written for no indentation."""
    lines = text.splitlines(keepends=True)
    indent = " " * node.col_offset
    body = "".join(f"{indent}{line}\n" if line else "\n" for line in by.splitlines())
    return "".join(lines[: node.lineno - 1]) + body + "".join(lines[node.end_lineno :])


def with_helper(text: str, helper: str) -> str:
    """``text`` with ``helper`` behind its docstring and its imports from the future."""
    body = parse(text).body
    last = 0
    for node in body:
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not (is_text or (isinstance(node, ast.ImportFrom) and node.module == "__future__")):
            break
        last = node.end_lineno or last
    lines = text.splitlines(keepends=True)
    return "".join(lines[:last]) + f"\n{helper}\n" + "".join(lines[last:])


def decorated(text: str, name: str, decorator: str) -> str:
    """``text`` with a decorator right above the ``def`` of the last function of that name."""
    node = [n for q, n in functions(text) if q == name][-1]
    lines = text.splitlines(keepends=True)
    return "".join(lines[: node.lineno - 1]) + f"{' ' * node.col_offset}@{decorator}\n" + "".join(lines[node.lineno - 1 :])
