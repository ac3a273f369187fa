"""A loaded repository holds one commit, and a check of what lies on the disk says so."""

import io
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from agentsandbox.sandbox import Sandbox
from agentsandbox.server.git.commit import LINK, PLAIN, RUNS, commit
from agentsandbox.server.git.history import Leak, check


def _git(folder: Path, *arguments: str) -> str:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    return subprocess.run(["git", *identity, *arguments], cwd=folder, env=env, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> tuple[Path, str]:
    """A repository as a load makes it, and its commit."""
    for name, text in (("a", "x\n"), ("d/e/b", "y\n"), ("d.txt", ""), ("d-", "z" * 200_000)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "l").symlink_to("a")
    (tmp_path / "a").chmod(0o755)
    blobs = {b"a": (RUNS, b"x\n"), b"d-": (PLAIN, b"z" * 200_000), b"d.txt": (PLAIN, b""), b"d/e/b": (PLAIN, b"y\n"), b"l": (LINK, b"a")}
    return tmp_path, commit(str(tmp_path / ".git"), blobs)


def test_git_agrees_with_the_commit(repository: tuple[Path, str]) -> None:
    folder, made = repository
    check(str(folder / ".git"), made)
    assert _git(folder, "rev-parse", "HEAD").strip() == made
    assert _git(folder, "fsck", "--strict", "--unreachable", "--no-reflogs") == ""
    assert _git(folder, "status", "--short") == ""
    tree = _git(folder, "rev-parse", "HEAD^{tree}").strip()
    (folder / ".git").rename(folder.parent / (folder.name + "-ours"))
    _git(folder, "init", "-q")
    _git(folder, "add", "-A")
    assert _git(folder, "write-tree").strip() == tree


@pytest.mark.parametrize(
    "change",
    [
        "git remote add origin /x",
        "git branch other",
        "git tag v1",
        "git update-ref refs/original/x HEAD",
        "git pack-refs --all",
        "git gc -q",
        "mkdir .git/logs && echo x > .git/logs/HEAD",
        "echo /x > .git/objects/info/alternates",
        "mkdir .git/hooks && echo x > .git/hooks/pre-commit",
        "git commit -q --allow-empty -m more",
        "echo secret | git hash-object -w --stdin",
        "echo more > new && git add new && git stash -q",
        "touch .git/ORIG_HEAD",
        "mkdir -p .git/modules/x",
        "mkdir .git/worktrees",
        "ln -s /x .git/refs/heads/link",
        "rm .git/objects/*/*",
        "chmod u+w .git/objects/*/* && for f in .git/objects/*/*; do echo x > $f; done",
        "git config core.hooksPath /x",
        "echo ref: refs/heads/other > .git/HEAD",
    ],
)
def test_whatever_is_more_than_one_commit_is_found(repository: tuple[Path, str], change: str) -> None:
    folder, made = repository
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    who = {f"GIT_{kind}_{part}": "a@b" for kind in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    subprocess.run(["bash", "-c", change], cwd=folder, env={**env, **who}, check=True, capture_output=True)
    with pytest.raises(Leak):
        check(str(folder / ".git"), made)


def _smuggling(tmp_path: Path) -> bytes:
    """An archive with repositories, links to repositories and a submodule in it, all holding a later commit."""
    top = tmp_path / "upstream"
    (top / "sub").mkdir(parents=True)
    for folder in (top / "sub", top):
        _git(folder, "init", "-q")
        for text in ("before", "after: the fix"):
            (folder / "a.py").write_text(text)
            _git(folder, "add", "a.py")
            _git(folder, "commit", "-q", "-m", text)
        _git(folder, "tag", "fixed")
        _git(folder, "checkout", "-q", "-b", "base", "HEAD~1")
    (top / ".gitmodules").write_text('[submodule "mod"]\n\tpath = mod\n\turl = /elsewhere\n')
    (top / "mod").mkdir()
    (top / "mod" / ".git").write_text("gitdir: ../.git/modules/mod\n")
    (top / "mod" / "b.py").write_text("b")
    (top / "linked").mkdir()
    (top / "linked" / ".git").symlink_to("../sub/.git")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(top, ".")
    return buffer.getvalue()


def test_no_history_comes_with_an_archive(box: Sandbox, tmp_path: Path) -> None:
    box.load(_smuggling(tmp_path))
    look = "find . -name .git; git log --all --oneline | wc -l; git tag; git cat-file --batch-all-objects --batch | grep -ac 'the fix'"
    assert box.call("shell", {"command": look}).content == "./.git\n1\n0\n"
    assert box.call(
        "shell", {"command": "cat a.py sub/a.py mod/b.py; git status --short; cd sub && git log --oneline | wc -l"}
    ).content == ("beforebeforeb1\n")


def test_a_patch_cannot_bring_a_repository(box: Sandbox, tar: Callable[..., bytes]) -> None:
    patch = "diff --git a/.git/hooks/x b/.git/hooks/x\nnew file mode 100755\n--- /dev/null\n+++ b/.git/hooks/x\n@@ -0,0 +1 @@\n+x\n"
    with pytest.raises(ValueError, match="does not apply"):
        box.load(tar({"a.py": "x\n"}), [patch])
