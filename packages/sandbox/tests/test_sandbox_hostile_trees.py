"""Paths, diffs and archives that try to reach beyond the repository."""

import base64
import contextlib
import io
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from agentsandbox.errors import PatchRejected, TreeTooLarge
from agentsandbox.sandbox import Backend, Sandbox
from agentsandbox.settings import BASE
from trajschema.rollout import Limits
from trajschema.task import Environment


def _adds(path: str, mode: str = "100644", line: str = "evil") -> str:
    return f"diff --git a/{path} b/{path}\nnew file mode {mode}\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+{line}\n"


def _links(path: str, target: str) -> str:
    head = f"diff --git a/{path} b/{path}\nnew file mode 120000\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n"
    return f"{head}+{target}\n\\ No newline at end of file\n"


def _binary(path: str, data: bytes) -> str:
    packed = zlib.compress(data)
    text = base64.b85encode(packed + bytes(-len(packed) % 4)).decode()
    size = chr(ord("A") + len(packed) - 1) if len(packed) <= 26 else chr(ord("a") + len(packed) - 27)
    head = f"diff --git a/{path} b/{path}\nnew file mode 100644\nindex {'0' * 40}..{'1' * 40}\nGIT binary patch\n"
    return f"{head}literal {len(data)}\n{size}{text}\n\nliteral 0\nHcmV?d00001\n\n"


def _renames(old: str, new: str) -> str:
    return f"diff --git a/{old} b/{new}\nsimilarity index 100%\nrename from {old}\nrename to {new}\n"


HOSTILE = {
    "parent": _adds("../evil"),
    "parent inside": _adds("a/../../evil"),
    "absolute": _adds("/tmp/evil"),
    "absolute without prefix": "--- /dev/null\n+++ /tmp/evil\n@@ -0,0 +1 @@\n+evil\n",
    "doubled slash": _adds("//tmp/evil"),
    "binary": _binary("../evil", b"\0evil"),
    "rename out": _renames("calc.py", "../evil"),
    "rename in": _renames("../../etc/passwd", "stolen"),
    "copy in": _renames("../../etc/passwd", "stolen").replace("rename", "copy"),
    "copy in by a quoted name": "diff --git a/x b/stolen\nsimilarity index 100%\n"
    + 'copy from "\\056\\056/\\056./etc/passwd"\ncopy to stolen\n',
    "copy in by a whole path": _renames("/etc/passwd", "stolen").replace("rename", "copy"),
    "the repository": _adds(".git/hooks/pre-commit", "100755"),
    "the repository below": _adds("sub/.git/config"),
    "the repository in capitals": _adds(".GIT/config"),
    "the repository disguised": _adds("git~1/config"),
    "through its own link": _links("door", "/tmp") + _adds("door/evil"),
    "through its own link to a parent": _links("door", "..") + _adds("door/evil"),
    "device": _adds("dev", "020000"),
    "module": _adds("mod", "160000"),
    "zero byte": _adds("a\0b"),
}
HARMLESS = ("absolute without prefix", "doubled slash", "device", "module", "zero byte")
"""May apply: what git makes of them is an ordinary file or folder in the repository."""


@pytest.mark.parametrize("patch", HOSTILE.values(), ids=HOSTILE)
def test_a_diff_stays_in_the_repository_or_is_refused_whole(box: Sandbox, patch: str) -> None:
    refused = False
    try:
        box.apply(_adds("innocent.txt") + patch)
    except PatchRejected:
        refused = True
    assert box.call("shell", {"command": "ls -d /tmp/evil ../evil /evil stolen ../stolen .git/hooks/* sub/.git 2>/dev/null"}).content == ""
    assert box.call("shell", {"command": "find . -not -type f -not -type d -not -type l"}).content == ""
    assert box.call("shell", {"command": "git status --short | head -1"}).exit_code == 0
    if refused:
        assert box.diff() == ""
    else:
        assert patch in (HOSTILE[name] for name in HARMLESS)


def test_a_diff_does_not_write_through_a_link_that_was_there(box: Sandbox) -> None:
    box.call("shell", {"command": "ln -s /tmp door; ln -s /tmp/evil file"})
    for patch in (_adds("door/evil"), "--- a/file\n+++ b/file\n@@ -0,0 +1 @@\n+evil\n", _adds("file")):
        with pytest.raises(PatchRejected):
            box.apply(patch)
    assert box.call("shell", {"command": "ls /tmp/evil"}).exit_code != 0


def test_restoring_does_not_write_through_a_link(box: Sandbox) -> None:
    moved = "mkdir /tmp/away; mv tests/* /tmp/away; rmdir tests; ln -s /tmp/away tests; echo evil > /tmp/away/test_calc.py"
    box.call("shell", {"command": moved})
    assert box.restore(["tests/**", "tests"]) == ["tests", "tests/test_calc.py"]
    assert box.call("shell", {"command": "cat /tmp/away/test_calc.py"}).content == "evil\n"
    assert box.diff() == ""


def test_links_modes_and_odd_names_travel_as_themselves(box: Sandbox) -> None:
    made = (
        "ln -s ../../../etc/passwd out; ln -s / root; chmod +x calc.py; mkdir -p deep/.git; echo x > deep/.git/config; mkfifo pipe;"
        "printf x > $'new\\nline'; printf x > '-rf'; printf x > ' b'; printf x > 'a b\"c'; chmod 0 data.bin; mkdir -m 0 locked"
    )
    box.call("shell", {"command": made})
    diff = box.diff()
    assert "root:x:" not in diff
    assert "pipe" not in diff
    assert ".git/config" not in diff
    assert "new mode 100755" in diff
    box.call("shell", {"command": "chmod 644 data.bin; chmod 700 locked"})
    again = box.diff()
    box.restore(["**"])
    assert box.diff() == ""
    box.apply(again)
    assert box.diff() == again
    assert box.call("shell", {"command": "readlink out root"}).content == "../../../etc/passwd\n/\n"


def _nest(depth: int, name: str = "d", top: str = ".") -> str:
    """A command that makes folders ``depth`` deep below ``top``, with a file in the innermost."""
    return f"""python3 -c "
import os
os.chdir('{top}')
for _ in range({depth}):
    os.mkdir('{name}')
    os.chdir('{name}')
open('deep.txt', 'w').write('zebra')
" """


@pytest.mark.soak
def test_a_thousand_nested_folders_are_a_tree_like_any_other(strong_backend: Backend, tar: Callable[..., bytes]) -> None:
    with strong_backend.open(Limits(), Environment()) as box:
        box.load(tar({"calc.py": "x = 1\n"}))
        box.call("shell", {"command": _nest(1500)})
        path = "d/" * 1500 + "deep.txt"
        diff = box.diff()
        assert f"b/{path}\n" in diff
        assert f"{path}:1:zebra" in box.call("search", {"pattern": "zebra"}).content
        assert box.call("symbols", {"name": "zebra"}).error is None
        assert box.restore(["**"]) == [path]
        assert box.diff() == ""
        box.apply(diff)
        assert box.diff() == diff
        box.load(tar({path: "zebra"}))
        assert box.diff() == ""


def test_what_lies_too_deep_for_a_patch_is_left_out_and_does_no_harm(strong_backend: Backend, tar: Callable[..., bytes]) -> None:
    with strong_backend.open(Limits(), Environment()) as box:
        box.load(tar({"calc.py": "x = 1\n"}))
        made = box.call("shell", {"command": f"{_nest(25, 'd' * 200)}; {_nest(19, 'e' * 209)}; echo x > new"})
        assert made.exit_code == 0
        assert "+++ b/new" in box.diff()
        assert ".txt" not in box.diff()
        assert box.restore(["**/*.py"]) == []
        assert "too" not in box.call("search", {"pattern": "zebra"}).content
        with pytest.raises(TreeTooLarge):
            box.snapshot()
        box.reset()
        assert box.diff() == ""


def test_deep_and_closed_folders_beside_the_workdir_stop_no_call(strong_backend: Backend, tar: Callable[..., bytes]) -> None:
    with strong_backend.open(Limits(), Environment()) as box:
        box.load(tar({"calc.py": "x = 1\n"}))
        box.call("git", {"args": ["status"]})
        box.call("shell", {"command": f"{_nest(1500, top=BASE + '/view')}; chmod 0 {BASE}/view/d"})
        assert box.call("git", {"args": ["status"]}).exit_code == 0


def test_what_the_agent_may_not_read_is_in_the_diff_and_stays_closed(box: Sandbox) -> None:
    closed = (
        "mkdir -p new/inner; echo x > new/inner/f; echo y > y; chmod 0 y new/inner/f new/inner new;"
        "chmod 0 calc.py run.sh; echo more >> data.bin; chmod 0 data.bin; chmod 500 tests"
    )
    box.call("shell", {"command": closed})
    diff = box.diff()
    named = [line.split(" b/")[-1] for line in diff.split("\n") if line.startswith("diff --git")]
    assert named == ["data.bin", "new/inner/f", "run.sh", "y"]
    assert "deleted" not in diff
    modes = "stat -c %a y new calc.py run.sh tests | tr '\\n' ' '"
    assert box.call("shell", {"command": modes}).content == "0 0 0 0 500 "
    assert box.diff() == diff
    box.reset()
    box.apply(diff)
    assert box.diff() == diff


def test_restoring_reaches_what_the_agent_closed(box: Sandbox) -> None:
    box.call(
        "shell", {"command": "echo evil > tests/conftest.py; echo evil > tests/test_calc.py; chmod 0 calc.py tests/test_calc.py tests ."}
    )
    assert box.restore(["tests/**", "calc.py"]) == ["calc.py", "tests/conftest.py", "tests/test_calc.py"]
    assert box.diff() == ""
    assert "return a + b" in box.call("file_read", {"path": "calc.py"}).content


@pytest.mark.parametrize("path", ["../escape", "/escape", "a/../../escape", "door/escape"])
def test_tools_reach_no_further_than_the_box_itself(strong_backend: Backend, tmp_path: Path, path: str, tar: Callable[..., bytes]) -> None:
    host = tmp_path / "secret"
    host.write_text("s3cret")
    with strong_backend.open(Limits(), Environment()) as box:
        box.load(tar({"calc.py": "x = 1\n"}))
        box.call("shell", {"command": "ln -s / door"})
        assert box.call("file_write", {"path": path, "content": "x"}).error
        assert box.call("file_edit", {"path": "/etc/passwd", "old_string": "root", "new_string": "toor"}).error
        for name in (str(host), f"..{host}", f"door{host}", f"/proc/1/root{host}", f"/proc/self/root{host}"):
            assert "s3cret" not in box.call("file_read", {"path": name}).content
            assert "s3cret" not in box.call("search", {"pattern": "s3cret", "path": name}).content
        assert box.call("file_read", {"path": "calc.py"}).content == "x = 1\n"


def _member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, mode
    data = b"evil" if kind == tarfile.REGTYPE else b""
    info.size = len(data)
    info.uid, info.gid = 0, 0
    return info, data


def _archive(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


TRAVERSING = {
    "parent": (_member("../evil"),),
    "parent inside": (_member("a/../../evil"),),
    "absolute": (_member("/tmp/evil"),),
    "through a link": (_member("door", tarfile.SYMTYPE, "/tmp"), _member("door/evil")),
    "through a link to a parent": (_member("door", tarfile.SYMTYPE, ".."), _member("door/evil")),
    "through two links": (_member("a", tarfile.SYMTYPE, "b"), _member("b", tarfile.SYMTYPE, ".."), _member("a/evil")),
    "over a link": (_member("door", tarfile.SYMTYPE, "/tmp/evil"), _member("door")),
    "hard link out": (_member("stolen", tarfile.LNKTYPE, "../../etc/passwd"),),
    "hard link to a link": (_member("door", tarfile.SYMTYPE, "/etc/passwd"), _member("stolen", tarfile.LNKTYPE, "door")),
}


@pytest.mark.parametrize("members", TRAVERSING.values(), ids=TRAVERSING)
def test_an_archive_that_leaves_the_repository_is_refused_or_stays_inside(
    backend: Backend, members: tuple[tuple[tarfile.TarInfo, bytes], ...], tar: Callable[..., bytes]
) -> None:
    with backend.open(Limits(), Environment()) as box:
        with contextlib.suppress(ValueError):
            box.load(_archive(*members))
        found = box.call("shell", {"command": "ls -d /tmp/evil ../evil /evil 2>/dev/null; cat stolen 2>/dev/null | grep -c root"}).content
        assert found in ("", "0\n")
        box.load(tar({"a": "b"}))
        assert box.call("shell", {"command": "ls -A; cat a"}).content == ".git\na\nb"


def test_special_files_bits_and_owners_of_an_archive_are_dropped(backend: Backend) -> None:
    members = (
        _member("dev", tarfile.CHRTYPE),
        _member("pipe", tarfile.FIFOTYPE),
        _member("suid", mode=0o6755),
        _member(".git/hooks/x", mode=0o755),
        _member("sub/.git/config"),
    )
    with backend.open(Limits(), Environment()) as box:
        box.load(_archive(*members))
        assert box.call("shell", {"command": "ls | tr '\\n' ' '; stat -c %a suid; ls .git/hooks 2>/dev/null"}).content == "suid 755\n"


@pytest.mark.parametrize("data", [b"", b"no archive", b"\x1f\x8b\x08\0garbage", b"\0" * 512], ids=["empty", "text", "cut gzip", "zeros"])
def test_what_is_no_archive_is_an_error_or_an_empty_tree(box: Sandbox, data: bytes) -> None:
    with contextlib.suppress(ValueError):
        box.load(data)
    assert box.call("shell", {"command": "ls"}).content == ""


def test_files_that_claim_any_size_are_neither_searched_nor_part_of_a_diff(box: Sandbox, tar: Callable[..., bytes]) -> None:
    box.load(tar({"calc.py": "def add(): pass\n", "big.txt": "one\n"}))
    made = box.call("shell", {"command": "truncate -s 200M holes.py && truncate -s 200M big.txt && echo def new: > new.txt"})
    assert made.exit_code == 0
    assert box.call("search", {"pattern": "def"}).content == "calc.py:1:def add(): pass\nnew.txt:1:def new:\n"
    assert "add" in box.call("symbols", {}).content
    assert [line for line in box.diff().splitlines() if line.startswith("diff")] == ["diff --git a/new.txt b/new.txt"]


def test_a_command_line_of_any_length_ends_in_its_limit(box: Sandbox, tar: Callable[..., bytes]) -> None:
    box.load(tar({"calc.py": "\n"}))
    long = box.call("shell", {"command": f"echo {'x' * 1_600_000} | wc -c"}, timeout_s=10)
    assert (long.content, long.exit_code) == ("1600001\n", 0)
    assert box.call("shell", {"command": "echo alive"}).content == "alive\n"


def test_thousands_of_paths_are_restored(box: Sandbox, tar: Callable[..., bytes]) -> None:
    box.load(tar({**{f"tests/a{i}.py": "x\n" for i in range(1500)}, "calc.py": "\n"}))
    box.call("shell", {"command": "rm -r tests; mkdir tests; for i in $(seq 3000); do echo y > tests/b$i.py; done"})
    assert len(box.restore([*(f"tests/c{i}.py" for i in range(300)), "tests/**"])) == 4500
