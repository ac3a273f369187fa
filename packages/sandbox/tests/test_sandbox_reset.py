"""A reset puts the box back exactly, whatever the agent did to it."""

import json
import shlex
from collections.abc import Callable
from typing import Any

import pytest
from agentsandbox.errors import BoxLost, TreeTooLarge
from agentsandbox.sandbox import Backend, Sandbox
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trajschema.rollout import Limits
from trajschema.task import Environment
from trajtests.tree_hashes import hash_tar

EDITS = r"""
import json, mmap, os, shutil, socket, subprocess, sys
def paths():
    found = ["."]
    for folder, folders, files in os.walk("."):
        found += [os.path.join(folder, n) for n in folders + files]
    return sorted(found)
def mapped(path, data):
    with open(path, "r+b") as f, mmap.mmap(f.fileno(), 0) as m:
        m[: len(data)] = data[: len(m)]
def deep(path):
    here = os.getcwd()
    os.chdir(path)
    for _ in range(120):
        os.mkdir("d" * 60)
        os.chdir("d" * 60)
    open("end", "w").close()
    os.chdir(here)
def bind(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path + "/s")
def sparse(path):
    with open(path + "/sparse", "wb") as f:
        f.truncate(3_000_000)
def git(path, n):
    commands = "add -A;commit -qam x;commit -q --allow-empty -m y;gc -q;branch b;remote add o /x;stash -u;checkout -q -b c;tag t;init -q in"
    commands += ";config a.b c;update-index --refresh;reset -q --hard;clean -qfdx;rm -qr --cached .;worktree add -q w"
    command = commands.split(";")[n % 16].split()
    subprocess.run(["git", *command], stdin=subprocess.DEVNULL)
def hook(path):
    os.makedirs(".git/hooks", exist_ok=True)
    with open(".git/hooks/pre-commit", "w") as f:
        f.write("#!/bin/sh\ntouch hooked\n")
    os.chmod(".git/hooks/pre-commit", 0o755)
assert os.getcwd() != "/", "these edits are for a box, and the root may be the host's"
for kind, which, n in json.loads(sys.argv[1]):
    every = paths()
    path, other = every[which % len(every)], every[n % len(every)]
    data = bytes([n % 256]) * (n % 50_000)
    try:
        if kind == "write": open(path, "wb").write(data)
        if kind == "append": open(path, "ab").write(data)
        if kind == "map": mapped(path, data)
        if kind == "cut": os.truncate(path, n % 10)
        if kind == "mode" and not os.path.islink(path): os.chmod(path, n % 0o10000)
        if kind == "time": os.utime(path, ns=(n, n * 10**12 - 10**15), follow_symlinks=False)
        if kind == "unlink": os.unlink(path)
        if kind == "rmtree": shutil.rmtree(path)
        if kind == "mkdir": os.makedirs(path + "/new/inner")
        if kind == "file": open(path + "/\udcff \n" + str(n), "wb").write(data)
        if kind == "symlink": os.symlink(other if n % 2 else "/proc/self", path + "/link")
        if kind == "swap": os.unlink(path), os.symlink(os.path.abspath(other), path)
        if kind == "link": os.link(other, path + "/hard")
        if kind == "alias": os.unlink(path), os.link(other, path)
        if kind == "rename": os.rename(path, other)
        if kind == "copy": shutil.copy2(path, other)
        if kind == "fifo": os.mkfifo(path + "/fifo")
        if kind == "socket": bind(path)
        if kind == "attribute": os.setxattr(path, "user.x" + str(n % 3), data[:9])
        if kind == "deep": deep(path)
        if kind == "sparse": sparse(path)
        if kind == "git": git(path, n)
        if kind == "hook": hook(path)
        if kind == "away": shutil.move(path, os.environ["HOME"])
    except (OSError, shutil.Error, ValueError):
        pass
"""
KINDS = sorted(set(part.split('"')[0] for part in EDITS.split('kind == "')[1:]))
edits = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 200), st.integers(0, 70_000)), max_size=6)
TREE: dict[str, str | bytes] = {
    "a.py": "x = 1\n",
    "pkg/__init__.py": "",
    "pkg/b.py": "y = 2\n" * 100,
    "pkg/data/c.bin": bytes(range(256)) * 300,
    "run.sh": "#!/bin/sh\n",
    ".gitignore": "*.log\n",
    "t.log": "kept\n",
}


@pytest.fixture
def loaded(open_box: Sandbox, tar: Callable[..., bytes]) -> Sandbox:
    """A box with a tree that has a little of everything."""
    open_box.load(tar(TREE, ("run.sh",)))
    return open_box


def _edit(box: Sandbox, done: Any) -> None:
    said = box.call("shell", {"command": f"python3 -c {shlex.quote(EDITS)} {shlex.quote(json.dumps(done))}"})
    assert "Traceback" not in said.content


def _check(box: Sandbox, before: Any, after: Any) -> None:
    base = box.reset()
    _edit(box, before)
    try:
        kept = box.snapshot()
    except TreeTooLarge:  # a path longer than the kernel takes
        _edit(box, after)
    else:
        _edit(box, after)
        assert box.reset(kept) == kept.tree_hash == box.tree_hash()
        assert hash_tar(box.copy_out(".")) == kept.tree_hash
    assert box.reset() == base == box.tree_hash()
    assert box.diff() == ""


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True, database=None)
@given(before=edits, after=edits)
def test_a_reset_undoes_every_edit(loaded: Sandbox, before: Any, after: Any) -> None:
    _check(loaded, before, after)


@pytest.mark.soak
@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(before=edits, after=edits)
def test_a_reset_undoes_every_edit_at_length(loaded: Sandbox, before: Any, after: Any) -> None:
    _check(loaded, before, after)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_edit_is_undone_everywhere(loaded: Sandbox, kind: str) -> None:
    _check(loaded, [], [(kind, which, which * 7 + 1) for which in range(0, 60, 3)])


def test_the_tree_hash_is_the_same_in_every_box(backend: Backend, loaded: Sandbox, tar: Callable[..., bytes]) -> None:
    with backend.open(Limits(), Environment()) as other:
        other.load(tar(TREE, ("run.sh",)))
        assert other.tree_hash() == loaded.tree_hash()
        other.load(tar({**TREE, "a.py": "x = 2\n"}, ("run.sh",)))
        assert other.tree_hash() != loaded.tree_hash()


@pytest.mark.parametrize(
    "command",
    ["echo >> a.py", "chmod 600 a.py", "touch a.py", "mkdir e", "ln -s a.py l", "ln a.py h", "mkfifo f", "git tag t", "touch -h -d @9 pkg"],
)
def test_the_tree_hash_sees(loaded: Sandbox, command: str) -> None:
    before = loaded.tree_hash()
    loaded.call("shell", {"command": command})
    assert loaded.tree_hash() != before


def test_a_write_that_changes_no_time_is_seen_and_undone(loaded: Sandbox) -> None:
    write = "import mmap; f = open('a.py', 'r+b'); m = mmap.mmap(f.fileno(), 0); m[0:1] = b'z'"
    loaded.call("shell", {"command": f'python3 -c "{write}"; touch -d @1577836800 a.py'})
    assert "-x = 1\n+z = 1\n" in loaded.diff()
    loaded.reset()
    assert loaded.call("file_read", {"path": "a.py"}).content == "x = 1\n"


def test_a_reset_empties_everything_else_and_ends_processes(loaded: Sandbox) -> None:
    for command in (
        "touch /tmp/left ~/left /dev/shm/left; mkdir -p ~/.config/git; ln -s /etc ~/x; touch $HOME/../left",
        "(setsid sleep 7834 >/dev/null 2>&1 &)",
        "(while :; do echo again >> a.py; done) >/dev/null 2>&1 &",
    ):
        loaded.call("shell", {"command": command})
    loaded.reset()
    look = "ls -A /tmp ~; cat a.py; grep -al '^sleep.7834' /proc/[0-9]*/cmdline 2>/dev/null; ls -d $HOME/../left 2>/dev/null"
    assert loaded.call("shell", {"command": look}).content == "/home/agent:\n\n/tmp:\nx = 1\n"


def test_shared_memory_does_not_outlive_a_reset(loaded: Sandbox) -> None:
    if loaded.provenance.backend == "local":
        pytest.skip("a plain process shares the host's namespace")
    make = "import ctypes; l = ctypes.CDLL(None); assert min(l.shmget(7, 99, 0o1666), l.semget(7, 1, 0o1666), l.msgget(7, 0o1666)) >= 0"
    assert loaded.call("shell", {"command": f'python3 -c "{make}"; cat /proc/sysvipc/* | wc -l'}).content == "6\n"
    loaded.reset()
    assert loaded.call("shell", {"command": "cat /proc/sysvipc/* | wc -l"}).content == "3\n"


def test_git_works_after_a_reset_and_sees_no_change(loaded: Sandbox) -> None:
    want = loaded.call("shell", {"command": "git status --short; git log --oneline; git diff-files; git fsck"}).content
    loaded.call("shell", {"command": "rm -rf .git/objects; rm -r *; git init -q"})
    loaded.reset()
    assert loaded.call("shell", {"command": "git status --short; git log --oneline; git diff-files; git fsck"}).content == want
    assert len(want.splitlines()) == 1


def test_processes_stand_still_while_a_snapshot_is_taken(loaded: Sandbox) -> None:
    writer = "(while :; do echo >> one; echo >> two; done) >/dev/null 2>&1 &"
    loaded.call("shell", {"command": f"head -c 20000000 /dev/zero > pause; {writer} until [ -s two ]; do sleep 0.01; done"})
    kept = [loaded.snapshot()]
    loaded.call("shell", {"command": "n=$(wc -l < two); until [ $(wc -l < two) -gt $n ]; do sleep 0.01; done"})
    kept.append(loaded.snapshot())
    counts = []
    for each in kept:
        loaded.reset(each)
        one, two = loaded.call("shell", {"command": "wc -l < one; wc -l < two"}).content.split()
        assert int(one) - int(two) in (0, 1)
        counts.append(int(two))
    assert 0 < counts[0] < counts[1]


def test_snapshots_go_with_their_tree_and_their_box(backend: Backend, loaded: Sandbox, tar: Callable[..., bytes]) -> None:
    kept = loaded.snapshot()
    loaded.load(tar(TREE))
    with pytest.raises(ValueError, match="no snapshot"):
        loaded.reset(kept)


def test_a_box_without_a_tree_resets_to_empty(backend: Backend) -> None:
    with backend.open(Limits(), Environment()) as box:
        box.call("shell", {"command": "touch a"})
        box.reset()
        assert box.call("shell", {"command": "ls -A"}).content == ""


def test_snapshots_share_what_is_equal_and_are_bounded(backend: Backend, tar: Callable[..., bytes]) -> None:
    with backend.open(Limits(memory_mb=400, disk_mb=300), Environment()) as box:
        box.load(tar({"a.bin": b"0" * 10_000_000}))
        kept = [box.snapshot() for _ in range(3)]
        assert len({k.tree_hash for k in kept}) == 1
        box.call("shell", {"command": "head -c 10000000 /dev/zero > b; head -c 200000000 /dev/zero > c"})
        with pytest.raises(TreeTooLarge, match="200 MiB"):
            box.snapshot()
        box.call("shell", {"command": "truncate -s 290000000 d e"})
        with pytest.raises(TreeTooLarge, match="bytes"):
            box.tree_hash()
        assert box.reset() == kept[0].tree_hash == box.tree_hash()


def test_a_full_disk_does_not_stop_a_reset(strong_backend: Backend, tar: Callable[..., bytes]) -> None:
    with strong_backend.open(Limits(disk_mb=20), Environment()) as box:
        box.load(tar({"a.bin": b"0" * 9_000_000, "z/a": "x"}))
        want = box.tree_hash()
        box.call("shell", {"command": "rm -r a.bin z; cat /dev/zero > zz; cat /dev/zero > zzz"})
        assert box.reset() == want == box.tree_hash()


def test_the_server_of_a_closed_box_is_gone(backend: Backend) -> None:
    box = backend.open(Limits(), Environment())
    box.close()
    for ask in (box.reset, box.snapshot, box.tree_hash, lambda: box.copy_out("a")):
        with pytest.raises(BoxLost):
            ask()
