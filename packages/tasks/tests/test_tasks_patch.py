"""Unified diffs: git applies them, in both directions."""

import subprocess
from pathlib import Path

import pytest
from agenttasks.faults.patch import unified_diff
from hypothesis import given, settings
from hypothesis import strategies as st

line = st.sampled_from(["", "a", "b", "  c", "d\x0ce", "f\r", "ä\u2028b"])
text = st.builds(lambda rows, end: "\n".join(rows) + end, st.lists(line, min_size=1, max_size=12), st.sampled_from(["", "\n"]))


@given(text, text)
@settings(max_examples=40, deadline=None)
def test_git_applies_a_diff_and_its_reverse(tmp_path_factory: pytest.TempPathFactory, before: str, after: str) -> None:
    folder = tmp_path_factory.mktemp("patch")
    if not before or not after:
        return
    target = folder / "pkg.py"
    target.write_bytes(before.encode())
    for old, new in ((before, after), (after, before)):
        patch = unified_diff({"pkg.py": old}, {"pkg.py": new})
        if patch:
            _apply(folder, patch)
        assert target.read_bytes() == new.encode()


def test_unchanged_files_are_not_named() -> None:
    assert unified_diff({"a": "1\n", "b": "1\n"}, {"a": "1\n", "b": "2\n"}).startswith("diff --git a/b b/b\n--- a/b\n+++ b/b\n@@")


def _apply(folder: Path, patch: str) -> None:
    subprocess.run(["git", "apply", "-"], cwd=folder, input=patch.encode(), check=True, capture_output=True)
