"""A task's code on both sides of its gold patch, and the functions that the patch edits."""

import ast
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agentgrader.probes.outline import outline
from agentgrader.syntax import parse
from agenttasks.faults.patch import unified_diff
from agenttasks.libraries.archive import unpack
from agenttasks.store import TaskStore
from trajschema.diffs import paths_in
from trajschema.task import Task

Function = ast.FunctionDef


@dataclass(frozen=True)
class Source:
    """Texts by path of the files that the gold patch changes."""

    task: Task
    gold: dict[str, str]
    faulty: dict[str, str]

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

    def diff(self, changed: dict[str, str]) -> str:
        """The diff from the faulty code to the gold code with ``changed`` files."""
        return unified_diff(self.faulty, {**self.gold, **changed})


def read(task: Task, store: TaskStore) -> Source:
    """Both sides of an injected task: its archive holds the right code."""
    files = unpack(store.tree(task))
    gold = {path: files[path].decode() for path in paths_in(task.gold_patch)}
    with tempfile.TemporaryDirectory() as name:
        for path, text in gold.items():
            file = Path(name, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
        subprocess.run(["git", "apply", "-"], cwd=name, input=task.bug_patch.encode(), check=True)
        faulty = {path: Path(name, path).read_bytes().decode() for path in gold}
    return Source(task, gold, faulty)


def first(node: Function) -> int:
    """First line of a function, with its decorators."""
    return min([node.lineno, *(d.lineno for d in node.decorator_list)])


def functions(text: str) -> Iterator[tuple[str, Function]]:
    """Functions that stand at the top or in classes, with their qualified names."""
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
