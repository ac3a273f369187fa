"""One's own repository: packed the same everywhere, traced to its commit, and refused with one error when it cannot be used."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from agentsandbox.sandbox import Backend
from agenttasks.errors import RepositoryUnusable, TaskError
from agenttasks.libraries.archive import source_files, unpack
from agenttasks.libraries.fetch import fetch
from agenttasks.libraries.library import Library
from agenttasks.libraries.local import from_folder, identity
from agenttasks.pool import build_pool
from agenttasks.store import TaskStore
from trajschema.rollout import Limits

UNITTEST = """import unittest
from mine.bill import total

class Total(unittest.TestCase):
    def test_small(self):
        self.assertEqual(total([1, 2, 3]), 6)

    def test_large(self):
        self.assertEqual(total([60, 60]), 108)

    def test_limit(self):
        self.assertEqual(total([100]), 100)

    def test_empty(self):
        self.assertEqual(total([]), 0)

    def test_negative(self):
        with self.assertRaises(ValueError):
            total([-1])
"""
BILL = '''def total(prices):
    """Sum of prices, a tenth less above a hundred."""
    found = 0
    for price in prices:
        if price < 0:
            raise ValueError(price)
        found += price
    if found > 100:
        found = found * 9 // 10
    return found
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "mine"
    for path, text in {
        "src/mine/__init__.py": "",
        "src/mine/bill.py": BILL,
        "tests/test_bill.py": UNITTEST,
        "notes.txt": "private",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.fixture
def entry() -> Library:
    return Library(
        name="mine", version="", sha256="", licence="MIT", repository="", tag="",
        sources=("./src/mine",), tests=("tests/",), python_path=("src",),
    )  # fmt: skip


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    return subprocess.run(["git", "-C", folder, *who, *arguments], check=True, capture_output=True, text=True).stdout.strip()


def test_a_folder_becomes_a_library_without_caches_and_links(folder: Path, entry: Library, store: TaskStore) -> None:
    (folder / "src/mine/__pycache__").mkdir()
    (folder / "src/mine/__pycache__/bill.pyc").write_bytes(b"x")
    (folder / "tests/.pytest_cache").mkdir()
    (folder / "tests/.pytest_cache/test_x.py").write_text("")
    (folder / "tests/linked.txt").symlink_to(folder / "notes.txt")
    found = from_folder(folder, entry, store)
    tree = unpack(fetch(found, store))
    assert set(tree) == {"src/mine/__init__.py", "src/mine/bill.py", "tests/test_bill.py", "pytest.ini"}
    assert set(source_files(tree, found)) == {"src/mine/__init__.py", "src/mine/bill.py"}
    assert (found.version, found.commit) == ("", "")
    source = found.source(("comparison",))
    assert (source.kind, source.package, source.sha256, source.licence) == ("injected", "", found.sha256, "MIT")


def test_only_what_is_packed_makes_another_state(folder: Path, entry: Library) -> None:
    before = identity(folder, entry)
    (folder / "notes.txt").write_text("other")
    (folder / "src/mine/bill.py").touch()
    assert identity(folder, entry) == before
    (folder / "src/mine/bill.py").write_text(BILL + "\n")
    assert identity(folder, entry) != before


def test_the_commit_is_that_of_the_packed_files_and_empty_when_they_differ_from_it(folder: Path, entry: Library) -> None:
    git(folder, "init", "-q")
    assert identity(folder, entry)[1] == ""
    git(folder, "add", "src", "tests")
    git(folder, "commit", "-qm", "first")
    first = git(folder, "rev-parse", "HEAD")
    git(folder, "add", "notes.txt")
    git(folder, "commit", "-qm", "notes")
    assert identity(folder, entry)[1] == first
    (folder / "src/mine/bill.py").write_text(BILL + "\n")
    assert identity(folder, entry)[1] == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"path": "elsewhere"}, r"repository mine: .*elsewhere is no folder; remedy: name the folder"),
        ({"sources": ("src/other",)}, r"repository mine: there is no file at 'src/other'.*; remedy: name files and folders inside"),
        ({"sources": ("../mine",)}, r"there is no file at '\.\./mine'"),
        ({"sources": ("notes.txt",)}, r"no Python file under its sources \(notes\.txt\); remedy"),
        ({"tests": ("src",), "sources": ("tests",)}, r"no tests under src; remedy: .*test_\*\.py"),
        ({"exclude": ("tests/*",)}, r"there is no file at 'tests'.*`exclude` leaves something"),
    ],
)
def test_what_is_not_there_is_named_with_the_remedy(
    folder: Path, entry: Library, store: TaskStore, change: dict[str, tuple[str, ...]], said: str
) -> None:
    where = folder.parent / str(change.pop("path", "mine"))
    with pytest.raises(RepositoryUnusable, match=said):
        from_folder(where, replace(entry, **change), store)  # type: ignore[arg-type]


def test_its_own_unittest_suite_makes_tasks(folder: Path, entry: Library, store: TaskStore, local: Backend) -> None:
    mine = from_folder(folder, entry, store)
    tasks = build_pool([mine], 2, 1, store, local, Limits())
    assert [task.repo for task in tasks] == ["mine", "mine"]
    assert {task.base_archive for task in tasks} == {mine.sha256}
    assert " of mine should pass and " in tasks[0].problem_statement


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (UNITTEST.replace("108", "109"), r"1 of 5 fail, the first tests/test_bill\.py::Total::test_large"),
        ("import nowhere\n" + UNITTEST, "tests/test_bill.py.*nowhere"),
        ("x = 1\n", "no tests ran"),
    ],
)
def test_a_suite_that_does_not_pass_as_it_stands_is_one_clear_error(
    folder: Path, entry: Library, store: TaskStore, local: Backend, text: str, said: str
) -> None:
    (folder / "tests/test_bill.py").write_text(text)
    problems: list[TaskError] = []
    tasks = build_pool([from_folder(folder, entry, store)], 1, 1, store, local, Limits(), on_error=problems.append)
    assert tasks == []
    told = " ".join(str(problems[0]).split())
    assert told.startswith("repository mine: its own tests do not pass as they stand (")
    assert "remedy: mend them, or leave their files out with `exclude`" in told
    assert isinstance(problems[0], RepositoryUnusable)
    assert re.search(said, told), told
