"""Copies go into the workdir and come out of it, and nowhere else."""

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from agentsandbox.errors import CopyRefused
from agentsandbox.sandbox import COPY_BYTES, Backend, Sandbox
from trajschema.rollout import Limits
from trajschema.task import Environment


def _archive(*members: tuple[str, bytes, str]) -> bytes:
    """A tar of (name, type, link target)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind, target in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
    return buffer.getvalue()


def test_a_file_goes_in_and_comes_out(box: Sandbox) -> None:
    data = bytes(range(256)) * 5000
    for path in ("new dir/ünï", "calc.py", "./a//b", "'; touch evil"):
        box.copy_in(path, data)
        assert box.copy_out(path) == data
    assert "evil" not in box.call("shell", {"command": "ls -A"}).content.replace("'; touch evil", "")


def test_a_large_file_goes_in_and_comes_out(backend: Backend) -> None:
    data = os.urandom(1 << 20) * 12
    with backend.open(Limits(), Environment()) as box:
        box.copy_in("large", data)
        assert box.copy_out("large") == data


def test_a_folder_goes_in_and_comes_out(box: Sandbox, tar: Callable[..., bytes], tmp_path: Path) -> None:
    box.copy_in("sub", tar({"x/a.txt": "a", "x/run": "#!/bin/sh\n"}, ("x/run",)), archive=True)
    box.call("shell", {"command": "(cd sub; ln -s x/a.txt link; ln x/a.txt hard; mkdir empty; mkfifo pipe; chmod 700 empty)"})
    packed = box.copy_out("sub")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(tmp_path, filter="data")
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")) == ["empty", "hard", "link", "x", "x/a.txt", "x/run"]
    assert (tmp_path / "hard").read_text() == "a"
    assert os.readlink(tmp_path / "link") == "x/a.txt"
    assert os.access(tmp_path / "x/run", os.X_OK)
    box.copy_in("again", packed, archive=True)
    assert box.copy_out("again/hard") == b"a"
    assert box.call("shell", {"command": "readlink again/link; stat -c %h again/x/a.txt"}).content == "x/a.txt\n2\n"


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "/testbed/../x", "out/passwd", "out", "a\0b", "calc.py/x"])
def test_no_path_leads_out(box: Sandbox, path: str) -> None:
    box.call("shell", {"command": "ln -s /etc out"})
    with pytest.raises(CopyRefused):
        box.copy_out(path)
    with pytest.raises(CopyRefused):
        box.copy_in(path, b"x")
    with pytest.raises(CopyRefused):
        box.copy_in(path, _archive(("x", tarfile.REGTYPE, "")), archive=True)


@pytest.mark.parametrize(
    "members",
    [
        [("../x", tarfile.REGTYPE, "")],
        [("/tmp/x", tarfile.REGTYPE, "")],
        [("a/../../x", tarfile.REGTYPE, "")],
        [("l", tarfile.SYMTYPE, "/etc")],
        [("a/l", tarfile.SYMTYPE, "../../x")],
        [("l", tarfile.SYMTYPE, "a"), ("l/x", tarfile.REGTYPE, "")],
        [("h", tarfile.LNKTYPE, "../../../etc/passwd")],
        [("h", tarfile.LNKTYPE, "/etc/passwd")],
        [("h", tarfile.LNKTYPE, "missing")],
        [("f", tarfile.FIFOTYPE, "")],
        [("d", tarfile.CHRTYPE, "")],
        [("d", tarfile.BLKTYPE, "")],
        [("calc.py", tarfile.DIRTYPE, "")],
    ],
)
def test_no_member_leads_out(box: Sandbox, members: list[tuple[str, bytes, str]]) -> None:
    before = box.call("shell", {"command": "cat calc.py; ls /etc /tmp ~"}).content
    with pytest.raises(CopyRefused):
        box.copy_in(".", _archive(*members), archive=True)
    assert box.call("shell", {"command": "cat calc.py; ls /etc /tmp ~"}).content == before


def test_special_and_endless_files_do_not_come_out(box: Sandbox) -> None:
    box.call("shell", {"command": "mkfifo pipe; ln -s /dev/zero zero; mkdir d; mkfifo d/pipe; ln -s /dev/zero d/zero"})
    for path in ("pipe", "zero", "missing", "missing/x"):
        with pytest.raises(CopyRefused):
            box.copy_out(path)
    with tarfile.open(fileobj=io.BytesIO(box.copy_out("d"))) as archive:
        assert [(m.name, m.issym()) for m in archive] == [(".", False), ("zero", True)]


def test_a_file_in_the_way_keeps_its_other_names(box: Sandbox) -> None:
    box.call("shell", {"command": "ln calc.py other; mkfifo pipe; ln -s calc.py l"})
    box.copy_in("calc.py", b"new")
    assert box.copy_out("other") != b"new"
    for path in ("pipe", "l", "tests"):
        with pytest.raises(CopyRefused):
            box.copy_in(path, b"x")


def test_what_is_too_large_is_refused(backend: Backend) -> None:
    with backend.open(Limits(disk_mb=100), Environment()) as box:
        box.call("shell", {"command": "truncate -s 70M sparse; mkdir d; truncate -s 40M d/a d/b"})
        for path in ("sparse", "d"):
            with pytest.raises(CopyRefused, match=str(COPY_BYTES)):
                box.copy_out(path)
        with pytest.raises(CopyRefused, match=str(COPY_BYTES)):
            box.copy_in("x", bytes(COPY_BYTES + 1))
        bomb = tarfile.TarInfo("bomb")
        bomb.size = COPY_BYTES + 1
        with pytest.raises(CopyRefused, match=str(COPY_BYTES)):
            box.copy_in("x", bomb.tobuf(), archive=True)
        with pytest.raises(CopyRefused, match="cannot be read"):
            box.copy_in("x", b"no archive", archive=True)
