"""Files are read in windows, written in place, and edited only to something sound."""

import re
from typing import Any

import pytest
from agentsandbox.sandbox import Sandbox

NUMBERS = "".join(f"{n}\n" for n in range(1, 251))


def read(box: Sandbox, path: str, start: int | None = None, end: int | None = None) -> str:
    return box.call("file_read", {"path": path, "start_line": start, "end_line": end}).content


def test_a_short_file_is_shown_whole(box: Sandbox) -> None:
    assert read(box, "run.sh") == "#!/bin/sh\necho ran\n"
    box.call("file_write", {"path": "n.txt", "content": NUMBERS[:292]})
    assert read(box, "n.txt") == NUMBERS[:292]
    box.call("file_write", {"path": "e.txt", "content": ""})
    assert read(box, "e.txt") == ""


@pytest.mark.parametrize(
    ("start", "end", "first", "last", "note"),
    [
        (None, None, 1, 100, "[lines 1-100 of 250; 0 above, 150 below]\n"),
        (101, None, 101, 200, "[lines 101-200 of 250; 100 above, 50 below]\n"),
        (201, None, 201, 250, "[lines 201-250 of 250; 200 above, 0 below]\n"),
        (None, 3, 1, 3, ""),
        (2, 240, 2, 240, ""),
        (250, 999, 250, 250, ""),
    ],
)
def test_a_long_file_is_shown_in_windows(box: Sandbox, start: int | None, end: int | None, first: int, last: int, note: str) -> None:
    box.call("file_write", {"path": "n.txt", "content": NUMBERS})
    shown = "".join(f"{n}\n" for n in range(first, last + 1))
    assert read(box, "n.txt", start, end) == shown + note
    box.call("file_write", {"path": "n.txt", "content": NUMBERS[:-1]})
    assert read(box, "n.txt", start, end).rstrip("\n") == (shown + note).rstrip("\n")


def test_a_window_of_a_huge_line_is_cut_like_any_output(box: Sandbox) -> None:
    box.call("shell", {"command": "head -c 3000000 /dev/zero | tr '\\0' x > huge.txt; printf '\\nend\\n' >> huge.txt; seq 200 >> huge.txt"})
    observation = box.call("file_read", {"path": "huge.txt"})
    assert observation.truncated
    assert observation.total_bytes is not None
    assert observation.total_bytes > 3_000_000
    assert observation.content.endswith("[lines 1-100 of 202; 0 above, 102 below]\n")


def test_bytes_that_are_no_text(box: Sandbox) -> None:
    observation = box.call("file_read", {"path": "data.bin"})
    assert observation.error is None
    assert "\ufffd" in observation.content
    assert observation.total_bytes == 256


@pytest.mark.parametrize("path", ["pipe", "/dev/zero", "/proc/self/environ", "/proc/self/fd/0", "link"])
def test_only_regular_files_are_opened(box: Sandbox, path: str) -> None:
    box.call("shell", {"command": "mkfifo pipe; ln -s /proc/self/mem link"})
    for tool, more in (("file_read", {}), ("file_write", {"content": "x"}), ("file_edit", {"old_string": "a", "new_string": "b"})):
        assert box.call(tool, {"path": path, **more}).error
    for fd in range(3, 12):
        assert box.call("file_write", {"path": f"/proc/self/fd/{fd}", "content": '{"id": 1, "result": {}}\n'}).error
    assert box.call("shell", {"command": "echo on"}).content == "on\n"


PATHS = ["a b.txt", "x;touch evil", "$(touch evil)", "-rf", "--output=evil", "new\nline", "é\u2028ü", "'\"\\", "\udcff", "*", "~", "a:1:b"]


@pytest.mark.parametrize("path", PATHS)
def test_any_name_is_a_name(box: Sandbox, path: str) -> None:
    for name in (path, f"deep {path}/{path}"):
        assert box.call("file_write", {"path": name, "content": "one\ntwo\n"}).error is None
        assert box.call("file_edit", {"path": name, "old_string": "two", "new_string": "three"}).error is None
        assert read(box, name) == "one\nthree\n"
        assert "three" in box.call("search", {"pattern": "thr", "path": name}).content
        assert box.call("symbols", {"path": name}).error is None
        assert box.call("git", {"args": ["status", "--", name]}).error is None or path.startswith("--")
    assert box.call("shell", {"command": "ls evil"}).exit_code == 2


def test_links_that_lead_nowhere(box: Sandbox) -> None:
    box.call("shell", {"command": "ln -s b a; ln -s a b; ln -s . here; ln -s gone dangling"})
    assert "symbolic links" in (box.call("file_read", {"path": "a"}).error or "")
    assert "symbolic links" in (box.call("file_write", {"path": "a", "content": ""}).error or "")
    assert box.call("search", {"pattern": "def add"}).content == "calc.py:1:def add(a, b):\n"
    assert read(box, "here/here/run.sh") == "#!/bin/sh\necho ran\n"
    assert box.call("file_write", {"path": "dangling", "content": "x"}).error is None
    assert read(box, "gone") == "x"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [("file_write", {"content": "#!/bin/sh\necho two\n"}), ("file_edit", {"old_string": "ran", "new_string": "two"})],
)
def test_mode_links_and_owner_stay_and_the_time_is_now(box: Sandbox, tool: str, arguments: dict[str, Any]) -> None:
    box.call("shell", {"command": "ln run.sh hard; ln -s run.sh soft; chmod 751 run.sh; touch before"})
    assert box.call(tool, {"path": "soft", **arguments}).error is None
    shown = box.call(
        "shell",
        {"command": "stat -c '%a %h' run.sh; ./hard; readlink soft; [ before -nt run.sh ] || echo new; date +%s; stat -c %Y run.sh"},
    )
    *lines, now, changed = shown.content.split("\n")[:-1]
    assert lines == ["751 2", "two", "run.sh", "new"]
    assert abs(int(now) - int(changed)) <= 2


def test_folders_are_made(box: Sandbox) -> None:
    assert box.call("file_write", {"path": "new/deep/x y;z.txt", "content": "é\n"}).content == "created new/deep/x y;z.txt (3 bytes)"
    assert read(box, "new/deep/x y;z.txt") == "é\n"


def test_an_edit_keeps_line_ends(box: Sandbox) -> None:
    box.call("file_write", {"path": "w.txt", "content": "a\r\nb\r\n"})
    assert box.call("file_edit", {"path": "w.txt", "old_string": "b", "new_string": "c"}).content == "edited w.txt at line 2"
    assert box.call("shell", {"command": "od -c w.txt | head -1"}).content.split() == ["0000000", "a", "\\r", "\\n", "c", "\\r", "\\n"]


def test_new_code_runs_though_old_byte_code_lies_there(box: Sandbox) -> None:
    box.call("file_write", {"path": "m.py", "content": "X = 1\n"})
    run = {"command": "env -u PYTHONDONTWRITEBYTECODE python -c 'import m; print(m.X)'"}
    assert box.call("shell", run).content == "1\n"
    box.call("file_edit", {"path": "m.py", "old_string": "1", "new_string": "2"})
    assert box.call("shell", run).content == "2\n"


def test_a_file_without_room_for_more_stays_as_it_was(box: Sandbox) -> None:
    if any("disk" in limit for limit in box.provenance.not_enforced):
        pytest.skip("this backend does not limit the disk")
    box.call("shell", {"command": "head -c 999999999 /dev/zero > fill 2>/dev/null"})
    for path in ("calc.py", "new.txt"):
        full = box.call("file_write", {"path": path, "content": "x = 1\n" * 200_000})
        assert "No space left" in (full.error or "")
    assert read(box, "calc.py").startswith("def add(a, b):\n")
    assert "no such file" in (box.call("file_read", {"path": "new.txt"}).error or "")


BROKEN = {
    "calc.py": ("return a + b", "return a +", "line 2: invalid syntax", "> 2:     return a +"),
    "ok.json": ('"b": 2', '"b": ', "line 1: Expecting value", '> 1: {"a": 1, "b": }'),
}


@pytest.mark.parametrize("path", BROKEN)
def test_an_edit_that_breaks_a_sound_file_is_refused(box: Sandbox, path: str) -> None:
    old, new, what, where = BROKEN[path]
    box.call("file_write", {"path": "ok.json", "content": '{"a": 1, "b": 2}'})
    before = read(box, path)
    refused = box.call("file_edit", {"path": path, "old_string": old, "new_string": new})
    assert refused.error is not None
    assert refused.error.startswith(f"not applied: {path} would have a syntax error: {what}")
    assert "\n" not in refused.error
    assert where in refused.content
    assert read(box, path) == before


def test_a_broken_file_may_be_edited_step_by_step(box: Sandbox) -> None:
    box.call("file_write", {"path": "b.py", "content": "def f(:\n    return (\n"})
    assert box.call("file_edit", {"path": "b.py", "old_string": "(:", "new_string": "():"}).error is None
    assert box.call("file_edit", {"path": "b.py", "old_string": "return (", "new_string": "return 1"}).error is None
    assert box.call("file_edit", {"path": "b.py", "old_string": "return 1", "new_string": "return ("}).error


def test_a_whole_file_is_written_and_its_error_said(box: Sandbox) -> None:
    written = box.call("file_write", {"path": "t.py", "content": "x = 1\ny = = 2\n"})
    assert written.error is None
    assert written.content.splitlines()[:3] == ["created t.py (14 bytes)", "warning: line 2: invalid syntax", "  1: x = 1"]
    assert read(box, "t.py") == "x = 1\ny = = 2\n"


@pytest.mark.parametrize(
    "content", ["-" * 200_000 + "1", "(" * 5000, "a" + ".b" * 60_000, "x = '\\d'", "\0", "# coding: latin-1\nx = 1 \ufffd"]
)
def test_no_content_breaks_the_check(box: Sandbox, content: str) -> None:
    assert box.call("file_write", {"path": "odd.py", "content": content}).error is None
    assert box.call("file_write", {"path": "odd.json", "content": "[" * 100_000}).error is None
    assert box.call("shell", {"command": "echo on"}).content == "on\n"


def test_several_matches_are_counted_and_placed(box: Sandbox) -> None:
    said = box.call("file_edit", {"path": "calc.py", "old_string": "return", "new_string": "x"})
    assert "occurs 2 times in calc.py, at lines 2, 6; it must occur exactly once" in (said.error or "")


@pytest.mark.parametrize(
    ("old", "shown"),
    [
        ("return  a +  b", "the same with other white space:\n2:     return a + b"),
        ("def sub(a, b):\nreturn a - b", "the same with other white space:\n5: def sub(a, b):\n6:     return a - b"),
        ("return a + c", "the nearest lines:\n2:     return a + b"),
    ],
)
def test_no_match_names_the_nearest_lines(box: Sandbox, old: str, shown: str) -> None:
    said = box.call("file_edit", {"path": "calc.py", "old_string": old, "new_string": "x"})
    assert said.error == "old_string occurs 0 times in calc.py; it must occur exactly once"
    assert shown in said.content


def test_nothing_alike_names_nothing(box: Sandbox) -> None:
    said = box.call("file_edit", {"path": "calc.py", "old_string": "completely different", "new_string": "x"})
    assert re.fullmatch(r"old_string occurs 0 times in calc.py; [^\n]*", said.content)
