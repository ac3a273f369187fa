"""A loaded tree is one commit; a diff carries everything there and back."""

import io
import tarfile
from collections.abc import Callable

import pytest
from agentsandbox.errors import PatchRejected
from agentsandbox.sandbox import Sandbox

LISTING = (
    "find . -path ./.git -prune -o ! -name '*.pyc' ! -type d ! -name pipe ! -path '*cache*' -print0 | sort -z | xargs -0 sha256sum;"
    "ls -l run.sh link | cut -c1-10"
)


def _change(box: Sandbox) -> None:
    box.call("file_write", {"path": "calc.py", "content": "changed\n"})
    box.call("file_write", {"path": "new dir/ünï.txt", "content": "no newline at the end"})
    box.call("file_write", {"path": "latin.txt", "content": "x"})
    box.call(
        "shell",
        {
            "command": "rm tests/test_calc.py; chmod -x run.sh; printf '\\0\\1\\2' > new.bin; ln -s calc.py link;"
            "printf 'caf\\351\\n' > latin.txt;"
            "mkdir -p __pycache__ .pytest_cache empty; touch __pycache__/a.pyc .pytest_cache/x b.pyc; mkfifo pipe"
        },
    )


def test_a_diff_carries_new_deleted_binary_and_mode(box: Sandbox) -> None:
    _change(box)
    before = box.call("shell", {"command": LISTING})
    patch = box.diff()
    assert patch.encode()  # no lone surrogates
    for part in ("new dir/", "deleted file mode", "GIT binary patch", "old mode 100755", "new file mode 120000"):
        assert part in patch
    assert "pyc" not in patch
    assert box.restore(["**"]) != []
    assert box.diff() == ""
    box.apply(patch)
    after = box.call("shell", {"command": LISTING})
    assert after.content == before.content
    assert box.diff() == patch


def test_a_diff_survives_what_the_agent_does_to_git(box: Sandbox) -> None:
    box.call("file_write", {"path": "calc.py", "content": "changed\n"})
    want = box.diff()
    for command in (
        "git add -A && git commit -qm mine",
        "git reset -q --hard HEAD~0; git config core.autocrlf true",
        "rm -rf .git",
        "git init -q . && git init -q sub && echo '* text eol=crlf' > .git/info/attributes; rm -rf sub",
    ):
        box.call("shell", {"command": command})
        assert box.diff() == want


def test_files_in_a_nested_repository_count(box: Sandbox) -> None:
    box.call("shell", {"command": "mkdir sub && git init -q sub && echo x > sub/a.txt"})
    assert "+++ b/sub/a.txt" in box.diff()


def test_ignored_new_files_count(box: Sandbox) -> None:
    box.call("shell", {"command": "echo '*.txt' > .gitignore; echo x > a.txt"})
    assert "+++ b/a.txt" in box.diff()


def test_history_is_one_commit_and_nothing_else(box: Sandbox) -> None:
    look = (
        "git log --all --format=%H | wc -l; git for-each-ref; git remote; git stash list; git reflog;"
        "git fsck --unreachable --no-reflogs; git count-objects -v | grep -E '^(packs|garbage)'; git status --short"
    )
    assert box.call("shell", {"command": look}).content.splitlines() == [
        "1",
        box.call("shell", {"command": "git rev-parse HEAD"}).content.strip() + " commit\trefs/heads/main",
        "packs: 0",
        "garbage: 0",
    ]


def test_the_commit_is_the_same_for_the_same_tree(box: Sandbox, tar: Callable[..., bytes]) -> None:
    commits = []
    for _ in range(2):
        box.load(tar({"a.py": "x\n"}))
        commits.append(box.call("shell", {"command": "git log -1 --format='%H %an %ad'; ls -l"}).content)
    assert commits[0] == commits[1]


def test_load_leaves_nothing_of_before(box: Sandbox, tar: Callable[..., bytes]) -> None:
    box.call(
        "shell",
        {"command": "echo x | tee -a calc.py /tmp/left ~/left /dev/shm/left; mkdir -p locked/in; chmod 0 locked; (setsid sleep 77 &)"},
    )
    box.load(tar({"a.py": "x\n"}))
    assert (
        box.call("shell", {"command": "ls -A . /tmp ~; grep -al '^sleep.77' /proc/[0-9]*/cmdline 2>/dev/null"}).content
        == ".:\n.git\na.py\n\n/home/agent:\n\n/tmp:\n"
    )
    assert box.diff() == ""


def test_load_applies_patches_before_the_commit(box: Sandbox, tar: Callable[..., bytes]) -> None:
    patch = "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x\n+y"
    box.load(tar({"a.py": "x\n"}), [patch, "", "\n"])
    assert box.call("file_read", {"path": "a.py"}).content == "y\n"
    assert box.diff() == ""
    with pytest.raises(PatchRejected):
        box.load(tar({"a.py": "z\n"}), [patch])


def test_line_ends_survive_whatever_attributes_say(box: Sandbox, tar: Callable[..., bytes]) -> None:
    box.load(tar({"a.txt": "one\r\ntwo\r\n", ".gitattributes": "* text=auto eol=lf\n*.txt ident\n"}))
    box.call("file_edit", {"path": "a.txt", "old_string": "two", "new_string": "2"})
    patch = box.diff()
    box.restore(["**"])
    box.apply(patch)
    assert box.call("shell", {"command": "od -An -c a.txt"}).content.split() == ["o", "n", "e", "\\r", "\\n", "2", "\\r", "\\n"]


def test_a_patch_applies_whole_or_not_at_all(box: Sandbox) -> None:
    good = "diff --git a/n.txt b/n.txt\nnew file mode 100644\n--- /dev/null\n+++ b/n.txt\n@@ -0,0 +1 @@\n+x\n"
    bad = "--- a/calc.py\n+++ b/calc.py\n@@ -1 +1 @@\n-not there\n+x\n"
    for patch in (
        good + bad,
        "no patch at all",
        "--- a/../x\n+++ b/../x\n@@ -0,0 +1 @@\n+x\n",
        "diff --git a/.git/config b/.git/config\n--- a/.git/config\n+++ b/.git/config\n@@ -1 +1 @@\n-[core]\n+x\n",
    ):
        with pytest.raises(PatchRejected):
            box.apply(patch)
        assert box.diff() == ""


def test_restore_puts_back_only_what_matches(box: Sandbox) -> None:
    box.call(
        "shell",
        {
            "command": "echo x >> tests/test_calc.py; rm run.sh; echo y > tests/conftest.py; mkdir -p a/__pycache__;"
            "echo z > a/conftest.py; touch a/__pycache__/z.pyc; echo k >> calc.py"
        },
    )
    assert box.restore(["tests/**", "**/conftest.py", "**/*.pyc"]) == [
        "a/__pycache__/z.pyc",
        "a/conftest.py",
        "tests/conftest.py",
        "tests/test_calc.py",
    ]
    assert box.call("shell", {"command": "git status --short; ls"}).content == " M calc.py\n D run.sh\ncalc.py\ndata.bin\ntests\n"


def test_restore_is_not_fooled_by_links_and_folders(box: Sandbox) -> None:
    box.call("shell", {"command": "mv tests mine; ln -s mine tests; rm calc.py; mkdir calc.py; touch calc.py/x"})
    box.restore(["tests/**", "calc.py"])
    assert (
        box.call("shell", {"command": "test -L tests || cat tests/test_calc.py calc.py | head -1"}).content == "from calc import add, sub\n"
    )


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil"])
def test_a_tree_cannot_leave_the_box(box: Sandbox, tar: Callable[..., bytes], name: str) -> None:
    with pytest.raises(ValueError, match="outside of itself"):
        box.load(tar({name: "x"}))


def test_a_tree_cannot_write_through_a_link(box: Sandbox) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        link = tarfile.TarInfo("out")
        link.type, link.linkname = tarfile.SYMTYPE, "/tmp"
        archive.addfile(link)
        archive.addfile(tarfile.TarInfo("out/evil"), io.BytesIO(b""))
    with pytest.raises(ValueError, match="through a link"):
        box.load(buffer.getvalue())


def test_a_file_of_a_tree_replaces_a_link_of_its_name(box: Sandbox) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        link = tarfile.TarInfo("a")
        link.type, link.linkname = tarfile.SYMTYPE, "/tmp/evil"
        archive.addfile(link)
        archive.addfile(tarfile.TarInfo("a"), io.BytesIO(b""))
    box.load(buffer.getvalue())
    assert box.call("shell", {"command": "stat -c %F a; ls /tmp"}).content == "regular empty file\n"


def test_what_is_no_archive_is_refused(box: Sandbox) -> None:
    with pytest.raises(ValueError, match="no tar archive"):
        box.load(b"what")


def test_a_git_folder_in_the_tree_is_left_out(box: Sandbox, tar: Callable[..., bytes]) -> None:
    box.load(tar({".git/config": "[evil]", "a.py": "x", "sub/.git/HEAD": "y"}))
    assert box.call("shell", {"command": "grep -c evil .git/config; ls -A"}).content == "0\n.git\na.py\n"
