"""What one box takes from its neighbours and from the host: nothing that the kernel counts for each user, and no one's turn to run."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from agentsandbox import user_ids
from agentsandbox.backends.local import LocalBackend
from agentsandbox.errors import SandboxError
from agentsandbox.messages import Probe
from agentsandbox.sandbox import Backend, Sandbox
from trajschema.rollout import Limits
from trajschema.task import Environment

C = """
import ctypes, errno, fcntl, os, resource, signal, sys, time
libc = ctypes.CDLL(None, use_errno=True)
class Value(ctypes.Union): _fields_ = [("number", ctypes.c_int), ("pointer", ctypes.c_void_p)]
libc.sigqueue.argtypes = [ctypes.c_int, ctypes.c_int, Value]
libc.mq_open.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p]
GET_PIPE_SIZE, SET_PIPE_SIZE, USER_KEYRING = 1032, 1031, -4
"""
HOG = """
while libc.inotify_init() >= 0: pass
print("inotify", os.strerror(ctypes.get_errno()))
signal.pthread_sigmask(signal.SIG_BLOCK, [40])
while libc.sigqueue(os.getpid(), 40, Value(number=1)) == 0: pass
print("signals", os.strerror(ctypes.get_errno()))
held, size = [], 0
while not 0 < size < 65536 and len(held) < 450:
    held.append(os.pipe())
    size = fcntl.fcntl(held[-1][0], GET_PIPE_SIZE)
    try: fcntl.fcntl(held[-1][0], SET_PIPE_SIZE, 1 << 20)
    except OSError: pass
print("pipes", size < 65536)
for n in range(300): number = libc.syscall(KEY_NUMBER, b"user", b"%d" % n, b"x" * 1000, 1000, USER_KEYRING)
print("keys", number > 0)
for n in range(300): number = libc.mq_open(b"/hog%d" % n, os.O_CREAT | os.O_RDWR, 0o600, None)
print("queues", number >= 0)
sys.stdout.flush()
for _ in range(6000):  # what others of this box give back is taken, too
    while libc.sigqueue(os.getpid(), 40, Value(number=1)) == 0: pass
    time.sleep(0.01)
""".replace("KEY_NUMBER", "217 if os.uname().machine == 'aarch64' else 248")
HONEST_CHECKS = (
    "libc.inotify_init() >= 0",
    "libc.timer_create(1, None, ctypes.byref(timer)) == 0",
    "fcntl.fcntl(os.pipe()[0], GET_PIPE_SIZE) == 65536",
)
HONEST = f"timer = ctypes.c_void_p()\nprint({', '.join(HONEST_CHECKS)})\n"
PUSH = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
server, arm = int(sys.argv[1]), os.uname().machine == "aarch64"
parameters = ctypes.create_string_buffer(bytes(4), 64)
attributes = ctypes.create_string_buffer(bytes((48, 0, 0, 0, 3)) + bytes(43), 48)
cores = ctypes.create_string_buffer(bytes((1,)) + bytes(127), 128)
for name, number, arguments in (
    ("nice", 140 if arm else 141, (0, server, 19)), ("nice of a group", 140 if arm else 141, (1, server, 19)),
    ("nice of a user", 140 if arm else 141, (2, os.getuid(), 19)), ("nice of this user", 140 if arm else 141, (2, 0, 19)),
    ("input and output", 30 if arm else 251, (1, server, 3 << 13)), ("those of a group", 30 if arm else 251, (2, server, 3 << 13)),
    ("those of a user", 30 if arm else 251, (3, os.getuid(), 3 << 13)),
    ("cores", 122 if arm else 203, (server, 128, cores)), ("policy", 119 if arm else 144, (server, 5, parameters)),
    ("attributes", 274 if arm else 314, (server, attributes, 0)), ("parameters", 118 if arm else 142, (server, parameters)),
    ("a high half", 122 if arm else 203, (ctypes.c_ulong(1 << 32 | server), 128, cores)),
):
    if libc.syscall(number, *arguments) == 0: print("took", name)
try: open(f"/proc/{server}/autogroup", "w").write("19"); print("took autogroup")
except OSError: pass
os.nice(1)
os.sched_setaffinity(0, os.sched_getaffinity(0))
os.sched_setaffinity(os.getpid(), os.sched_getaffinity(0))
os.setpriority(os.PRIO_PROCESS, os.getpid(), 5)
print("nice", os.nice(0), flush=True)
"""
PROBE = """
import sys
def start(host):
    def judge(params):
        def work(report):
            sys.argv[1:] = [str(host_pid)]
            exec(params["code"], {"__name__": "__main__"})
            return 0
        return host.fork(work, params["timeout_s"])
    import os
    host_pid = os.getpid()
    return {"judge": judge}
"""


@pytest.fixture
def two(strong_backend: Backend) -> Iterator[tuple[Sandbox, Sandbox]]:
    """Two boxes with users of their own."""
    if strong_backend.shared_uid():
        pytest.skip("this host has no users to give to boxes")
    with strong_backend.open(Limits(), Environment()) as one, strong_backend.open(Limits(), Environment()) as other:
        yield one, other


def test_each_box_has_a_user_of_its_own_on_the_host_and_none_is_root(two: tuple[Sandbox, Sandbox]) -> None:
    if os.geteuid():
        pytest.skip("only root sees the namespaces of other users' processes")
    users = []
    for n, box in enumerate(two):
        mark = f"{4000 + n}.{os.getpid()}"
        box.call("shell", {"command": f"(sleep {mark} >/dev/null 2>&1 &)"})
        users.append(_users_beside(f"sleep\0{mark}\0"))
        assert box.provenance.not_enforced == tuple(n for n in box.provenance.not_enforced if n != user_ids.SHARED)
        assert int(box.call("shell", {"command": "id -u"}).content) in users[-1]
    assert [len(found) for found in users] == [1, 1]
    assert not users[0] & users[1]
    assert 0 not in users[0] | users[1]


def test_the_user_has_a_name_a_home_and_all_that_is_loaded(two: tuple[Sandbox, Sandbox], tar: Callable[..., bytes]) -> None:
    box = two[0]
    box.load(tar({"a.py": "print(1)\n", "run.sh": "echo ran\n"}, ("run.sh",)))
    box.call("shell", {"command": "echo x >> a.py && mkdir d && touch d/f ~/f /tmp/f"})
    said = box.call("shell", {"command": "whoami; id -gn; stat -c %U:%G . a.py .git ~ /tmp /dev/shm; git status --short"}).content
    assert said.splitlines() == ["agent", "agent", *["agent:agent"] * 6, " M a.py", "?? d/"]
    assert "print(1)" in box.diff()


def test_what_one_box_exhausts_its_neighbours_and_the_host_have(two: tuple[Sandbox, Sandbox]) -> None:
    hostile, neighbour = two
    hostile.call("file_write", {"path": "hog.py", "content": C + HOG})
    hostile.call("file_write", {"path": "honest.py", "content": C + HONEST})
    neighbour.call("file_write", {"path": "honest.py", "content": C + HONEST})
    wait = "for n in $(seq 200); do grep -sq queues ~/said && break; sleep 0.1; done"
    took = hostile.call("shell", {"command": f"python hog.py > ~/said 2>&1 & {wait}; cat ~/said"})
    assert took.content.splitlines() == [
        "inotify Too many open files",
        "signals Resource temporarily unavailable",
        "pipes True",
        "keys False",
        "queues False",
    ]
    watches, _, pipes = hostile.call("shell", {"command": "python honest.py"}).content.split()
    assert (watches, pipes) == ("False", "False")
    assert neighbour.call("shell", {"command": "python honest.py"}).content == "True True True\n"
    assert subprocess.run([sys.executable, "-c", C + HONEST], capture_output=True, text=True).stdout == "True True True\n"


@pytest.mark.soak
def test_honest_suites_beside_many_hostile_boxes_end_as_when_alone(strong_backend: Backend, tar: Callable[..., bytes]) -> None:
    if strong_backend.shared_uid():
        pytest.skip("this host has no users to give to boxes")
    suite = "".join(f"def test_{n}():\n    assert {check}\n\n\n" for n, check in enumerate(HONEST_CHECKS))
    tree = tar({"hog.py": C + HOG, "test_all.py": C + "timer = ctypes.c_void_p()\n" + suite})
    wait = "for n in $(seq 600); do grep -sq queues ~/said && break; sleep 0.1; done; wc -l < ~/said"
    with contextlib.ExitStack() as boxes, ThreadPoolExecutor(8) as pool:
        opened = [boxes.enter_context(strong_backend.open(Limits(), Environment())) for _ in range(32)]
        list(pool.map(lambda box: box.load(tree), opened))
        took = pool.map(lambda box: box.call("shell", {"command": f"python hog.py > ~/said 2>&1 & {wait}"}).content, opened[:8])
        assert list(took) == ["5\n"] * 8
        said = list(pool.map(lambda box: box.call("shell", {"command": "python -m pytest -q", "timeout_s": 100}), opened[8:]))
    assert [box.exit_code for box in said] == [0] * 24, said[0].content


def test_nothing_that_a_box_serves_slows_its_server_or_takes_its_cores(backend: Backend) -> None:
    with backend.open(Limits(), Environment()) as box:
        box.call("file_write", {"path": "push.py", "content": PUSH})
        server = "1" if backend.name != "local" else "$PPID"
        said = box.call("shell", {"command": f"python push.py {server}; cut -d' ' -f18,19 /proc/{server}/stat"})
        assert said.content == "nice 5\n20 0\n"


def test_nor_does_what_runs_in_a_fork_of_it(backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "judging").mkdir()
    (tmp_path / "judging" / "__init__.py").write_text("")
    (tmp_path / "judging" / "main.py").write_text(PROBE)
    monkeypatch.syspath_prepend(tmp_path)
    with backend.open(Limits(), Environment()) as box:
        assert box.ask(Probe("judging"), "judge", {"code": PUSH}, 10)["output"] == "nice 5\n"


def test_plain_processes_say_that_they_share_a_user(tmp_path: Path, environments: Path) -> None:
    with LocalBackend(environments, allow_untrusted=True).open(Limits(), Environment()) as box:
        assert user_ids.SHARED in box.provenance.not_enforced


def test_no_two_holders_have_one_id_until_one_lets_go_or_dies() -> None:
    ids = user_ids.IdRange(user_ids.FIRST - 3, 2, user_ids.FIRST - 3)  # of this test alone
    one, other = user_ids.draw(ids), user_ids.draw(ids)
    assert {one.number, other.number} == {ids.first, ids.first + 1}
    with pytest.raises(SandboxError, match="is free"):
        user_ids.draw(ids)
    one.close()
    hold = "import sys, time; from agentsandbox import user_ids as u; a = u.draw(u.IdRange(*map(int, sys.argv[1:])))"
    argv = [sys.executable, "-c", f"{hold}; print(a.number, flush=True); time.sleep(60)", *map(str, (ids.first, 2, ids.first))]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert int(holder.stdout.readline()) == one.number
        with pytest.raises(SandboxError):
            user_ids.draw(ids)
        holder.send_signal(signal.SIGKILL)
    user_ids.draw(ids).close()
    other.close()


def _users_beside(command: str) -> set[int]:
    """Users, on the host, of all processes in the process namespace of the one with this command line."""
    # A shell answers as soon as it has forked what it leaves behind, which may not be running its program yet.
    for _ in range(200):
        namespaces = _users_by_namespace(command)
        if command in namespaces:
            return namespaces[command]
        time.sleep(0.05)
    raise AssertionError(f"nothing runs as {command!r}")


def _users_by_namespace(command: str) -> dict[str, set[int]]:
    """The users of each process namespace, and under `command` those of the namespace where it runs."""
    namespaces: dict[str, set[int]] = {}
    wanted = None
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            namespace = os.readlink(folder / "ns" / "pid")
            ids = next(line for line in (folder / "status").read_text().splitlines() if line.startswith("Uid:")).split()[1:]
            if (folder / "cmdline").read_text() == command:
                wanted = namespace
        except OSError:
            continue
        namespaces.setdefault(namespace, set()).update(map(int, ids))
    return namespaces if wanted is None else namespaces | {command: namespaces[wanted]}
