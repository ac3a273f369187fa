"""A shell call starts where the last one ended, and nothing that a command does breaks more than its session."""

import os
import subprocess
from collections.abc import Callable

import pytest
from agentsandbox.sandbox import Sandbox
from agentsandbox.server.process.shell import exported
from hypothesis import given
from hypothesis import strategies as st


def sh(box: Sandbox, command: str, **more: float) -> str:
    """What a command prints."""
    return box.call("shell", {"command": command, **more}).content


def test_directory_and_variables_carry_over(box: Sandbox) -> None:
    assert sh(box, "cd tests && export X=1 && unset PYTHONHASHSEED") == ""
    assert sh(box, "pwd; echo $X ${PYTHONHASHSEED-none} ${OLDPWD##*/}; cd - >/dev/null") == "/testbed/tests\n1 none testbed\n"
    assert sh(box, "pwd") == "/testbed\n"


def test_load_clears_the_session(box: Sandbox, tar: Callable[..., bytes]) -> None:
    sh(box, "cd tests; export X=1")
    box.load(tar({"a": ""}))
    assert sh(box, "pwd; echo ${X-none}; ls") == "/testbed\nnone\na\n"


def test_a_command_that_ends_by_itself_keeps_what_it_did(box: Sandbox) -> None:
    ends = (
        "false",
        "exit 3",
        "set -e; false; cd /",
        "grep nothing calc.py",
        "trap 'exit 4' ERR; false",
        "set -o posix",
        "exec 3>&1",
        "return",
    )
    for n, command in enumerate(ends):
        sh(box, f"cd /testbed/tests; export X={n}; {command}")
        assert sh(box, "pwd; echo $X; cd /") == f"/testbed/tests\n{n}\n", command


@pytest.mark.parametrize("command", ["kill -9 $$", "exec true", "sleep 60", "set -n", "trap 'true' EXIT"])
def test_a_command_that_is_cut_short_leaves_what_was(box: Sandbox, command: str) -> None:
    sh(box, "cd tests; export X=1")
    sh(box, f"cd /; export X=2\n{command}", timeout_s=0.3)
    assert sh(box, "pwd; echo $X") == "/testbed/tests\n1\n"


def test_any_value_carries_over(box: Sandbox) -> None:
    for value in ("a\nb", " x ", "$HOME`id`\"'\\", "é\x01\x1b", "-n", "x" * 90_000, '\ndeclare -x EVIL="1"\n'):
        quoted = value.replace("'", "'\\''")
        sh(box, f"export V='{quoted}'")
        assert sh(box, 'printf %s "$V" | sha256sum; echo ${EVIL-none}') == sh(box, f"printf %s '{quoted}' | sha256sum; echo none")


def test_what_cannot_be_carried_leaves_what_was(box: Sandbox) -> None:
    for command in (
        "export V=$(head -c 200000 /dev/zero | tr '\\0' x)",
        "for i in $(seq 40); do export V$i=$(head -c 30000 /dev/zero | tr '\\0' x); done",
        "export V=1; pwd() { echo; }",
        "V=1; export() { echo 'declare -x A='; }",
        "export V=1; printf() { :; }",
    ):
        sh(box, "cd /testbed/tests; export A=1")
        sh(box, f"cd /; {command}")
        assert sh(box, "pwd; echo $A ${#V} ${#V1}") == "/testbed/tests\n1 0 0\n", command


def test_variables_that_are_too_large_are_said(box: Sandbox) -> None:
    for size in (200_000, 2_000_000):
        said = sh(box, f"export V=$(head -c {size} /dev/zero | tr '\\0' x)")
        assert said == "bash: the exported variables are too large; the next call starts as this one did\n"


def test_no_variable_stands_before_the_next_command(box: Sandbox) -> None:
    box.call("file_write", {"path": "evil.sh", "content": "echo evil; exit 1\n"})
    for setting in (
        "BASH_ENV=/testbed/evil.sh",
        "ENV=/testbed/evil.sh",
        "PROMPT_COMMAND='echo evil'",
        "PS4='$(echo evil)' SHELLOPTS",
        "PATH=/nowhere",
        "IFS=/",
        "POSIXLY_CORRECT=1",
        "BASH_XTRACEFD=253",
    ):
        sh(box, f"set -x; export {setting}; f() {{ echo evil; }}; export -f f; exit")
        assert sh(box, "echo on; export PATH=/usr/local/bin:/usr/bin:/bin") == "on\n", setting


def test_a_session_in_which_bash_cannot_start_begins_anew(box: Sandbox) -> None:
    sh(box, "cp /dev/null broken.so; mkdir lib; for l in /lib/*/libc.so.6 /usr/lib/*/libc.so.6; do : > lib/libc.so.6; done")
    sh(box, "export LD_LIBRARY_PATH=/testbed/lib X=1")
    stuck = box.call("shell", {"command": "echo on"})
    assert "the session begins anew" in (stuck.error or "")
    assert sh(box, "pwd; echo ${X-none} ${LD_LIBRARY_PATH-none}") == "/testbed\nnone none\n"


def test_a_directory_that_is_gone_is_left(box: Sandbox) -> None:
    sh(box, "mkdir d; cd d; rmdir ../d")
    assert sh(box, "pwd") == "bash: /testbed/d is gone; back in /testbed\n/testbed\n"


def test_a_repository_that_is_gone_leaves_a_command_in_the_box(box: Sandbox) -> None:
    """The root would be the host's where boxes are plain processes."""
    home = sh(box, "chmod 0 .; echo ~").strip()
    assert sh(box, "pwd") == f"bash: /testbed is gone; back in {home}\n{home}\n"
    sh(box, "chmod 0 ~")
    assert "back in /tmp\n" in sh(box, "pwd")
    box.reset()
    assert sh(box, "pwd; ls tests; cd; touch x; stat -c %A ~") == "/testbed\ntest_calc.py\ndrwxr-xr-x\n"


def test_odd_directories(box: Sandbox) -> None:
    sh(box, "mkdir -p $'a b\\n;c/-d' && cd $'a b\\n;c/-d'")
    assert sh(box, "pwd") == "/testbed/a b\n;c/-d\n"
    sh(box, "cd /testbed; mkdir $'\\xff' && cd $'\\xff'; touch here")
    assert sh(box, "ls") == "here\n"
    sh(box, "cd /testbed; ln -s tests link; cd link")
    assert sh(box, "pwd; pwd -P") == "/testbed/link\n/testbed/tests\n"


def test_a_command_meets_a_plain_bash(box: Sandbox) -> None:
    assert sh(box, 'echo "$# $0 $-"; ls /proc/self/fd | wc -l; tr "\\0" " " </proc/$$/cmdline | wc -w; echo $SHLVL') == sh(
        box, "true; echo '0 bash hBc'; echo 4; tr '\\0' ' ' </proc/$$/cmdline | wc -w; echo 1"
    )
    assert sh(box, "echo a\nnope") == "a\nbash: line 2: nope: command not found\n"
    assert "line 1: syntax error near unexpected token" in sh(box, "foo )")
    assert sh(box, "cat <<E\nin $((1+1))\nE\ntrap 'echo bye' EXIT") == "in 2\nbye\n"


def test_a_command_of_any_length(box: Sandbox) -> None:
    text = "0123456789abcde\n" * 20_000
    assert box.call("shell", {"command": f"cat > long.txt <<'E'\n{text}E\nwc -c < long.txt"}).content == f"{len(text)}\n"


def test_the_fork_server_takes_the_session(box: Sandbox) -> None:
    box.call("file_write", {"path": "lib/extra.py", "content": "X = 1\n"})
    box.call(
        "file_write",
        {
            "path": "sub/test_x.py",
            "content": "import os, sys, extra\n\ndef test_x():\n    print(sys.path[:2], os.environ['A'], os.getcwd())\n",
        },
    )
    sh(box, "cd sub; export PYTHONPATH=../lib A=b")
    for run in ("python -m pytest -q -s", "true; python -m pytest -q -s"):
        said = box.call("shell", {"command": run})
        assert said.exit_code == 0, said.content
        assert "['/testbed/sub', '/testbed/lib'] b /testbed/sub\n" in said.content
    assert "['/testbed/sub', '/testbed/sub'] c /testbed/sub" in sh(box, "mv ../lib/extra.py .; PYTHONPATH=. A=c python -m pytest -q -s")
    assert "['/testbed/sub', '/testbed/sub'] c /testbed/sub" in sh(box, "PYTHONPATH=. A=c python -m pytest -q -s")


@pytest.mark.parametrize(
    ("setting", "test"),
    [
        ("PATH=/testbed/bin:$PATH", "False"),
        ("PYTHONHASHSEED=7", "hash('a') != 3"),
        ("TZ=Asia/Tokyo", "__import__('time').timezone == -32400"),
        ("PYTHONPATH=/testbed/hooks", "hasattr(__import__('sys'), 'hooked')"),
    ],
)
def test_what_python_reads_when_it_starts_needs_a_real_start(box: Sandbox, setting: str, test: str) -> None:
    box.call("file_write", {"path": "bin/python", "content": "#!/bin/sh\necho 1 passed by mine\n"})
    box.call("file_write", {"path": "hooks/sitecustomize.py", "content": "import sys\nsys.hooked = True\n"})
    box.call("file_write", {"path": "test_s.py", "content": f"def test():\n    assert {test}\n"})
    sh(box, f"chmod +x bin/python; export {setting}")
    assert "1 passed" in sh(box, "python -m pytest -q test_s.py")


variables = st.dictionaries(
    st.from_regex(r"[A-Za-z][A-Za-z0-9_]{2,9}", fullmatch=True).filter(lambda n: not n.startswith(("BASH", "LC_", "LANG"))),
    st.one_of(st.binary(max_size=40), st.text(max_size=20).map(lambda t: t.encode("utf-8", "ignore"))).map(lambda v: v.replace(b"\0", b"")),
    max_size=5,
)


@given(variables)
def test_the_listing_of_a_real_bash_is_read_back(env: dict[str, bytes]) -> None:
    env = {f"V{name}": value for name, value in env.items()}
    done = subprocess.run(
        ["bash", "-c", "declare -ax LIST=(1 '2 )'); export EMPTY; export -p"], env={**env, "LC_ALL": "C.UTF-8"}, capture_output=True
    )
    found = exported(done.stdout)
    assert found is not None
    assert {os.fsdecode(n): v for n, v in found.items() if n.startswith(b"V")} == env
    assert b"EMPTY" not in found


@given(st.binary(max_size=60))
def test_no_report_breaks_the_reader(report: bytes) -> None:
    for listing in (report, b'declare -x A="' + report, b"declare -x A=$'" + report, b"declare -ax A=(" + report):
        exported(listing)


def test_a_hostile_report_costs_no_time_to_speak_of() -> None:
    for listing in (b"declare -ax A=(" + b"\"x\" $'y' " * 20_000, b'declare -x A="' + b"\\" * 100_001, b"declare -x A=" + b"(" * 100_000):
        assert exported(listing) is None
