"""Unified diffs as git writes them are read whole; damaged and hostile ones are read as far as they go."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trajschema.diffs import line_kinds, paths_in, read_diff

NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda name: name not in (".", "..") and name.lower() != ".git"
)


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "core.autocrlf=false", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout.decode("utf-8", "surrogateescape")


@pytest.fixture
def changed(tmp_path: Path) -> str:
    """A diff of every kind of change."""
    before = {"a b.txt": "x\n", "ä.py": "-- a/x\nq\n", "mode.sh": "1\n", "old name": "1\n2\n3\n4\n", "b/b b": "z\n", 'qu"o\\te\n': "1\n"}
    git(tmp_path, "init", "-q")
    (tmp_path / "b").mkdir()
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "binary").write_bytes(b"\0\1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "before")
    (tmp_path / "a b.txt").write_text("y")
    (tmp_path / "ä.py").write_text("q\n++ b/y\n")
    (tmp_path / 'qu"o\\te\n').write_text("2\n")
    (tmp_path / "mode.sh").chmod(0o755)
    (tmp_path / "old name").rename(tmp_path / "new ñame")
    (tmp_path / "binary").write_bytes(b"\0\2")
    (tmp_path / "b" / "b b").unlink()
    (tmp_path / "empty").touch()
    git(tmp_path, "add", "-A")
    return git(tmp_path, "diff", "--cached", "-M")


def test_every_kind_of_change_that_git_writes_is_read(changed: str) -> None:
    files = {file.path: file for file in read_diff(changed)}
    assert set(files) == {"a b.txt", "ä.py", "mode.sh", "new ñame", "b/b b", 'qu"o\\te\n', "binary", "empty"}
    assert files["new ñame"].old_path == "old name"
    assert files["b/b b"].new_path is None
    assert (files["empty"].old_path, files["empty"].hunks) == (None, [])
    assert [path for path, file in files.items() if file.binary] == ["binary"]
    assert all(hunk.whole for file in files.values() for hunk in file.hunks)
    assert paths_in(changed).index("old name") == paths_in(changed).index("new ñame") - 1


def test_lines_that_look_like_headers_are_content_where_the_counts_say_so(changed: str) -> None:
    (hunk,) = next(file for file in read_diff(changed) if file.path == "ä.py").hunks
    assert (hunk.old_start, hunk.old, hunk.new_start, hunk.new) == (1, ["-- a/x", "q"], 1, ["q", "++ b/y"])
    kinds = [kind for kind, line in line_kinds(changed.split("\n")) if line in ("--- a/x", "+++ b/y", "\\ No newline at end of file")]
    assert kinds == ["note", "removed", "added"]


def test_a_diff_without_lines_of_git_is_read_too() -> None:
    (one, two) = read_diff("some words\n--- a.py\t2024-01-01\n+++ a.py\t2024-01-02\n@@ -2,0 +3 @@ def f\n+x\n--- /dev/null\n+++ b/c.py\n")
    assert (one.old_path, one.path, one.hunks[0].old_start, one.hunks[0].old, one.hunks[0].new) == ("a.py", "a.py", 2, [], ["x"])
    assert (two.old_path, two.path) == (None, "c.py")


def test_ends_of_lines_are_content_unless_the_whole_diff_was_rewritten() -> None:
    diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\r\n+b\r\n"
    assert [hunk.new for file in read_diff(diff) for hunk in file.hunks] == [["b\r"]]
    assert [hunk.new for file in read_diff(diff.replace("\r\n", "\n").replace("\n", "\r\n")) for hunk in file.hunks] == [["b"]]


def test_a_hunk_that_ends_early_is_not_whole_and_what_follows_is_read() -> None:
    (one, two) = read_diff("--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\ndiff --git a/y b/y\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n")
    assert ([h.whole for h in one.hunks], [h.whole for h in two.hunks]) == ([False], [True])


def test_what_is_no_diff_has_no_files() -> None:
    assert read_diff("") == read_diff("I fixed it.\n--- \n@@ -1 +1 @@\n-a\n+b\n") == []


PIECES = [
    "diff --git ",
    "--- ",
    "+++ ",
    "@@ -1,2 +1 @@",
    "a/x",
    '"',
    "\\",
    "\n",
    "-",
    "+",
    " ",
    "\r",
    "\ud800",
    "rename to ",
    "new file mode ",
]


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_no_text_makes_the_reader_raise(text: str) -> None:
    for file in read_diff(text):
        assert file.path
        for hunk in file.hunks:
            assert len(hunk.old) + len(hunk.new) >= len(hunk.lines)
    assert [line for _, line in line_kinds(text.split("\n"))] == text.split("\n")


@given(NAMES, NAMES)
def test_a_quoted_path_is_the_path_that_was_written(one: str, two: str) -> None:
    def quoted(name: str) -> str:
        return '"' + "".join(f"\\{byte:03o}" if byte < 33 or byte > 126 or byte in b'"\\' else chr(byte) for byte in name.encode()) + '"'

    (file,) = read_diff(f"diff --git {quoted(f'a/{one}')} {quoted(f'b/{two}')}\nold mode 100644\nnew mode 100755\n")
    assert (file.old_path, file.new_path) == (one, two)
